"""SURGE against a slow reading of its own formula, and what must never change it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from candles import HOUR_MS, calm, from_closes, with_move
from liqmon.core.features import LOOKBACK_MS, SCALES, Features, features
from liqmon.core.model import Candles

HORIZONS_MS = SCALES[300_000].horizons_ms
NAMES = ("end_ms", "move", "volume", "score", "strength", "have_h", "warm")


def by_the_formula(candles: Candles, at: int, horizon_ms: int) -> float:
    """Return S of one bar, spelled out: only for gapless candles on one timeframe."""
    k = horizon_ms // candles.timeframe_ms
    length = SCALES[candles.timeframe_ms].baseline_ms // candles.timeframe_ms
    begin = at - k - length + 1
    close, volume = candles.close, candles.volume
    usual = slice(begin, at - k + 1)
    returns = np.diff(np.log(close[begin - 1 : at - k + 1]))
    z = np.log(close[at] / close[at - k]) / np.sqrt(k * np.mean(returns**2) + 0.004**2)
    u = volume[at - k + 1 : at + 1].sum() / (k * volume[usual].mean())
    return float(z * np.sqrt(min(25.0, u)))


def same(one: Features, other: Features) -> bool:
    """Equal to the last bit, unknown in the same places."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in NAMES
    )


def cut(seen: Features, rows: slice) -> Features:
    return Features(seen.scale, *(getattr(seen, name)[..., rows] for name in NAMES))


def last_of(seen: Features, count: int) -> Features:
    return cut(seen, slice(-count, None))


def without(candles: Candles, *gaps: slice) -> Candles:
    kept = np.ones(len(candles), dtype=np.bool_)
    for gap in gaps:
        kept[gap] = False
    return candles.rows(kept)


def test_the_score_is_the_formula_of_every_horizon() -> None:
    candles = with_move(calm(130), 1_480, bars=3, change=-0.03, times=8.0)

    seen = features(candles, candles)

    for row, horizon_ms in enumerate(HORIZONS_MS):
        for at in (1_480, 1_482, 1_485, len(candles) - 1):
            expected = by_the_formula(candles, at, horizon_ms)
            assert seen.score[row, at] == pytest.approx(expected, rel=1e-9)


def test_minute_bars_have_horizons_of_their_own() -> None:
    """Judged by their own minutes, so that the formula can be spelled out."""
    candles = with_move(
        calm(73, timeframe_ms=60_000), 4_360, bars=3, change=-0.03, times=8.0
    )

    seen = features(candles, candles)

    for row, minutes in enumerate((1, 3, 10, 30)):
        for at in (4_360, 4_362, len(candles) - 1):
            expected = by_the_formula(candles, at, minutes * 60_000)
            assert seen.score[row, at] == pytest.approx(expected, rel=1e-9)


def test_the_strength_is_the_mean_over_the_horizons() -> None:
    candles = with_move(calm(60), 700, bars=3, change=-0.03, times=8.0)

    seen = features(candles, candles)

    assert seen.strength[700:] == pytest.approx(seen.score[:, 700:].mean(axis=0))


def test_minutes_are_judged_by_five_minute_candles() -> None:
    """Half an hour of minutes against six candles of the three days before it."""
    minutes = calm(80, timeframe_ms=60_000)
    fives = from_closes(
        minutes.close[4::5],
        timeframe_ms=300_000,
        volume=minutes.volume.reshape(-1, 5).sum(axis=1),
    )
    usual = slice(len(fives) - 6 - 864, len(fives) - 6)
    returns = np.diff(np.log(fives.close[usual.start - 1 : usual.stop]))
    moved = np.log(minutes.close[-1] / minutes.close[-31])

    seen = features(minutes, fives)

    assert seen.move[-1, -1] == pytest.approx(
        moved / np.sqrt(6 * np.mean(returns**2) + 0.004**2)
    )
    assert seen.volume[-1, -1] == pytest.approx(
        minutes.volume[-30:].sum() / (6 * fives.volume[usual].mean())
    )


def test_a_window_shorter_than_a_candle_of_the_baseline_is_a_part_of_one() -> None:
    """One minute of five moves by a root and trades a fifth of what five do."""
    minutes = from_closes(np.full(4_400, 100.0), volume=2.0)
    fives = from_closes(np.full(880, 100.0), timeframe_ms=300_000, volume=10.0)
    moved = with_move(minutes, 4_399, bars=1, change=0.004, times=3.0)

    seen = features(moved, fives)

    assert seen.volume[0, -1] == pytest.approx(3.0)
    assert seen.move[0, -1] == pytest.approx(np.log(1.004) / 0.004)


def test_nothing_is_known_before_a_day_is() -> None:
    candles = calm(24)

    seen = features(candles, candles)

    assert not seen.warm.any()
    assert np.isnan(seen.score).all()
    assert np.isnan(seen.strength).all()
    assert seen.have_h[-1] == pytest.approx(24 - 5 / 60)


