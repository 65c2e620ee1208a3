"""A market's candles over any stretch of time, in pages from the newest back.

Back, because a stretch may begin before the market did: where a page brings nothing
older, the stretch's first candles are asked for once, and if there are none the rest is
empty. Forwards, most exchanges would have to be asked for every empty page.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from liqmon.clock import Clock
from liqmon.core.model import TIMEFRAME_MS, Candles, Market
from liqmon.errors import BadData, FeedCooling
from liqmon.monitor.history import CandleSource

__all__ = ["Page", "Pages"]

_ROWS: Final = 1000
"""What Bybit gives in one call (v5 market/kline); others give less and are asked on."""

_OVERLAP: Final = 100
"""Rows asked for twice, so that no answer is too short to be believed; a market may not
trade every minute."""

_MOST_COOLINGS: Final = 5
"""Rate limits in a row that are waited for."""


@dataclass(frozen=True, slots=True)
class Page:
    """All there is from ``start_ms`` until ``end_ms``."""

    start_ms: int
    end_ms: int
    candles: Candles


class Pages:
    """The pages of one market and timeframe. ``now_ms`` is exchange time."""

    def __init__(
        self,
        source: CandleSource,
        market: Market,
        timeframe: str,
        *,
        now_ms: int,
        clock: Clock,
    ) -> None:
        self._source = source
        self._market = market
        self._timeframe = timeframe
        self._step_ms = TIMEFRAME_MS[timeframe]
        self._now_ms = now_ms
        self._clock = clock

    async def back(self, start_ms: int, end_ms: int) -> AsyncIterator[Page]:
        """Yield pages that cover the time from ``end_ms`` back to ``start_ms``.

        Both are on the grid, and ``end_ms`` is not after the last closed bar's end.

        Raises:
            FeedError: the pages yielded so far are whole.
        """
        in_hole = False
        while end_ms > start_ms:
            begin_ms = max(start_ms, end_ms - (_ROWS - _OVERLAP) * self._step_ms)
            candles = await self._between(begin_ms, end_ms, may_be_empty=in_hole)
            first_ms = int(candles.open_ms[0]) if len(candles) else end_ms
            in_hole = first_ms > begin_ms
            if in_hole and await self._is_before_listing(start_ms, first_ms):
                begin_ms = start_ms
            yield Page(begin_ms, end_ms, candles)
            end_ms = begin_ms

    async def _between(
        self, begin_ms: int, end_ms: int, *, may_be_empty: bool
    ) -> Candles:
        """Return all candles of a page, in as many calls as the exchange needs."""
        # a short page is lengthened backwards: a few rows are not believed
        since_ms = min(begin_ms, end_ms - _OVERLAP * self._step_ms)
        try:
            rows = await self._ask(since_ms)
        except BadData:
            if not may_be_empty:
                raise
            return Candles.empty(self._step_ms)
        while int(rows.open_ms[-1]) < end_ms - self._step_ms:
            last_ms = int(rows.open_ms[-1])
            more = await self._ask(last_ms - (_OVERLAP - 1) * self._step_ms)
            rows = rows.merged(more)
            if int(rows.open_ms[-1]) == last_ms:
                break  # a gap, not a limit of the exchange
        return _within(rows, begin_ms, end_ms)

    async def _is_before_listing(self, start_ms: int, first_ms: int) -> bool:
        """Tell whether nothing is older than the first candle known."""
        try:
            oldest = await self._ask(start_ms)
        except BadData:
            return True
        return int(oldest.open_ms[0]) >= first_ms

    async def _ask(self, since_ms: int) -> Candles:
        for _ in range(_MOST_COOLINGS):
            try:
                return await self._asked(since_ms)
            except FeedCooling as error:
                await self._clock.sleep(error.wait_s)
        return await self._asked(since_ms)

    async def _asked(self, since_ms: int) -> Candles:
        return await self._source.candles(
            self._market,
            self._timeframe,
            limit=_ROWS,
            now_ms=self._now_ms,
            since_ms=since_ms,
        )


def _within(candles: Candles, begin_ms: int, end_ms: int) -> Candles:
    from_begin = candles.since(begin_ms)
    return from_begin.rows(from_begin.open_ms < end_ms)
