"""One exchange: every interval, poll each of its markets that is not still at it.

A cycle asks the exchange for its time once; all polls of the cycle share it. A market
that is slow or waits for a retry is passed over until it is done, so it never holds up
the others and its polls never overlap. The markets of a cycle are read before any of
them is judged (``Company``). A market whose polls keep crashing is left out, loudly,
and the others go on.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from liqmon.clock import Clock
from liqmon.core.events import FeedChanged, FeedState
from liqmon.core.model import Market
from liqmon.errors import FeedError, LiqmonError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.company import Company, Heard
from liqmon.monitor.strikes import MOST_STRIKES, Strikes

__all__ = ["ExchangeClock", "Poller", "Scanner"]

log = logging.getLogger(__name__)

_SHORTEST_DEADLINE_S = 25.0
"""A call that times out after 10 s can still be made again within its cycle."""

_MOST_SKEW_S = 120.0
"""A host's clock further off than this is worth a word."""

_HEADROOM = 1.2
"""Share of the exchange's rate limit left for everything but candles."""


class ExchangeClock(Protocol):
    """What a scanner needs of an exchange beside candles."""

    id: str

    async def now_ms(self) -> int:
        """Return the exchange's time, or raise FeedError."""
        ...

    @property
    def call_s(self) -> float:
        """Seconds of the exchange's rate limit that one candle call takes."""
        ...


class Poller(Protocol):
    """What a scanner needs of a market's watcher."""

    market: Market
    busy: bool
    rejected: bool

    async def step(
        self, now_ms: int, *, deadline_mono: float, company: Company
    ) -> None:
        """Poll once, without raising for trouble with the feed or the disk."""
        ...


class Scanner:
    """Polls all watched markets of one exchange."""

    def __init__(
        self,
        exchange: ExchangeClock,
        watchers: Sequence[Poller],
        *,
        clock: Clock,
        bulletin: Bulletin,
        poll_interval_s: float,
        tells_skew: bool = True,
    ) -> None:
        self._exchange = exchange
        self._watchers = watchers
        self._clock = clock
        self._bulletin = bulletin
        self._poll_interval_s = poll_interval_s
        self._tells_skew = tells_skew
        self._skew = ""
        self._heard: dict[str, Heard] = {}
        self._strikes = {watcher.market.key: Strikes() for watcher in watchers}

    @property
    def interval_s(self) -> float:
        """The interval that is kept: the wish, or what the rate limit allows."""
        calls = sum(not watcher.rejected for watcher in self._watchers)
        return max(self._poll_interval_s, _HEADROOM * calls * self._exchange.call_s)

    async def run(self) -> None:
        """Scan for ever; a cycle begins every interval, however long polls take."""
        async with asyncio.TaskGroup() as polls:
            while True:
                began_s = self._clock.monotonic()
                await self._cycle(polls)
                took_s = self._clock.monotonic() - began_s
                await self._clock.sleep(max(self.interval_s - took_s, 0.0))

    async def once(self) -> None:
        """Do one cycle and wait for all of its polls."""
        async with asyncio.TaskGroup() as polls:
            await self._cycle(polls)

    async def _cycle(self, polls: asyncio.TaskGroup) -> None:
        interval_s = self.interval_s
        self._bulletin.show_cycle(self._exchange.id, interval_s=interval_s)
        deadline_mono = self._clock.monotonic() + max(interval_s, _SHORTEST_DEADLINE_S)
        try:
            now_ms = await self._exchange.now_ms()
        except FeedError as error:
            log.debug("cycle skipped, no exchange time: %s", error)
            return
        self._note_skew(now_ms)
        free = [one for one in self._watchers if not (one.busy or one.rejected)]
        keys = [watcher.market.key for watcher in free]
        company = Company(keys, self._heard, now_ms=now_ms)
        for watcher in free:
            polls.create_task(
                self._poll(watcher, now_ms, deadline_mono, company),
                name=f"poll {watcher.market.key}",
            )

    async def _poll(
        self, watcher: Poller, now_ms: int, deadline_mono: float, company: Company
    ) -> None:
        try:
            await watcher.step(now_ms, deadline_mono=deadline_mono, company=company)
        except LiqmonError:
            # Raised on purpose, for whoever started the scan to act on.
            raise
        except Exception as error:
            # A bug that the candles of one market meet must not stop the others.
            log.exception("the poll of %s crashed", watcher.market.name)
            self._strike(watcher, error)
            if all(one.rejected for one in self._watchers):
                # there are no others: the supervisor begins anew, or gives up
                raise
        else:
            self._strikes[watcher.market.key].worked()
            self._bulletin.show_banner(f"crash of {watcher.market.key}", "")

    def _strike(self, watcher: Poller, error: Exception) -> None:
        """Say that a market's poll crashed, and leave it out after three in a row."""
        market, strikes = watcher.market, self._strikes[watcher.market.key]
        strikes.failed()
        said = f"{market.name} crashed ({type(error).__name__}: {error})"
        if strikes.is_out:
            watcher.rejected = True
            said = f"{said} {MOST_STRIKES} times in a row and is no longer watched"
            log.error("%s", said)
            self._bulletin.publish(
                FeedChanged(
                    self._clock.now_ms(),
                    market.exchange,
                    market.symbol,
                    FeedState.REJECTED,
                    said,
                )
            )
        self._bulletin.show_banner(f"crash of {market.key}", said)

    def _note_skew(self, now_ms: int) -> None:
        """Say that one of the two clocks is wrong; windows go by the exchange's."""
        ahead_s = (self._clock.now_ms() - now_ms) / 1000
        if not self._tells_skew:
            return
        text = ""
        if abs(ahead_s) > _MOST_SKEW_S:
            where = "ahead of" if ahead_s > 0 else "behind"
            # whole minutes: the banner must not change with every poll
            minutes = round(abs(ahead_s) / 60)
            text = f"this host's clock is {minutes} min {where} {self._exchange.id}'s"
        if text and text != self._skew:
            log.warning("%s; windows go by the exchange's", text)
        self._skew = text
        self._bulletin.show_banner(f"clock of {self._exchange.id}", text)
