"""The prices around an episode."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from candles import START_MS, from_closes
from liqmon.core.model import Candles
from liqmon.core.pricepath import (
    PricePath,
    extended,
    path_from_facts,
    path_to_facts,
)

MINUTE_MS = 60_000
TOLD_MS = START_MS + 100 * MINUTE_MS
ONSET_MS = TOLD_MS - 5 * MINUTE_MS


def bars(count: int, *, timeframe_ms: int = MINUTE_MS) -> Candles:
    """Return bars whose close is the number of their end."""
    closes = np.arange(1.0, count + 1.0)
    return from_closes(closes, timeframe_ms=timeframe_ms)


def path_of(candles: Candles, before: PricePath | None = None) -> PricePath:
    return extended(before, candles, onset_ms=ONSET_MS, told_ms=TOLD_MS)


def test_it_reaches_from_half_an_hour_before_the_onset_to_an_hour_after() -> None:
    path = path_of(bars(200))

    assert path.from_ms == ONSET_MS - 30 * MINUTE_MS
    assert len(path.closes) == 30 + 5 + 60 + 1
    assert path.at(TOLD_MS) == 100.0
    assert path.at(TOLD_MS + 60 * MINUTE_MS) == 160.0
    assert path.is_complete


def test_a_bar_that_still_forms_has_no_price_yet() -> None:
    path = path_of(bars(101))

    assert path.at(TOLD_MS) == 100.0
    assert path.at(TOLD_MS + MINUTE_MS) is None
    assert not path.is_complete


def test_what_was_known_stays_and_what_is_new_is_added() -> None:
    early = path_of(bars(120))
    late = bars(200).since(START_MS + 110 * MINUTE_MS)

    both = path_of(late, early)

    assert both.closes == path_of(bars(200)).closes
    assert path_of(late).at(TOLD_MS) is None


def test_a_gap_is_unknown_and_no_price_is_made_up() -> None:
    whole = bars(200)
    torn = whole.rows(whole.open_ms != TOLD_MS - MINUTE_MS)

    path = path_of(torn)

    assert path.at(TOLD_MS) is None
    assert path.at(TOLD_MS + MINUTE_MS) == 101.0


def test_five_minute_bars_have_a_path_of_their_own() -> None:
    five_ms = 5 * MINUTE_MS
    told_ms = START_MS + 20 * five_ms
    path = extended(
        path_of(bars(200)),
        bars(40, timeframe_ms=five_ms),
        onset_ms=told_ms - 7 * MINUTE_MS,
        told_ms=told_ms,
    )

    assert (path.step_ms, path.at(told_ms)) == (five_ms, 20.0)
    assert path.at(told_ms + 60 * MINUTE_MS) == 32.0


@pytest.mark.parametrize("moment_ms", [-MINUTE_MS, 1, 3 * MINUTE_MS])
def test_where_there_is_no_close_there_is_no_price(moment_ms: int) -> None:
    assert PricePath(0, MINUTE_MS, (1.0, 2.0, 3.0)).at(moment_ms) is None


PRICES = st.floats(1e-8, 1e8)


@given(
    st.lists(st.none() | PRICES.map(lambda price: price), min_size=1),
    st.floats(1e-8, 1e6),
)
def test_on_disk_it_keeps_all_but_a_thousandth_of_a_per_cent(
    shape: list[float | None], base: float
) -> None:
    known = [close for close in shape if close is not None]
    closes = tuple(
        None if close is None else base * (1 + close / (10 * max(known)))
        for close in shape
    )
    path = PricePath(7, MINUTE_MS, closes)

    back = path_from_facts(path_to_facts(path))

    assert back is not None
    assert (back.from_ms, back.step_ms) == (7, MINUTE_MS)
    for ours, theirs in zip(path.closes, back.closes, strict=True):
        assert (ours is None) is (theirs is None)
        if ours is not None and theirs is not None:
            assert math.isclose(ours, theirs, rel_tol=1e-5)
    assert path_to_facts(back)["closes"] == path_to_facts(path)["closes"]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"from_ms": 1, "step_ms": 0, "base": 1.0, "closes": [1]},
        {"from_ms": 1, "step_ms": 1, "base": 1.0, "closes": []},
        {"from_ms": 1, "step_ms": 1, "base": "1", "closes": [1]},
    ],
)
def test_other_facts_are_no_path(facts: dict[str, object]) -> None:
    assert path_from_facts(facts) is None


def test_a_price_that_cannot_be_read_is_unknown() -> None:
    facts = {"from_ms": 1, "step_ms": 1, "base": 2, "closes": ["x", 0]}

    path = path_from_facts(facts)

    assert path is not None
    assert path.closes == (None, 2.0)
