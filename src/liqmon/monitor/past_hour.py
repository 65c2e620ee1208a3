"""How the price went of late, for the table."""

from typing import Final

import numpy as np

from liqmon.core.model import Candles

__all__ = ["change_over", "past_hour"]

_MINUTE_MS: Final = 60_000
_MINUTES: Final = 60

_OLDEST_MS: Final = 5 * _MINUTE_MS
"""A close this much older than its minute still stands for it: the five-minute candles
of the baseline reach back where the watched ones have only just begun."""


def past_hour(bars: Candles, baseline: Candles, now_ms: int) -> tuple[float, ...]:
    """Return the price an hour ago and at each minute since, 61 closes, oldest first.

    Unknown is NaN: a gap is never bridged. ``now_ms`` is exchange time.
    """
    moments = now_ms - _MINUTE_MS * np.arange(_MINUTES, -1, -1)
    first_ms = int(bars.open_ms[0])
    older = baseline.rows(baseline.open_ms + baseline.timeframe_ms <= first_ms)
    ends = np.concatenate(
        [
            older.open_ms + baseline.timeframe_ms,
            np.minimum(bars.open_ms + bars.timeframe_ms, now_ms),
        ]
    )
    closes = np.concatenate([older.close, bars.close])
    at = np.searchsorted(ends, moments, side="right") - 1
    age_ms = moments - ends[at]
    is_known = (at >= 0) & (age_ms >= 0) & (age_ms < _OLDEST_MS + bars.timeframe_ms)
    return tuple(np.where(is_known, closes[at], np.nan).tolist())


def change_over(bars: Candles, span_ms: int) -> float | None:
    """Return the move over the last ``span_ms`` as a fraction, None across a gap."""
    from_ms = int(bars.open_ms[-1]) - span_ms
    at = int(np.searchsorted(bars.open_ms, from_ms))
    if int(bars.open_ms[at]) != from_ms:
        return None
    return float(bars.close[-1] / bars.close[at]) - 1.0
