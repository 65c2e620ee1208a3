from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from factories import MARKET
from liqmon.core.model import Candles
from liqmon.errors import BadData
from liqmon.exchange.candles import Expected, FutureRow, candles_from_rows

STEP_MS = 60_000
NOW_MS = 1_700_000_000_000
NEWEST_MS = NOW_MS // STEP_MS * STEP_MS
EXPECTED = Expected(MARKET, STEP_MS, NOW_MS)


def rows(count: int = 20) -> list[list[Any]]:
    first_ms = NEWEST_MS - (count - 1) * STEP_MS
    return [
        [first_ms + at * STEP_MS, 100.0, 101.0, 99.0, 100.5, 7.0] for at in range(count)
    ]


def test_good_rows_become_candles_with_the_forming_bar() -> None:
    candles = candles_from_rows(rows(), EXPECTED)

    assert len(candles) == 20
    assert candles.open_ms[-1] == NEWEST_MS
    assert candles.open_ms.dtype == np.int64
    columns = [column[0] for column in candles.columns()]
    assert columns == [100.0, 101.0, 99.0, 100.5, 7.0]


def test_a_venue_that_leaves_out_the_forming_bar_is_fine() -> None:
    assert len(candles_from_rows(rows()[:-1], EXPECTED)) == 19


def test_gaps_stay_gaps() -> None:
    gappy = rows()
    del gappy[5:8]

    assert np.diff(candles_from_rows(gappy, EXPECTED).open_ms).max() == 4 * STEP_MS


@pytest.mark.parametrize(
    ("nothing", "why"),
    [
        (None, "no candles"),
        ([], "no candles"),
        ("<html>", "no candles"),
        ({}, "no candles"),
        (rows(9), "only 9"),
        ([[None] * 6] * 20, "NoneType"),
        ([5] * 20, "no candle of six"),
        (["123456"] * 20, "no candle of six"),
        ([{}] * 20, "no candle of six"),
        ([row[:5] for row in rows()], "no candle of six"),
        ([[*row[:5], True] for row in rows()], "bool"),
        ([[*row[:5], [1]] for row in rows()], "list"),
        ([[*row[:5], "seven"] for row in rows()], "no number"),
        ([[*row[:5], 10**400] for row in rows()], "no number"),
    ],
    ids=range(14),
)
def test_what_holds_no_numbers_is_refused(nothing: object, why: str) -> None:
    with pytest.raises(BadData, match=why):
        candles_from_rows(nothing, EXPECTED)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        (1, float("nan"), "candle 3: open is not finite"),
        (5, float("inf"), "candle 3: volume is not finite"),
        (4, 1e30, "candle 3: close is beyond any market"),
        (3, 0.0, "candle 3: low is not positive"),
        (1, -1.0, "candle 3: open is not positive"),
        (5, -1.0, "candle 3: volume is negative"),
        (3, 100.2, "a low is above"),
        (2, 100.2, "a high is below"),
        (0, NEWEST_MS // 1000, "no epoch in milliseconds"),
        (0, NEWEST_MS - 16 * STEP_MS + 1, "off the grid of 60 s"),
        (0, NEWEST_MS - 17 * STEP_MS, "of the same time"),
        (0, NEWEST_MS - 18 * STEP_MS, "out of order"),
    ],
    ids=range(12),
)
def test_a_value_that_cannot_be_is_refused_with_its_place(
    column: int, value: float, why: str
) -> None:
    spoiled = rows()
    spoiled[3][column] = value

    # a bar of its own time lies before the spoiled one
    with pytest.raises(BadData, match=why):
        candles_from_rows(spoiled, EXPECTED)


def test_a_bar_without_a_trade_is_fine() -> None:
    quiet = rows()
    quiet[3][1:] = [100.0, 100.0, 100.0, 100.0, 0.0]

    assert candles_from_rows(quiet, EXPECTED).volume[3] == 0.0


def test_a_bar_ahead_of_the_clock_is_an_error_of_its_own() -> None:
    late = replace(EXPECTED, now_ms=NEWEST_MS - STEP_MS)
    later = replace(EXPECTED, now_ms=NEWEST_MS - STEP_MS - 1)

    assert len(candles_from_rows(rows(), late)) == 20
    with pytest.raises(FutureRow):
        candles_from_rows(rows(), later)


def test_the_newest_bar_may_be_ten_bars_old_and_no_older() -> None:
    quiet = replace(EXPECTED, now_ms=NEWEST_MS + 10 * STEP_MS)
    frozen = replace(EXPECTED, now_ms=NEWEST_MS + 10 * STEP_MS + 1)

    assert len(candles_from_rows(rows(), quiet)) == 20
    with pytest.raises(BadData, match="10 min old"):
        candles_from_rows(rows(), frozen)


def test_a_page_of_the_past_may_end_in_the_past() -> None:
    past = replace(EXPECTED, now_ms=NOW_MS + 86_400_000, newest=False)

    assert len(candles_from_rows(rows(), past)) == 20


def test_contracts_become_base_units() -> None:
    linear = replace(MARKET, contract_size=0.01)
    inverse = replace(MARKET, contract_size=10.0, inverse=True)
    for market, volume in ((linear, 0.07), (inverse, 70 / 100.5)):
        expected = replace(EXPECTED, market=market, volume_in_contracts=True)

        assert candles_from_rows(rows(), expected).volume[0] == pytest.approx(volume)


def test_base_units_are_left_alone_whatever_the_contract_size() -> None:
    market = replace(MARKET, contract_size=0.01)

    assert candles_from_rows(rows(), replace(EXPECTED, market=market)).volume[0] == 7.0


@pytest.mark.parametrize("written", ["100.5", "1.005e2", "100.50000000000000000000"])
def test_numbers_may_be_written_as_strings(written: str) -> None:
    strings = [[*row[:4], written, row[5]] for row in rows()]

    assert candles_from_rows(strings, EXPECTED).close[0] == 100.5


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, "1e999", "NaN", "-0", NEWEST_MS, str(NEWEST_MS)])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=7)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=30,
)


def _spoiled(spoils: list[tuple[int, int, Any]]) -> list[list[Any]]:
    table = rows()
    for row, column, value in spoils:
        table[row][column] = value
    return table


NEARLY = st.lists(
    st.tuples(st.integers(0, 19), st.integers(0, 5), SCALARS), max_size=4
).map(_spoiled)


@given(JSON | NEARLY | JSON.map(lambda row: [row] * 12))
@example([[float("nan")] * 6] * 12)
@example([["9" * 400] * 6] * 12)
def test_any_answer_is_candles_or_bad_data_and_nothing_else(answer: object) -> None:
    try:
        candles = candles_from_rows(answer, EXPECTED)
    except BadData:
        return

    assert_sound(candles)


def assert_sound(candles: Candles) -> None:
    assert len(candles) >= 10
    assert (np.diff(candles.open_ms) >= STEP_MS).all()
    assert (candles.open_ms % STEP_MS == 0).all()
    for column in candles.columns():
        assert np.isfinite(column).all()
    assert (candles.low > 0).all()
    assert (candles.low <= candles.close).all()
    assert (candles.close <= candles.high).all()
    assert (candles.volume >= 0).all()
