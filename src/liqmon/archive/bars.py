"""Candles of one market as plain arrays, and larger ones made of smaller ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from liqmon.archive.timeframes import IntArray, bar_opens

__all__ = ["Bars", "FloatArray", "IntArray", "aggregated", "joined"]

FloatArray: TypeAlias = NDArray[np.float64]

_FLOATS = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy")
_SUMS = ("volume", "quote_volume", "taker_buy")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bars:
    """Rows in strictly ascending order on the timeframe's grid; gaps are just missing.

    ``open_ms`` is UTC. ``volume`` and ``taker_buy`` (the share that buyers took) are in
    base units, ``quote_volume`` in quote units; None where the source has no such
    column.
    """

    symbol: str
    timeframe: str
    open_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    quote_volume: FloatArray | None = None
    taker_buy: FloatArray | None = None

    def __len__(self) -> int:
        return self.open_ms.size

    def rows(self, wanted: slice | IntArray) -> "Bars":
        """Return some of the rows, in the order asked for."""
        columns: dict[str, Any] = {
            name: None if column is None else column[wanted]
            for name in ("open_ms", *_FLOATS)
            for column in [getattr(self, name)]
        }
        return replace(self, **columns)


def aggregated(bars: Bars, timeframe: str) -> Bars:
    """Return larger bars, each made of the smaller ones there are.

    A larger bar exists if any of its smaller bars does. So the first, the last and one
    beside a gap may be made of fewer than others; nothing is filled in.
    """
    opens = bar_opens(bars.open_ms, timeframe)
    starts = np.flatnonzero(np.diff(opens, prepend=opens[:1] - 1))
    if starts.size == 0:
        return replace(bars, timeframe=timeframe)
    sums: dict[str, Any] = {
        name: None if column is None else np.add.reduceat(column, starts)
        for name in _SUMS
        for column in [getattr(bars, name)]
    }
    return Bars(
        symbol=bars.symbol,
        timeframe=timeframe,
        open_ms=opens[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts),
        low=np.minimum.reduceat(bars.low, starts),
        close=bars.close[np.append(starts[1:], len(bars)) - 1],
        **sums,
    )


def joined(parts: Sequence[Bars]) -> Bars:
    """Return several files of one market and timeframe as one, in order of time.

    Of rows with the same time the one of the latest part stays. A column that one part
    lacks is dropped.
    """
    columns: dict[str, Any] = {
        name: None
        if any(part is None for part in pieces)
        else np.concatenate(pieces, dtype=pieces[0].dtype)
        for name in ("open_ms", *_FLOATS)
        for pieces in [[getattr(part, name) for part in parts]]
    }
    return in_order(replace(parts[0], **columns))


def in_order(bars: Bars) -> Bars:
    """Return the rows in ascending order; of rows with one time the last one stays."""
    if np.all(np.diff(bars.open_ms) > 0):
        return bars
    # reversed, because np.unique says where each value comes first
    _, first = np.unique(bars.open_ms[::-1], return_index=True)
    return bars.rows(len(bars) - 1 - first)
