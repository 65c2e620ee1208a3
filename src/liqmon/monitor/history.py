"""The candles one market is judged by, kept fresh with as few calls as possible.

Two series: the ``bars`` of the watched timeframe, and the five-minute ``baseline`` that
tells what is usual (three days of it are a single call on most exchanges). After that
call the baseline grows out of the minutes that are fetched anyway; it is asked for
again only where some of them are missing. Watching five minutes, both are one and the
same, five days long and two calls.
"""

from typing import Protocol

from liqmon.core.coarser import coarser
from liqmon.core.features import SCALES
from liqmon.core.model import TIMEFRAME_MS, Candles, Market
from liqmon.core.units import comparable

__all__ = ["BASELINE_TIMEFRAME", "CandleSource", "History"]

BASELINE_TIMEFRAME = "5m"
_BASELINE_MS = TIMEFRAME_MS[BASELINE_TIMEFRAME]
_HOUR_MS = 3_600_000

_SPARE_MS = 11 * _HOUR_MS
"""Beyond the baseline, for bars that are judged after a stop: with three days before
them they are still a single call of 1,000."""

_KEEP_BARS_MS = 14 * _HOUR_MS
"""Minutes that are kept: the longest stop that is caught up with, and two windows."""

_WINDOW_MS = _HOUR_MS // 2
"""The longest horizon of the detector."""

_MIN_LIMIT = 45
"""The half-hour window in minutes, the forming bar, and a few late ones; under the 100
where Binance's price of a call doubles."""

_MAX_LIMIT = 1_000
"""What Bybit gives in one call (v5 market/kline); others page."""

_MAX_PAGES = 8
"""Bounds paging on exchanges that answer with short pages (OKX: 300 rows)."""

_OVERLAP = 20
"""Rows asked for twice, so that no page is too short to be believed."""


class CandleSource(Protocol):
    """Whoever fetches validated candles."""

    async def candles(
        self,
        market: Market,
        timeframe: str,
        *,
        limit: int,
        now_ms: int,
        since_ms: int | None = None,
        deadline_mono: float | None = None,
    ) -> Candles:
        """Return at most ``limit`` candles and at least one, or raise FeedError."""
        ...


class History:
    """The candles of one market; ``refresh`` brings them up to an exchange time.

    ``bars`` is the watched timeframe with the forming bar, ``baseline`` the closed
    five-minute candles of the last days. ``has_new_unit``: the last refresh left out
    what is in another unit of price.
    """

    def __init__(self, source: CandleSource, market: Market, timeframe: str) -> None:
        self.bars = Candles.empty(TIMEFRAME_MS[timeframe])
        self.baseline = Candles.empty(_BASELINE_MS)
        self._source = source
        self._market = market
        self._timeframe = timeframe
        self._slot = 0
        baseline_ms = SCALES[TIMEFRAME_MS[timeframe]].baseline_ms
        self._keep_ms = baseline_ms + _SPARE_MS
        self.has_new_unit = False

    async def refresh(
        self, now_ms: int, *, judged_ms: int, deadline_mono: float
    ) -> None:
        """Fetch what is new, and everything needed to judge from ``judged_ms`` on.

        Raises:
            FeedError: what is held stays as it was.
        """
        self.has_new_unit = False
        if self._timeframe == BASELINE_TIMEFRAME:
            await self._refresh_baseline(now_ms, deadline_mono)
            self.bars = self.baseline
            return
        since_ms = judged_ms - _WINDOW_MS
        fetched = await self._fetch(self._timeframe, since_ms, now_ms, deadline_mono)
        self.bars = self._joined(self.bars, fetched, now_ms - _KEEP_BARS_MS)
        slot = now_ms // _BASELINE_MS
        if slot != self._slot:
            await self._extend_baseline(now_ms, deadline_mono)
            self._slot = slot

    async def _extend_baseline(self, now_ms: int, deadline_mono: float) -> None:
        """Add what has closed since: made of minutes, or fetched where they fail."""
        made = coarser(self.bars, _BASELINE_MS, now_ms)
        held = self.baseline
        due_ms = now_ms // _BASELINE_MS * _BASELINE_MS
        last_ms = int(held.open_ms[-1]) if len(held) else due_ms - self._keep_ms
        missing = set(range(last_ms + _BASELINE_MS, due_ms, _BASELINE_MS))
        if missing <= set(made.open_ms.tolist()):
            self.baseline = self._joined(held, made, now_ms - self._keep_ms)
        else:
            await self._refresh_baseline(now_ms, deadline_mono)
            self.baseline = self.baseline.closed(now_ms)

    async def _refresh_baseline(self, now_ms: int, deadline_mono: float) -> None:
        held = self.baseline
        since_ms = int(held.open_ms[-1]) if len(held) else now_ms - self._keep_ms
        fetched = await self._fetch(BASELINE_TIMEFRAME, since_ms, now_ms, deadline_mono)
        self.baseline = self._joined(held, fetched, now_ms - self._keep_ms)

    def _joined(self, held: Candles, newer: Candles, since_ms: int) -> Candles:
        joined = held.merged(newer).since(since_ms)
        kept = comparable(joined)
        self.has_new_unit |= len(kept) < len(joined)
        return kept

    async def _fetch(
        self, timeframe: str, since_ms: int, now_ms: int, deadline_mono: float
    ) -> Candles:
        """Return the candles from ``since_ms`` on, in as few pages as they come in."""
        step_ms = TIMEFRAME_MS[timeframe]
        missing = (now_ms - since_ms) // step_ms + 2
        limit = min(max(missing, _MIN_LIMIT), _MAX_LIMIT)
        rows = await self._source.candles(
            self._market,
            timeframe,
            limit=limit,
            now_ms=now_ms,
            deadline_mono=deadline_mono,
        )
        page = len(rows)
        for _ in range(_MAX_PAGES):
            oldest_ms = int(rows.open_ms[0])
            if oldest_ms - since_ms < step_ms:
                break
            older = await self._source.candles(
                self._market,
                timeframe,
                limit=limit,
                now_ms=now_ms,
                since_ms=oldest_ms - max(page - _OVERLAP, 1) * step_ms,
                deadline_mono=deadline_mono,
            )
            rows = older.merged(rows)
            # Nothing older: a young listing, or a venue that does not look back.
            if int(rows.open_ms[0]) == oldest_ms:
                break
        return rows
