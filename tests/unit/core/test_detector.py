"""From a bar's features to a verdict with reasons."""

import math
from dataclasses import replace

import numpy as np
import pytest

from candles import calm, end_ms, with_move
from liqmon.core.breadth import ALONE, scores
from liqmon.core.confidence import confidence
from liqmon.core.detector import latest, readings, warmup
from liqmon.core.features import features
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


def test_the_reason_names_the_horizon_that_says_most() -> None:
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


def test_a_bar_speaks_for_one_side_only() -> None:
    """A fall, then half of it taken back: what weighs more counts, less the rest."""
    candles = with_move(calm(80), 955, bars=2, change=-0.04, times=10)
    candles = with_move(candles, 959, bars=1, change=0.02, times=10)

    reading = newest(candles)

    assert reading is not None
    assert reading.score > 0
    assert reading.echo < 0 < reading.speaks_for(PositionSide.LONG)
    assert reading.speaks_for(PositionSide.LONG) == max(
        -reading.echo, reading.score * (reading.liquidated is PositionSide.LONG)
    )


def test_the_echo_is_the_longest_window_and_nothing_where_that_is_unknown() -> None:
    candles = with_move(calm(80), 955, bars=2, change=-0.04, times=10)
    holed = candles.rows(np.arange(len(candles)) != len(candles) - 4)
    seen = features(candles, candles)

    whole, cut_off = newest(candles), newest(holed)

    assert whole is not None
    assert cut_off is not None
    assert whole.echo == pytest.approx(seen.score[-1, -1] * 1.45)
    assert cut_off.echo == 0.0


def test_what_companions_show_raises_the_score() -> None:
    candles = with_move(calm(80), 957, bars=3, change=-0.02, times=4)
    seen = features(candles, candles)
    size, now_ms = len(candles), end_ms(candles)

    def score(breadth: float) -> float:
        reading = latest(
            seen,
            candles,
            threshold=12.0,
            now_ms=now_ms,
            breadth=np.full(size, breadth),
        )
        assert reading is not None
        return reading.score

    assert score(0.0) == -seen.strength[-1]
    assert score(10.0) == pytest.approx(2.5 * score(0.0))
    alone = newest(candles)
    assert alone is not None
    assert alone.score == score(ALONE)


def test_each_bar_is_read_with_its_own_companions() -> None:
    candles = calm(80)
    seen = features(candles, candles)
    breadth = np.linspace(0.0, 10.0, len(candles))

    read = readings(
        seen,
        candles,
        threshold=12.0,
        since_ms=end_ms(candles) - 1_500_000,
        now_ms=end_ms(candles),
        breadth=breadth,
    )

    expected = np.abs(scores(seen.strength, breadth))[-5:]
    assert [reading.score for reading in read] == expected.tolist()


def test_a_reading_says_how_often_such_a_score_was_right() -> None:
    reading = newest(with_move(calm(80), 957, bars=3, change=-0.03, times=10))

    assert reading is not None
    assert reading.confidence == confidence(reading.score)


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
    assert reading.window_ms == 5 * MINUTE_MS
    assert math.isfinite(reading.score)


def test_a_market_that_warms_up_is_not_judged() -> None:
    candles = with_move(calm(20), 220, bars=3, change=-0.2, times=50)

    assert all_readings(candles) == []
    assert newest(candles) is None


def test_warming_up_is_told_in_hours() -> None:
    young, old = calm(11), calm(80)

    told = warmup(features(young, young))

    assert told is not None
    assert told.have_h == pytest.approx(11, abs=0.1)
    assert told.need_h == 24
    assert warmup(features(old, old)) is None


def test_before_the_first_candle_nothing_is_known() -> None:
    nothing = Candles.empty(300_000)
    seen = features(nothing, nothing)

    told = warmup(seen)

    assert told is not None
    assert told.have_h == 0
    assert latest(seen, nothing, threshold=12.0, now_ms=0) is None
