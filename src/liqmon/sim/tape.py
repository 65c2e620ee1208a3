"""One market's candles as time goes by: what there is to see at a given moment.

A bar that has not closed yet is shown as far as it has come. Nobody recorded the way
through a minute, so one is assumed that fits what is known: from the open to the
nearer extreme (the low of a bar that rises, the high of one that falls), to the other
extreme, to the close, at an even pace, with the volume growing evenly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from liqmon.archive.bars import Bars, FloatArray, aggregated
from liqmon.archive.timeframes import LENGTH_MS, TIMEFRAMES, bar_opens, next_open

__all__ = ["Day", "Row", "Tape", "Window"]

_MOST_DECIMALS: Final = 8

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


class Row(NamedTuple):
    """One candle; volumes in base units, ``quote`` is the turnover."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote: float
    taker_buy: float
    taker_buy_quote: float


@dataclass(frozen=True, slots=True)
class Window:
    """Which candles are asked for: those that open from ``start_ms`` to ``end_ms``.

    ``limit`` counts from the newest one back, or from the oldest with ``oldest``.
    """

    limit: int
    start_ms: int | None = None
    end_ms: int | None = None
    oldest: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours of one market."""

    last: float
    day_ago: float
    hour_ago: float
    high: float
    low: float
    volume: float
    quote: float
    first_ms: int


class Tape:
    """What is known of one market at any moment; ``bars`` are its finest candles.

    Where the turnover was not recorded, it is taken at the mean of a bar's four prices;
    where the taker volume was not, it is half of all: a market without lean.
    """

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self.price_decimals = _decimals(bars.open, bars.high, bars.low, bars.close)
        self.volume_decimals = _decimals(bars.volume)
        self._larger: dict[str, Bars] = {bars.timeframe: bars}

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The timeframes that can be made of these candles, shortest first."""
        finest_ms = LENGTH_MS[self.bars.timeframe]
        return tuple(
            name for name in TIMEFRAMES if LENGTH_MS.get(name, _DAY_MS) % finest_ms == 0
        )

    def rows(self, timeframe: str, now_ms: int, window: Window) -> list[Row]:
        """Return the candles that exist at ``now_ms``, oldest first.

        The last one is forming if its time has not run out. Empty for a timeframe that
        these candles are too coarse for.
        """
        if timeframe not in self.timeframes:
            return []
        bars = self._at(timeframe)
        opened = int(bar_opens(np.array([now_ms], dtype=np.int64), timeframe)[0])
        start_ms = 0 if window.start_ms is None else window.start_ms
        end_ms = now_ms if window.end_ms is None else min(window.end_ms, now_ms)
        first, closed, last = np.searchsorted(
            bars.open_ms, [start_ms, min(opened, end_ms + 1), end_ms + 1]
        )
        wanted = range(int(first), int(last))
        wanted = wanted[: window.limit] if window.oldest else wanted[-window.limit :]
        whole = slice(wanted.start, min(wanted.stop, int(closed)))
        rows = _rows(bars.rows(whole)) if whole.stop > whole.start else []
        if wanted and wanted[-1] >= closed:
            rows.extend(self._forming(opened, now_ms))
        return rows

    def day(self, now_ms: int) -> Day | None:
        """Return the last 24 hours; None while there has been no candle."""
        length_ms = LENGTH_MS[self.bars.timeframe]
        minutes = self.rows(
            self.bars.timeframe,
            now_ms,
            Window(limit=_DAY_MS // length_ms, start_ms=now_ms - _DAY_MS),
        )
        if not minutes:
            return self._quiet_day(now_ms)
        hour = [row for row in minutes if row.open_ms >= now_ms - _HOUR_MS]
        return Day(
            last=minutes[-1].close,
            day_ago=minutes[0].open,
            hour_ago=hour[0].open if hour else minutes[-1].close,
            high=max(row.high for row in minutes),
            low=min(row.low for row in minutes),
            volume=sum(row.volume for row in minutes),
            quote=sum(row.quote for row in minutes),
            first_ms=minutes[0].open_ms,
        )

    def _quiet_day(self, now_ms: int) -> Day | None:
        earlier = self.rows(self.bars.timeframe, now_ms, Window(limit=1))
        if not earlier:
            return None
        price = earlier[0].close
        return Day(price, price, price, price, price, 0.0, 0.0, now_ms - _DAY_MS)

    def _at(self, timeframe: str) -> Bars:
        if timeframe not in self._larger:
            self._larger[timeframe] = aggregated(self.bars, timeframe)
        return self._larger[timeframe]

    def _forming(self, opened_ms: int, now_ms: int) -> list[Row]:
        """Return the bar that opened at ``opened_ms`` as it stands: one row or none."""
        first, after = np.searchsorted(self.bars.open_ms, [opened_ms, now_ms + 1])
        rows = _rows(self.bars.rows(slice(int(first), int(after))))
        if rows and next_open(rows[-1].open_ms, self.bars.timeframe) > now_ms:
            rows[-1] = self._part(rows[-1], now_ms)
        return [_merged(opened_ms, rows)] if rows else []

    def _part(self, row: Row, now_ms: int) -> Row:
        gone = (now_ms - row.open_ms) / LENGTH_MS[self.bars.timeframe]
        seen = [
            min(max(round(price, self.price_decimals), row.low), row.high)
            for price in _path(row, gone)
        ]
        return Row(
            open_ms=row.open_ms,
            open=row.open,
            high=max(seen),
            low=min(seen),
            close=seen[-1],
            volume=round(row.volume * gone, self.volume_decimals),
            quote=row.quote * gone,
            taker_buy=round(row.taker_buy * gone, self.volume_decimals),
            taker_buy_quote=row.taker_buy_quote * gone,
        )


def _path(row: Row, gone: float) -> Iterable[float]:
    """Return the turning points up to now, and the price of now last.

    ``gone`` is the fraction of the bar's time that has passed, from 0 to below 1.
    """
    rises = row.close >= row.open
    turns = (row.low, row.high) if rises else (row.high, row.low)
    corners = [row.open, *turns, row.close]
    left = gone * sum(abs(b - a) for a, b in pairwise(corners))
    yield row.open
    for here, there in pairwise(corners):
        length = abs(there - here)
        if left < length:
            yield here + (there - here) * left / length
            return
        left -= length
        yield there


def _merged(open_ms: int, rows: list[Row]) -> Row:
    return Row(
        open_ms,
        rows[0].open,
        max(row.high for row in rows),
        min(row.low for row in rows),
        rows[-1].close,
        *(sum(amounts) for amounts in zip(*(row[5:] for row in rows), strict=True)),
    )


def _rows(bars: Bars) -> list[Row]:
    volume, quote, taker = bars.volume, bars.quote_volume, bars.taker_buy
    if quote is None:
        quote = volume * (bars.open + bars.high + bars.low + bars.close) / 4
    if taker is None:
        taker = volume / 2
    price = np.divide(quote, volume, out=np.zeros(len(bars)), where=volume > 0)
    columns = (
        bars.open_ms,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        volume,
        quote,
        taker,
        taker * price,
    )
    lists = (column.tolist() for column in columns)
    return [Row(*cells) for cells in zip(*lists, strict=True)]


def _decimals(*columns: FloatArray) -> int:
    """Return how many decimals it takes to write these numbers as they are."""
    values = np.concatenate(columns)
    for decimals in range(_MOST_DECIMALS):
        # a sum of decimal numbers is off by a few units in the last of 53 bits
        if np.all(np.abs(values.round(decimals) - values) <= 1e-12 * values):
            return decimals
    return _MOST_DECIMALS
