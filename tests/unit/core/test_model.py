"""The values: what they derive from what they hold."""

import numpy as np
import pytest

from candles import START_MS, calm, from_closes
from factories import FINDING, MARKET, a_finding
from liqmon.core.model import Candles

MINUTE_MS = 60_000


def minutes(*closes: float, after: int = 0) -> Candles:
    return from_closes(np.array(closes), start_ms=START_MS + after * MINUTE_MS)


def test_a_market_has_a_short_name_and_a_key_that_is_unique() -> None:
    assert MARKET.name == "BTCUSDT"
    assert MARKET.key == "bybit:BTC/USDT:USDT"


def test_a_finding_knows_how_far_the_price_went() -> None:
    assert FINDING.change == pytest.approx(62_480.5 / 64_052.0 - 1)
    assert a_finding(price_to=FINDING.price_from).change == 0


def test_a_bar_is_closed_from_its_end_on() -> None:
    candles = minutes(1.0, 2.0, 3.0)
    end_ms = START_MS + 3 * MINUTE_MS

    assert candles.closed(end_ms - 1).close.tolist() == [1.0, 2.0]
    assert candles.closed(end_ms).close.tolist() == [1.0, 2.0, 3.0]


def test_bars_since_a_moment_begin_at_or_after_it() -> None:
    candles = minutes(1.0, 2.0, 3.0)

    assert candles.since(START_MS + MINUTE_MS).close.tolist() == [2.0, 3.0]
    assert candles.since(START_MS + MINUTE_MS + 1).close.tolist() == [3.0]


def test_the_newer_of_two_series_wins_where_both_have_a_bar() -> None:
    merged = minutes(1.0, 2.0, 3.0).merged(minutes(20.0, 30.0, 40.0, after=1))

    assert merged.close.tolist() == [1.0, 20.0, 30.0, 40.0]
    assert np.all(np.diff(merged.open_ms) == MINUTE_MS)


def test_older_bars_find_their_place_and_gaps_stay() -> None:
    merged = minutes(9.0, after=5).merged(minutes(1.0, 2.0))

    assert merged.close.tolist() == [1.0, 2.0, 9.0]
    assert len(merged) == 3


def test_nothing_newer_changes_nothing() -> None:
    candles = calm(1)

    assert candles.merged(Candles.empty(300_000)) is candles
    assert Candles.empty(300_000).merged(candles).close.tolist() == (
        candles.close.tolist()
    )