def test_a_bar_is_no_part_of_what_it_is_judged_by() -> None:
    candles = calm(80)
    shocked = replace(candles, close=candles.close.copy(), volume=candles.volume.copy())
    shocked.close[-1] *= 0.9
    shocked.volume[-1] *= 50

    before, after = features(candles, candles), features(shocked, shocked)

    z = np.log(shocked.close[-1] / candles.close[-2])
    assert after.move[0, -1] == pytest.approx(
        before.move[0, -1] * z / np.log(candles.close[-1] / candles.close[-2])
    )
    assert np.array_equal(before.score[:, :-1], after.score[:, :-1], equal_nan=True)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    timeframe_ms=st.sampled_from([60_000, 300_000]),
    gaps=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), max_size=4),
    end=st.integers(1, 12),
)
def test_live_and_history_agree_to_the_last_bit(
    seed: int, timeframe_ms: int, gaps: list[tuple[float, int]], end: int
) -> None:
    """Judged with all of history, or only with what a live watcher holds."""
    whole = calm(150, timeframe_ms=timeframe_ms, seed=seed)
    holes = (round(where * len(whole)) for where, _ in gaps)
    candles = without(
        whole,
        *(slice(at, at + width) for at, (_, width) in zip(holes, gaps, strict=True)),
    )
    baseline = candles if timeframe_ms == 300_000 else calm(150, seed=seed + 1)
    shown = candles.rows(slice(0, len(candles) - end, None))
    now_ms = int(shown.open_ms[-1]) + timeframe_ms

    history = features(candles, baseline)
    live = features(
        shown.since(now_ms - history.scale.longest_ms - 2 * timeframe_ms),
        baseline.since(now_ms - LOOKBACK_MS),
    )

    assert same(last_of(live, 1), last_of(cut(history, slice(0, len(shown))), 1))


@pytest.mark.parametrize("size", [16_383, 16_384, 16_385, 33_000])
def test_long_histories_are_read_in_pieces_that_do_not_show(size: int) -> None:
    candles = calm(size / 12)
    assert len(candles) == size

    seen = features(candles, candles)
    tail = candles.since(int(candles.open_ms[-40]) - LOOKBACK_MS)

    assert same(last_of(seen, 5), last_of(features(tail, tail), 5))


def test_a_gap_is_never_a_move() -> None:
    """The price is lower behind the hole, and nobody knows how it got there."""
    candles = calm(90)
    lower = with_move(candles, 1_000, bars=1, change=-0.10, times=1.0)
    holed = without(lower, slice(990, 1_003))

    seen = features(holed, holed)
    behind = 990

    assert np.isnan(seen.score[:, behind]).all()
    known = np.nan_to_num(seen.score[:, behind : behind + 30])
    assert np.abs(known).max() < 6


def test_a_window_is_unknown_while_a_bar_of_it_is_missing() -> None:
    candles = without(calm(90), slice(1_000, 1_001))

    seen = features(candles, candles)

    five, fifteen, thirty = np.isnan(seen.score[:, 1_000:1_008])
    assert five.tolist() == [True] + [False] * 7
    assert fifteen.tolist() == [True] * 3 + [False] * 5
    assert thirty.tolist() == [True] * 6 + [False] * 2


def test_what_a_missing_bar_hides_adds_nothing_to_the_strength() -> None:
    candles = without(calm(90), slice(1_000, 1_001))

    seen = features(candles, candles)

    assert np.isnan(seen.strength[1_000])
    assert seen.strength[1_001] == seen.score[0, 1_001] / 3


def test_a_day_without_trading_is_unknown_and_not_a_division_by_zero() -> None:
    candles = calm(160)
    candles.volume[:] = 0.0

    seen = features(candles, candles)

    assert np.isnan(seen.score).all()
    assert seen.warm[-1]


def test_a_baseline_with_holes_counts_while_a_day_of_it_is_there() -> None:
    whole = calm(120)
    rng = np.random.default_rng(3)

    few = whole.rows(rng.uniform(size=len(whole)) < 0.15)
    enough = whole.rows(rng.uniform(size=len(whole)) < 0.25)

    assert not features(few, few).warm[-1]
    assert features(enough, enough).warm[-1]


def test_a_young_market_is_judged_by_all_there_is() -> None:
    candles = calm(40)

    seen = features(candles, candles)

    at, volume = len(candles) - 1, candles.volume
    assert seen.warm[at]
    assert seen.volume[0, at] == pytest.approx(volume[at] / volume[:at].mean())


def test_no_bars_have_no_features() -> None:
    nothing = Candles.empty(300_000)

    seen = features(nothing, nothing)

    assert seen.score.shape == (len(HORIZONS_MS), 0)


def test_bars_without_any_baseline_are_unknown() -> None:
    bars = calm(2, timeframe_ms=60_000)

    seen = features(bars, Candles.empty(300_000))

    assert np.isnan(seen.score).all()
    assert seen.have_h[-1] == 0.0


@pytest.mark.parametrize(
    ("bars", "known"),
    [
        (1, [False, False, False, False]),
        (2, [True, False, False, False]),
        (10, [True, True, False, False]),
        (11, [True, True, True, False]),
    ],
)
def test_fewer_bars_than_a_window_leave_that_window_unknown(
    bars: int, known: list[bool]
) -> None:
    minutes, fives = calm(80, timeframe_ms=60_000), calm(80)
    few = minutes.rows(slice(len(minutes) - bars, None, None))

    seen = features(few, fives)

    assert np.isfinite(seen.score[:, -1]).tolist() == known


def test_the_volume_beyond_twenty_five_times_the_usual_says_no_more() -> None:
    candles = with_move(calm(90), 1_000, bars=1, change=-0.02, times=500.0)

    seen = features(candles, candles)

    assert seen.volume[0, 1_000] == 25.0


def test_the_floor_keeps_a_dead_market_from_crying() -> None:
    """A tenth of a per cent on a flat line is infinitely unusual, and no news."""
    flat = from_closes(np.full(1_200, 100.0), timeframe_ms=300_000)
    moved = with_move(flat, 1_100, bars=1, change=0.001, times=1.0)

    seen = features(moved, moved)

    assert seen.score[0, 1_100] == pytest.approx(np.log(1.001) / 0.004)


def test_three_and_five_days_are_what_is_usual() -> None:
    assert SCALES[60_000].baseline_ms == 72 * HOUR_MS
    assert SCALES[300_000].baseline_ms == 120 * HOUR_MS
