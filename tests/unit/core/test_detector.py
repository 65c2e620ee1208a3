"""From a bar's features to a verdict with reasons."""

import math
from dataclasses import replace

import numpy as np
import pytest

from candles import calm, end_ms, from_closes, with_move
from liqmon.core.detector import latest, readings, warmup
from liqmon.core.features import HORIZONS_MS, features
from liqmon.core.model import Candles, PositionSide, Reading

MINUTE_MS = 60_000


def all_readings(candles: Candles, *, threshold: float = 12.0) -> list[Reading]:
    seen = features(candles, candles)
    return readings(
        seen, candles, threshold=threshold, since_ms=0, now_ms=end_ms(candles)
    )


def newest(candles: Candles, *, now_ms: int | None = None) -> Reading | None:
    now_ms = end_ms(candles) if now_ms is None else now_ms
    return latest(features(candles, candles), candles, threshold=12.0, now_ms=now_ms)


@pytest.mark.parametrize(
    ("change", "side"), [(-0.03, PositionSide.LONG), (0.03, PositionSide.SHORT)]
)
def test_a_fall_closes_longs_and_a_rise_closes_shorts(
    change: float, side: PositionSide
) -> None:
    candles = with_move(calm(80), 955, bars=3, change=change, times=10)

    fired = [reading for reading in all_readings(candles) if reading.nearness >= 1]

    assert {reading.liquidated for reading in fired} == {side}


def test_a_calm_market_is_read_but_does_not_fire() -> None:
    seen = all_readings(calm(90))

    assert seen
    assert max(reading.nearness for reading in seen) < 0.5


def test_a_reading_says_from_where_to_where_and_how_much_was_traded() -> None:
    candles = with_move(calm(80), 957, bars=3, change=-0.03, times=10)

    reading = newest(candles)

    assert reading is not None
    assert reading.liquidated is PositionSide.LONG
    assert reading.window_ms == 15 * MINUTE_MS
    assert reading.price_from == candles.close[956]
    assert reading.price_to == candles.close[959]
    assert reading.extreme == candles.low[957:].min()
    middle = (candles.high + candles.low) / 2
    traded = candles.volume * middle
    assert reading.volume_usd == pytest.approx(traded[957:].sum())
    assert reading.bar_volume_usd == pytest.approx(traded[959])
    assert (reading.bar_low, reading.bar_high) == (candles.low[959], candles.high[959])


def test_the_reason_is_the_horizon_that_scored_highest() -> None:
    reading = newest(with_move(calm(80), 959, bars=1, change=-0.03, times=10))

    assert reading is not None
    (condition,) = reading.conditions
    assert condition.name == "S over 5 min"
    assert condition.value == reading.score
    assert condition.threshold == 12.0
    assert reading.nearness == pytest.approx(reading.score / 12.0)


def test_the_worse_price_of_a_squeeze_is_the_higher_one() -> None:
    candles = with_move(calm(80), 958, bars=2, change=0.03, times=10)

    reading = newest(candles)

    assert reading is not None
    assert reading.extreme == max(candles.high[-3:])


def test_each_side_has_its_own_score() -> None:
    """A fall, then half of it taken back: the half hour speaks for both."""
    candles = with_move(calm(80), 955, bars=2, change=-0.04, times=10)
    candles = with_move(candles, 959, bars=1, change=0.02, times=10)

    reading = newest(candles)

    assert reading is not None
    assert reading.liquidated is PositionSide.SHORT
    assert reading.score_of(PositionSide.SHORT) == reading.score > 0
    assert reading.score_of(PositionSide.LONG) == reading.against > 0


def test_a_side_for_which_nothing_speaks_scores_nothing() -> None:
    reading = newest(from_closes(np.geomspace(100, 120, 1_000), timeframe_ms=300_000))

    assert reading is not None
    assert reading.against == 0.0


def test_bars_are_read_once_they_are_closed() -> None:
    candles = calm(80)
    seen, last_ms = features(candles, candles), int(candles.open_ms[-1])

    def ends(since_ms: int, now_ms: int) -> list[int]:
        found = readings(
            seen, candles, threshold=12.0, since_ms=since_ms, now_ms=now_ms
        )
        return [reading.end_ms for reading in found]

    assert ends(last_ms, last_ms + 300_000 - 1) == []
    assert ends(last_ms, last_ms + 300_000) == [last_ms + 300_000]
    assert ends(last_ms - 600_000, last_ms) == [last_ms - 300_000, last_ms]


def test_the_newest_bar_is_early_until_it_closes() -> None:
    candles = calm(80)

    forming = newest(candles, now_ms=end_ms(candles) - 1)
    closed = newest(candles)

    assert forming is not None
    assert closed is not None
    assert forming.early
    assert replace(forming, early=False) == closed


def test_a_window_with_a_missing_bar_is_said_to_be_missing() -> None:
    candles = calm(80)
    holed = candles.rows(np.arange(len(candles)) != len(candles) - 3)

    reading = newest(holed)

    assert reading is not None
    assert reading.missing == ("S over 15 min", "S over 30 min")
    assert reading.window_ms == HORIZONS_MS[0]
    assert math.isfinite(reading.score)


def test_a_market_that_warms_up_is_not_judged() -> None:
    candles = with_move(calm(60), 700, bars=3, change=-0.2, times=50)

    assert all_readings(candles) == []
    assert newest(candles) is None


def test_warming_up_is_told_in_hours() -> None:
    young, old = calm(41), calm(80)

    told = warmup(features(young, young))

    assert told is not None
    assert told.have_h == pytest.approx(41, abs=0.1)
    assert told.need_h == 72
    assert warmup(features(old, old)) is None


def test_before_the_first_candle_nothing_is_known() -> None:
    nothing = Candles.empty(300_000)
    seen = features(nothing, nothing)

    told = warmup(seen)

    assert told is not None
    assert told.have_h == 0
    assert latest(seen, nothing, threshold=12.0, now_ms=0) is None
