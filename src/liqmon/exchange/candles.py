"""ccxt's candle rows to validated candles.

A broken body reaches us as an empty list or as rows of nulls, without an error, so
every answer is checked. Whatever fails a check is no data at all: nothing is repaired,
and gaps stay gaps.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.core.model import Candles, FloatArray, IntArray, Market
from liqmon.errors import BadData

__all__ = ["FEWEST_ROWS", "Expected", "FutureRow", "candles_from_rows"]

FEWEST_ROWS: Final = 10
"""Fewer are not enough to judge by, and more likely a fault than a young market."""

_STALE_BARS: Final = 10
"""A quiet market may go without a trade for some bars; a frozen exchange for longer."""

_EARLIEST_MS: Final = 1_230_940_800_000  # 2009-01-03, before which nothing was traded
_MOST: Final = 1e18
_LEAST_PRICE: Final = 1e-18
_COLUMNS: Final = ("time", "open", "high", "low", "close", "volume")


class FutureRow(BadData):
    """A row is ahead of the exchange's clock: nonsense, or that was read long ago."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the rows must fit. ``now_ms`` is exchange time.

    ``newest``: the rows should reach up to now. ``volume_in_contracts``: the venue
    counts contracts.
    """

    market: Market
    timeframe_ms: int
    now_ms: int
    newest: bool = True
    volume_in_contracts: bool = False


def candles_from_rows(rows: object, expected: Expected) -> Candles:
    """Return the candles that ``fetch_ohlcv`` gave.

    Raises:
        FutureRow: a row lies ahead of ``now_ms``.
        BadData: the rows cannot be used.
    """
    table = _table(rows)
    open_ms = _open_ms(table[:, 0], expected)
    _check_prices(table)
    opens, high, low, close, volume = (table[:, at].copy() for at in range(1, 6))
    if expected.volume_in_contracts:
        volume = _base_units(volume, close, expected.market)
    return Candles(expected.timeframe_ms, open_ms, opens, high, low, close, volume)


def _table(rows: object) -> FloatArray:
    """Return the rows as numbers: anything but six finite ones in a row is refused."""
    if not isinstance(rows, list) or not rows:
        raise BadData("the answer holds no candles")
    if len(rows) < FEWEST_ROWS:
        raise BadData(f"only {len(rows)} candles; {FEWEST_ROWS} are needed")
    if not all(isinstance(row, (list, tuple)) and len(row) >= 6 for row in rows):
        raise BadData("a row is no candle of six values")
    kinds = {type(value) for row in rows for value in row[:6]}
    if not kinds <= {int, float, str}:
        odd = min(kind.__name__ for kind in kinds - {int, float, str})
        raise BadData(f"a candle holds a value of type {odd}")
    try:
        table = np.array([row[:6] for row in rows], dtype=np.float64)
    except (ValueError, OverflowError) as error:
        raise BadData("a candle holds something that is no number") from error
    _refuse(~np.isfinite(table), "is not finite")
    _refuse(np.abs(table) > _MOST, "is beyond any market")
    return table


def _refuse(bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], why: str) -> None:
    """Raise BadData with the place of the first bad value of a table."""
    if bad.any():
        row, column = (int(at) for at in np.argwhere(bad)[0])
        raise BadData(f"candle {row}: {_COLUMNS[column]} {why}")


def _open_ms(stamps: FloatArray, expected: Expected) -> IntArray:
    step_ms = expected.timeframe_ms
    if (stamps < _EARLIEST_MS).any():
        raise BadData("a time is no epoch in milliseconds")
    if (stamps > expected.now_ms + step_ms).any():
        raise FutureRow("a candle is ahead of the exchange's clock")
    if (stamps % step_ms != 0).any():
        raise BadData(f"a candle is off the grid of {step_ms // 1000} s")
    open_ms = stamps.astype(np.int64)
    steps = np.diff(open_ms)
    if (steps == 0).any():
        raise BadData("two candles are of the same time")
    if (steps < 0).any():
        raise BadData("the candles are out of order")
    late_ms = expected.now_ms - int(open_ms[-1])
    if expected.newest and late_ms > _STALE_BARS * step_ms:
        raise BadData(f"the newest candle is {late_ms // 60_000} min old")
    return open_ms


def _check_prices(table: FloatArray) -> None:
    _refuse(table[:, :5] < _LEAST_PRICE, "is not positive")
    _refuse(table < 0, "is negative")
    opens, high, low, close = table[:, 1], table[:, 2], table[:, 3], table[:, 4]
    if (low > np.minimum(opens, close)).any():
        raise BadData("a low is above its open or close")
    if (high < np.maximum(opens, close)).any():
        raise BadData("a high is below its open or close")


def _base_units(contracts: FloatArray, close: FloatArray, market: Market) -> FloatArray:
    """Convert: a linear contract counts base units, an inverse one quote units."""
    size = contracts * market.contract_size
    return size / close if market.inverse else size
