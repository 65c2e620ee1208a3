"""Reference detection rules: yardsticks for a detector, not the detector itself.

A rule maps a `Series` to `(score_long, score_short)`, one float per bar, known at the bar's close: longs are liquidated when
price falls, shorts when it rises. -inf or NaN means no opinion. A bar alerts when its score is at least the threshold.
Rolling windows are counted in bars, horizons in minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.scoring.scorer.data import MINUTE_MS, Series

Scores = tuple[np.ndarray, np.ndarray]


def volume_return(s: Series) -> Scores:
    """A fixed gate on volume and return, as trading systems use it: the largest s at which `volume > 3 * SMA20 * s and |return| > 2 % * s and confidence > s` still holds.

    confidence = mean of volume / (5 * 120-bar mean) and |return| / 5 %, each capped at 1. The tested bar is inside the means.
    """
    change = np.r_[0.0, s.close[1:] / s.close[:-1] - 1]
    with np.errstate(all="ignore"):
        surge_size = s.volume / _mean(s.volume, 120, 20)
        confidence = 0.5 * (np.minimum(1, surge_size / 5) + np.minimum(1, np.abs(change) / 0.05))
        by_volume = s.volume / (3 * _mean(s.volume, 20, 20))
        score = np.minimum(np.minimum(by_volume, np.abs(change) / 0.02), confidence)
    return _by_side(score, change)


def atr(s: Series, volume_factor: float = 3.0) -> Scores:
    """|close change| in multiples of ATR14, where volume exceeds `volume_factor` times its 20-bar mean."""
    change = np.r_[0.0, np.diff(s.close)]
    with np.errstate(all="ignore"):
        multiples = np.abs(change) / _mean(_true_range(s), 14, 14)
        busy = s.volume / _mean(s.volume, 20, 20) > volume_factor
    return _by_side(np.where(busy, multiples, -np.inf), change)


def pct(s: Series, minutes: int = 5) -> Scores:
    """|price change| over `minutes`, in percent."""
    change = s.close / _lag(s.close, _bars(s, minutes)) - 1
    return _by_side(100 * np.abs(change), change)


def volume_z(s: Series, memory_bars: int = 240) -> Scores:
    """Robust z-score (median, MAD) of the bar's log volume against the `memory_bars` before it; the side is the bar's return."""
    log_volume = np.log(s.volume + 1e-12 + 1e-3 * _mean(s.volume, memory_bars, 1))
    median, mad = _median_mad(log_volume, memory_bars, 60)
    z = (log_volume - _lag(median, 1)) / np.maximum(1.4826 * _lag(mad, 1), 0.1)
    return _by_side(z, np.log(s.close / _lag(s.close, 1)))


def return_z(s: Series, minutes: int = 15) -> Scores:
    """|log return| over `minutes` in units of the RMS return of the 24 h before, scaled by the square root of time."""
    k = _bars(s, minutes)
    sigma = np.sqrt(_lag(_mean(_log_returns(s) ** 2, _bars(s, 1440), 30), k)) + 1e-6
    move = np.log(s.close / _lag(s.close, k))
    return _by_side(np.abs(move) / (sigma * np.sqrt(k)), move)


def surge(
    s: Series,
    windows_min: Sequence[int] = (5, 15, 30),
    memory_h: int = 72,
    floor: float = 0.004,
    exponent: float = 0.5,
    cap: float = 25.0,
) -> Scores:
    """Largest over the windows of (log return / its expected size) * min(cap, volume / its expected size) ** exponent.

    Expected sizes come from completed 5-minute bars of the last `memory_h` hours, up to where the window starts; `floor` (a log
    return) is added in quadrature so that quiet nights do not alert.
    """
    variance, mean_volume = _five_minute_baseline(s, memory_h)
    log_close = np.log(s.close)
    scores = []
    with np.errstate(all="ignore"):
        for k in (_bars(s, minutes) for minutes in windows_min):
            z = (log_close - _lag(log_close, k)) / np.sqrt(k * _lag(variance, k) + floor**2)
            u = _sum(s.volume, k) / (k * _lag(mean_volume, k))
            scores.append(z * np.minimum(cap, u) ** exponent)
    signed = np.where(np.isfinite(scores), scores, 0.0)
    return (-signed).max(axis=0), signed.max(axis=0)


def _five_minute_baseline(s: Series, memory_h: int, warm_up_bars: int = 60) -> Scores:
    """Per bar of `s`: mean squared one-bar log return and mean bar volume over the completed 5-minute bars of `memory_h` hours."""
    per_bar = 5 // s.timeframe_min
    minutes = s.time_ms // MINUTE_MS // s.timeframe_min
    ends = np.flatnonzero(minutes % per_bar == per_bar - 1)
    returns = np.r_[0.0, np.diff(np.log(s.close[ends]))]
    memory, least = memory_h * 12, max(2, warm_up_bars // per_bar)
    variance = _mean(returns**2, memory, least) / per_bar
    volume = _mean(_sum(s.volume, per_bar)[ends], memory, least) / per_bar
    at = np.searchsorted(ends, np.arange(len(s)), side="right") - 1
    known, at = at >= 0, np.maximum(at, 0)
    return np.where(known, variance[at], np.nan), np.where(known, volume[at], np.nan)


def _bars(s: Series, minutes: int) -> int:
    return max(1, minutes // s.timeframe_min)


def _by_side(score: np.ndarray, direction: np.ndarray) -> Scores:
    known = np.where(np.isfinite(score), score, -np.inf)
    return np.where(direction < 0, known, -np.inf), np.where(direction > 0, known, -np.inf)


def _lag(x: np.ndarray, bars: int) -> np.ndarray:
    return np.r_[np.full(bars, np.nan), x[:-bars]]


def _log_returns(s: Series) -> np.ndarray:
    return np.r_[0.0, np.diff(np.log(s.close))]


def _true_range(s: Series) -> np.ndarray:
    before = np.r_[s.close[0], s.close[:-1]]
    return np.maximum(s.high, before) - np.minimum(s.low, before)


def _sum(x: np.ndarray, bars: int) -> np.ndarray:
    """Sum of the last `bars` values (fewer at the start)."""
    total = np.r_[0.0, np.cumsum(x)]
    end = np.arange(1, len(x) + 1)
    return total[end] - total[np.maximum(0, end - bars)]


def _mean(x: np.ndarray, bars: int, least: int) -> np.ndarray:
    """Mean of the last `bars` values, or of all there are from the `least`-th bar on; NaN before."""
    mean = _sum(x, bars) / np.minimum(np.arange(1, len(x) + 1), bars)
    mean[: least - 1] = np.nan
    return mean


def _median_mad(x: np.ndarray, bars: int, least: int, chunk: int = 4096) -> Scores:
    """Rolling median, and upper median of the absolute deviations from it, over the last `bars` values."""
    median, mad = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for end in range(least, min(bars, len(x) + 1)):
        median[end - 1 : end], mad[end - 1 : end] = _row_median_mad(x[None, :end])
    for start in range(bars - 1, len(x), chunk):
        windows = sliding_window_view(x[start - bars + 1 : start + chunk], bars)
        rows = slice(start, start + len(windows))
        median[rows], mad[rows] = _row_median_mad(windows)
    return median, mad


def _row_median_mad(rows: np.ndarray) -> Scores:
    median = np.median(rows, axis=1)
    middle = rows.shape[1] // 2
    return median, np.partition(np.abs(rows - median[:, None]), middle, axis=1)[:, middle]


@dataclass(frozen=True)
class Rule:
    """A named rule with its usual threshold by timeframe (published, or for SURGE about one false alert per symbol-week)."""

    score: Callable[[Series], Scores]
    threshold_5m: float
    threshold_1m: float

    def threshold(self, timeframe_min: int) -> float:
        return self.threshold_1m if timeframe_min == 1 else self.threshold_5m


RULES: dict[str, Rule] = {
    "volume_return": Rule(volume_return, 0.7, 0.7),
    "atr": Rule(atr, 2.0, 2.0),
    "atr_m2": Rule(partial(atr, volume_factor=2.0), 2.0, 2.0),
    "atr_m5": Rule(partial(atr, volume_factor=5.0), 2.0, 2.0),
    "pct": Rule(pct, 3.0, 3.0),
    "pct_1m": Rule(partial(pct, minutes=1), 2.0, 2.0),
    "pct_15m": Rule(partial(pct, minutes=15), 3.0, 3.0),
    "pct_60m": Rule(partial(pct, minutes=60), 5.0, 5.0),
    "volume_z": Rule(volume_z, 3.0, 3.0),
    "z_r": Rule(return_z, 3.0, 3.0),
    "z_r_5m": Rule(partial(return_z, minutes=5), 3.0, 3.0),
    "z_r_30m": Rule(partial(return_z, minutes=30), 3.0, 3.0),
    "surge": Rule(surge, 8.5, 10.0),
    "surge_24h": Rule(partial(surge, memory_h=24), 8.5, 10.0),
    "surge_no_volume": Rule(partial(surge, exponent=0.0), 3.8, 4.6),
    "surge_15m": Rule(partial(surge, windows_min=(15,)), 7.0, 8.0),
}
