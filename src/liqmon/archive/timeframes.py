"""The lengths a bar can have, and where on the clock a bar of that length opens.

A name is written as in Binance's files: https://github.com/binance/binance-public-data
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["LENGTH_MS", "TIMEFRAMES", "bar_opens", "next_open", "timeframe_of"]

IntArray: TypeAlias = NDArray[np.int64]

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS

# The epoch was a Thursday, weeks open on Monday.
_MONDAY_MS: Final = 4 * _DAY_MS

LENGTH_MS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "1m": _MINUTE_MS,
        "3m": 3 * _MINUTE_MS,
        "5m": 5 * _MINUTE_MS,
        "15m": 15 * _MINUTE_MS,
        "30m": 30 * _MINUTE_MS,
        "1h": _HOUR_MS,
        "2h": 2 * _HOUR_MS,
        "4h": 4 * _HOUR_MS,
        "6h": 6 * _HOUR_MS,
        "8h": 8 * _HOUR_MS,
        "12h": 12 * _HOUR_MS,
        "1d": _DAY_MS,
        "3d": 3 * _DAY_MS,
        "1w": 7 * _DAY_MS,
    }
)
"""The timeframes of a fixed length, in milliseconds."""

TIMEFRAMES: Final = (*LENGTH_MS, "1M")
"""Every timeframe, shortest first; ``1M`` is a calendar month."""


def bar_opens(times_ms: IntArray, timeframe: str) -> IntArray:
    """Return when the bar opened that each time (UTC) belongs to."""
    if timeframe == "1M":
        months = times_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    length_ms, first_ms = LENGTH_MS[timeframe], _first_ms(timeframe)
    return (times_ms - first_ms) // length_ms * length_ms + first_ms


def next_open(open_ms: int, timeframe: str) -> int:
    """Return when the bar after the one that opened at ``open_ms`` opens."""
    if timeframe == "1M":
        month = np.datetime64(open_ms, "ms").astype("datetime64[M]") + 1
        return int(month.astype("datetime64[ms]").astype(np.int64))
    return open_ms + LENGTH_MS[timeframe]


def timeframe_of(length_ms: int) -> str | None:
    """Return the timeframe of this length, None if there is none."""
    for name, candidate_ms in LENGTH_MS.items():
        if candidate_ms == length_ms:
            return name
    return None


def _first_ms(timeframe: str) -> int:
    return _MONDAY_MS if timeframe == "1w" else 0
