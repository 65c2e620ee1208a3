"""Longer candles out of shorter ones, exactly as an exchange would have made them."""

import numpy as np

from liqmon.core.model import Candles

__all__ = ["coarser"]


def coarser(candles: Candles, timeframe_ms: int, until_ms: int) -> Candles:
    """Return the candles of ``timeframe_ms`` that can be made of these.

    Only whole ones: one that lacks a part, or ends after ``until_ms``, is left out.
    """
    parts = timeframe_ms // candles.timeframe_ms
    slots = candles.open_ms // timeframe_ms
    starts = np.flatnonzero(np.diff(slots, prepend=-1))
    sizes = np.diff(starts, append=slots.size)
    ends_ms = (slots[starts] + 1) * timeframe_ms
    whole = starts[(sizes == parts) & (ends_ms <= until_ms)]
    if whole.size == 0:
        return Candles.empty(timeframe_ms)
    rows = candles.rows((whole[:, None] + np.arange(parts)).ravel())
    first = np.arange(0, len(rows), parts)
    return Candles(
        timeframe_ms,
        rows.open_ms[first],
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[first + parts - 1],
        # one after the other, as the archive adds them up: the same to the last bit
        np.add.reduceat(rows.volume, first),
    )
