"""A history of any length as a fixed number of columns, for a picture.

Each column shows the first, the highest, the lowest and the last price of its time, as
a candle of that length would.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.core.model import Candles, FloatArray
from liqmon.errors import UserError

__all__ = ["Columns", "gathered"]

_MOST: Final = 733
"""Two points wide each in the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What is drawn: one entry per column of ``step_ms``; NaN where nothing is known.

    The first column begins at ``start_ms``.
    """

    start_ms: int
    step_ms: int
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


def gathered(parts: Iterable[Candles], start_ms: int, end_ms: int) -> Columns:
    """Return the candles of a stretch of time as columns, however many there are."""
    made: Columns | None = None
    for part in parts:
        if made is None:
            made = _empty(start_ms, end_ms, part.timeframe_ms)
        _add(made, part)
    if made is None:
        raise UserError("there are no candles to draw", hint="choose another time")
    return made


def _empty(start_ms: int, end_ms: int, bar_ms: int) -> Columns:
    bars = max(-(-(end_ms - start_ms) // bar_ms), 1)
    per_column = -(-bars // _MOST)
    count = -(-bars // per_column)
    return Columns(
        start_ms=start_ms,
        step_ms=per_column * bar_ms,
        open=np.full(count, np.nan),
        high=np.full(count, np.nan),
        low=np.full(count, np.nan),
        close=np.full(count, np.nan),
        volume=np.zeros(count),
    )


def _add(columns: Columns, part: Candles) -> None:
    """Work the candles into the columns: the only place where these are written to."""
    at = ((part.open_ms - columns.start_ms) // columns.step_ms).astype(np.int64)
    inside = (at >= 0) & (at < columns.close.size)
    part, at = part.rows(inside), at[inside]
    # reversed: of several writes to one place the last one stays
    fresh = np.isnan(columns.open[at])
    columns.open[at[fresh][::-1]] = part.open[fresh][::-1]
    columns.close[at] = part.close
    np.fmax.at(columns.high, at, part.high)
    np.fmin.at(columns.low, at, part.low)
    np.add.at(columns.volume, at, part.volume)
