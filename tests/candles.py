"""Candles made for a purpose: calm ones, and a cascade planted where it is wanted."""

from dataclasses import replace

import numpy as np

from liqmon.core.model import Candles, FloatArray

HOUR_MS = 3_600_000
START_MS = 1_700_000_100_000 // 300_000 * 300_000
"""On the five-minute grid."""


def from_closes(
    close: FloatArray,
    *,
    timeframe_ms: int = 60_000,
    volume: FloatArray | float = 10.0,
    start_ms: int = START_MS,
) -> Candles:
    """Return bars that open where the last one closed."""
    opened = np.concatenate([close[:1], close[:-1]])
    return Candles(
        timeframe_ms,
        start_ms + np.arange(close.size, dtype=np.int64) * timeframe_ms,
        opened,
        np.maximum(opened, close),
        np.minimum(opened, close),
        close.copy(),
        np.broadcast_to(np.asarray(volume, dtype=np.float64), close.shape).copy(),
    )


def calm(
    hours: float, *, timeframe_ms: int = 300_000, seed: int = 1, price: float = 100.0
) -> Candles:
    """Return an ordinary market: 0.1 % a five-minute bar, volume about 10."""
    rng = np.random.default_rng(seed)
    count = round(hours * HOUR_MS / timeframe_ms)
    per_bar = 0.001 * np.sqrt(timeframe_ms / 300_000)
    close = price * np.exp(np.cumsum(rng.normal(0.0, per_bar, count)))
    return from_closes(
        close, timeframe_ms=timeframe_ms, volume=rng.uniform(5.0, 15.0, count)
    )


def with_move(
    candles: Candles, at: int, *, bars: int, change: float, times: float
) -> Candles:
    """Return the candles with a move of ``change`` over ``bars`` bars from ``at`` on.

    Everything after stays at the new level; inside, ``times`` the volume is traded.
    """
    factor = np.ones(len(candles))
    factor[at : at + bars] = np.linspace(1.0, 1.0 + change, bars + 1)[1:]
    factor[at + bars :] = 1.0 + change
    close = candles.close * factor
    volume = candles.volume.copy()
    volume[at : at + bars] *= times
    moved = from_closes(close, timeframe_ms=candles.timeframe_ms, volume=volume)
    return replace(moved, open_ms=candles.open_ms)


def end_ms(candles: Candles) -> int:
    return int(candles.open_ms[-1]) + candles.timeframe_ms
