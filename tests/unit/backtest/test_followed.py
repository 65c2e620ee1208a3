from dataclasses import astuple

import numpy as np
import pytest

from candles import START_MS, from_closes
from factories import a_finding
from liqmon.backtest.followed import Followed, followed, median
from liqmon.core.model import PositionSide

MINUTE_MS = 60_000
DECIDED_MS = START_MS + 10 * MINUTE_MS
CLOSES = np.concatenate([np.full(10, 100.0), np.linspace(99.0, 40.0, 60)])
"""After ten minutes the price falls by 1 a minute for an hour."""

LONG = a_finding(liquidated=PositionSide.LONG, decided_ms=DECIDED_MS, price_to=100.0)
SHORT = a_finding(liquidated=PositionSide.SHORT, decided_ms=DECIDED_MS, price_to=100.0)


def test_what_goes_on_is_positive_for_longs_that_fall() -> None:
    after = followed(LONG, from_closes(CLOSES))

    assert astuple(after) == pytest.approx((0.15, 0.6, 0.6))


def test_what_comes_back_is_negative_for_shorts_that_fall() -> None:
    after = followed(SHORT, from_closes(CLOSES))

    assert astuple(after) == pytest.approx((-0.15, -0.6, 0.0))


def test_the_furthest_is_the_worst_price_within_the_hour() -> None:
    rebound = np.concatenate([CLOSES[:40], np.full(80, 150.0)])
    after = followed(LONG, from_closes(rebound))

    assert after.further == pytest.approx(0.30)
    assert after.after_60 == pytest.approx(-0.5)


def test_where_candles_end_nothing_is_known() -> None:
    candles = from_closes(CLOSES)

    early = followed(LONG, candles.rows(slice(0, 30)))
    assert early.after_15 == pytest.approx(0.15)
    assert early.after_60 is None
    assert followed(LONG, candles.rows(slice(0, 10))) == Followed(None, None, None)


def test_a_gap_is_not_filled_with_the_price_beside_it() -> None:
    candles = from_closes(CLOSES)
    kept = np.ones(70, dtype=np.bool_)
    kept[24] = False

    assert followed(LONG, candles.rows(kept)).after_15 is None


def test_the_median_is_of_what_is_known() -> None:
    assert median([1.0, None, 3.0, 10.0]) == 3.0
    assert median([None]) is None
