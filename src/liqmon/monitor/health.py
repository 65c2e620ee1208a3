"""Is the feed alive? Old data must not look like a quiet market.

A market whose newest data is older than the limit is called stale, once. When that is
true of all of them, or no exchange can be reached at all, Discord is told as well:
once, and once more when data are back. Time in which the host slept, or nothing ran,
makes no feed stale: a feed gets the whole limit to come back.
"""

import logging
import math
from collections.abc import Callable
from typing import Final

from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.events import FeedChanged, FeedState
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.reports import Reporting, silence_report
from liqmon.monitor.suspension import Timekeeper

__all__ = ["Sentinel", "health_of"]

log = logging.getLogger(__name__)

_LOOKS_PER_LIMIT: Final = 6.0
_LONGEST_NAP_S: Final = 5.0
"""A stall shorter than a nap passes unseen."""

_LATE_INTERVALS: Final = 2
"""A market that misses two polls in a row is worth a word, one is not."""

_GAP_SHOWN_S: Final = 300.0
"""How long it stands above the table that the host slept."""

_TOLD_OTHERWISE: Final = frozenset({FeedState.BLOCKED, FeedState.REJECTED})
"""No data will ever come, and the user has been told why."""


class Sentinel:
    """Looks at the board every few seconds; ``run`` for ever."""

    def __init__(
        self,
        *,
        clock: Clock,
        bulletin: Bulletin,
        outbox: Reporting,
        on_report: Callable[[], None],
        stale_after_s: float,
        timekeeper: Timekeeper | None = None,
    ) -> None:
        self._clock = clock
        self._timekeeper = timekeeper or Timekeeper(clock)
        self._woke_mono: float | None = None
        self._bulletin = bulletin
        self._outbox = outbox
        self._on_report = on_report
        self._stale_after_s = stale_after_s
        self._stale: set[str] = set()
        self._silent_since_ms: int | None = None

    async def run(self) -> None:
        """Look, for ever."""
        nap_s = min(self._stale_after_s / _LOOKS_PER_LIMIT, _LONGEST_NAP_S)
        while True:
            gap = await self._timekeeper.nap(nap_s)
            if gap is not None:
                log.warning(
                    "%s; missed candles are fetched, no gap is read as a move", gap
                )
                self._woke_mono = self._clock.monotonic()
                self._bulletin.show_banner("gap", str(gap))
            await self.look()

    async def look(self) -> None:
        """Tell what has become stale, and whether anything is left that is not."""
        if self._awake_s() > _GAP_SHOWN_S:
            self._bulletin.show_banner("gap", "")
        board = self._bulletin.snapshot
        stale = {key for key, row in board.rows.items() if self._is_stale(row, board)}
        for key in stale - self._stale:
            self._tell(board.rows[key], board)
        self._stale = stale
        await self._note_silence(board, stale)

    def _is_stale(self, row: MarketRow, board: BoardSnapshot) -> bool:
        if row.feed.state in _TOLD_OTHERWISE:
            return False
        since = board.started_mono if row.updated_mono is None else row.updated_mono
        waited_s = self._clock.monotonic() - since
        if row.market.key not in self._stale:
            waited_s = min(waited_s, self._awake_s())
        return waited_s > _patience_s(row, board, self._stale_after_s)

    def _awake_s(self) -> float:
        """Return the seconds since the host last woke up; no limit if it never did."""
        if self._woke_mono is None:
            return math.inf
        return self._clock.monotonic() - self._woke_mono

    def _tell(self, row: MarketRow, board: BoardSnapshot) -> None:
        market = row.market
        limit_s = _patience_s(row, board, self._stale_after_s)
        told = f"no data for more than {limit_s:.0f} s"
        log.warning("%s: %s", market.name, told)
        self._bulletin.publish(
            FeedChanged(
                self._clock.now_ms(),
                market.exchange,
                market.symbol,
                FeedState.STALE,
                row.feed.reason or told,
            )
        )

    async def _note_silence(self, board: BoardSnapshot, stale: set[str]) -> None:
        waited_s = self._clock.monotonic() - board.started_mono
        if self._silent_since_ms is None:
            waited_s = min(waited_s, self._awake_s())
        # before any exchange has said anything, liqmon is still starting
        begun = bool(board.rows or board.exchanges)
        is_silent = (
            begun and stale >= set(board.rows) and waited_s > self._stale_after_s
        )
        if is_silent and self._silent_since_ms is None:
            now_ms = self._clock.now_ms()
            since_ms = now_ms - round(self._stale_after_s * 1000)
            if await self._report(since_ms, None, _why(board)):
                self._silent_since_ms = since_ms
        elif not is_silent and self._silent_since_ms is not None:
            now_ms = self._clock.now_ms()
            if await self._report(self._silent_since_ms, now_ms, ""):
                self._silent_since_ms = None

    async def _report(self, since_ms: int, until_ms: int | None, reason: str) -> bool:
        entry = silence_report(since_ms=since_ms, until_ms=until_ms, reason=reason)
        try:
            await self._outbox.enqueue(entry, now_ms=self._clock.now_ms())
        except StoreUnavailable:
            # the disk is in trouble, which is told elsewhere: try at the next look
            return False
        self._on_report()
        return True


def _patience_s(row: MarketRow, board: BoardSnapshot, stale_after_s: float) -> float:
    """Return how old a market's data may be; who polls seldom has older ones."""
    interval_s = board.interval_s.get(row.market.exchange, 0.0)
    return max(stale_after_s, _LATE_INTERVALS * interval_s)


def health_of(
    board: BoardSnapshot, *, now_mono: float, stale_after_s: float
) -> tuple[bool, str]:
    """Return whether any market has data younger than the limit, and how many do."""
    ages_s = {
        key: now_mono - row.updated_mono
        for key, row in board.rows.items()
        if row.updated_mono is not None
    }
    fresh = sum(
        age_s <= _patience_s(board.rows[key], board, stale_after_s)
        for key, age_s in ages_s.items()
    )
    told = f"{fresh} of {len(board.rows)} markets have data"
    if ages_s:
        told += f", the newest {min(ages_s.values()):.0f} s old"
    return fresh > 0, told


def _why(board: BoardSnapshot) -> str:
    """Return what the exchanges, or else the markets, say of themselves."""
    feeds = [*board.exchanges.values(), *(row.feed for row in board.rows.values())]
    reasons = dict.fromkeys(feed.reason for feed in feeds if feed.reason)
    return "; ".join(list(reasons)[:3])
