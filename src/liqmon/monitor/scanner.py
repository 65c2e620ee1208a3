"""One exchange: every interval, poll each of its markets that is not still at it.

A cycle asks the exchange for its time once; all polls of the cycle share it. A market
that is slow or waits for a retry is passed over until it is done, so it never holds up
the others and its polls never overlap. The markets of a cycle are read before any of
them is judged (``Company``). A market whose polls keep crashing is left out, loudly,
and the others go on.

A finished cycle is told to whoever proves to the outside that liqmon is alive; so is
every wake-up of the loop in between, as long as cycles do finish.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Protocol

from liqmon.clock import Clock
from liqmon.core.events import FeedChanged, FeedState
from liqmon.core.model import Market
from liqmon.errors import FeedError, LiqmonError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.company import Company, Heard
from liqmon.monitor.strikes import MOST_STRIKES, Strikes

__all__ = ["ExchangeClock", "Poller", "Scan", "Scanner"]

log = logging.getLogger(__name__)

_SHORTEST_DEADLINE_S = 25.0
"""A call that times out after 10 s can still be made again within its cycle."""

_MOST_SKEW_S = 120.0
"""A host's clock further off than this is worth a word."""

_HEADROOM = 1.2
"""Share of the exchange's rate limit left for everything but candles."""

_BEAT_S = 5.0

_LATE_INTERVALS = 3
"""A loop whose cycles have not finished for so many intervals is stuck."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A cycle that is over: of ``asked`` markets, ``answered`` gave data."""

    exchange: str
    asked: int
    answered: int
    took_s: float
    interval_s: float


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
    failed: bool

    async def step(
        self, now_ms: int, *, deadline_mono: float, company: Company
    ) -> None:
        """Poll once, without raising for trouble with the feed or the disk."""
        ...


@dataclass(slots=True)
class _Cycle:
    """What the polls of one cycle share; ``left`` are not done yet."""

    began_mono: float
    now_ms: int
    deadline_mono: float
    company: Company
    asked: int
    left: int
    answered: int = 0


def _tell_nobody(_told: object) -> None:
    pass


class Scanner:
    """Polls all watched markets of one exchange.

    ``on_scan`` is told each cycle when the last of its polls is over. ``on_beat`` gets
    the exchange's name every ``beat_s`` or more often while cycles finish in time.
    ``watchers`` may change between cycles; ``tend`` is what changes them, given the
    exchange's time once a cycle.
    """

    def __init__(
        self,
        exchange: ExchangeClock,
        watchers: Sequence[Poller],
        *,
        clock: Clock,
        bulletin: Bulletin,
        poll_interval_s: float,
        tells_skew: bool = True,
        on_scan: Callable[[Scan], None] = _tell_nobody,
        on_beat: Callable[[str], None] = _tell_nobody,
        beat_s: float = _BEAT_S,
        tend: Callable[[int], Coroutine[None, None, None]] | None = None,
    ) -> None:
        self._exchange = exchange
        self._watchers = watchers
        self._clock = clock
        self._bulletin = bulletin
        self._poll_interval_s = poll_interval_s
        self._tells_skew = tells_skew
        self._on_scan = on_scan
        self._on_beat = on_beat
        self._beat_s = beat_s
        self._finished_mono = clock.monotonic()
        self._tend = tend
        self._skew = ""
        self._heard: dict[str, Heard] = {}
        self._strikes = defaultdict[str, Strikes](Strikes)

    @property
    def interval_s(self) -> float:
        """The interval that is kept: the wish, or what the rate limit allows."""
        calls = sum(not watcher.rejected for watcher in self._watchers)
        return max(self._poll_interval_s, _HEADROOM * calls * self._exchange.call_s)

    async def run(self) -> None:
        """Scan for ever; a cycle begins every interval, however long polls take."""
        async with asyncio.TaskGroup() as polls:
            while True:
                began_mono = self._clock.monotonic()
                await self._cycle(polls)
                await self._rest(began_mono + self.interval_s)

    async def once(self) -> None:
        """Do one cycle and wait for all of its polls."""
        async with asyncio.TaskGroup() as polls:
            await self._cycle(polls)

    async def _rest(self, until_mono: float) -> None:
        left_s = max(until_mono - self._clock.monotonic(), 0.0)
        while left_s > self._beat_s:
            await self._clock.sleep(self._beat_s)
            self._beat()
            left_s = until_mono - self._clock.monotonic()
        await self._clock.sleep(max(left_s, 0.0))
        self._beat()

    def _beat(self) -> None:
        """Say that this loop is alive, unless its cycles no longer come to an end."""
        unfinished_s = self._clock.monotonic() - self._finished_mono
        patience_s = max(self.interval_s, _SHORTEST_DEADLINE_S)
        if unfinished_s <= _LATE_INTERVALS * patience_s:
            self._on_beat(self._exchange.id)

    async def _cycle(self, polls: asyncio.TaskGroup) -> None:
        interval_s = self.interval_s
        self._bulletin.show_cycle(self._exchange.id, interval_s=interval_s)
        began_mono = self._clock.monotonic()
        wanted = [one for one in self._watchers if not one.rejected]
        try:
            now_ms = await self._exchange.now_ms()
        except FeedError as error:
            log.debug("cycle skipped, no exchange time: %s", error)
            self._bulletin.note_time(self._exchange.id, answered=False)
            self._finish(began_mono, asked=len(wanted), answered=0)
            return
        self._bulletin.note_time(self._exchange.id, answered=True)
        self._note_skew(now_ms)
        if self._tend is not None:
            polls.create_task(self._tend(now_ms), name="list of markets")
        if not wanted:
            self._finish(began_mono, asked=0, answered=0)
        free = [watcher for watcher in wanted if not watcher.busy]
        keys = [watcher.market.key for watcher in free]
        cycle = _Cycle(
            began_mono,
            now_ms,
            began_mono + max(interval_s, _SHORTEST_DEADLINE_S),
            Company(keys, self._heard, now_ms=now_ms),
            asked=len(free),
            left=len(free),
        )
        for watcher in free:
            polls.create_task(
                self._poll(watcher, cycle), name=f"poll {watcher.market.key}"
            )

    async def _poll(self, watcher: Poller, cycle: _Cycle) -> None:
        await self._step(watcher, cycle)
        cycle.left -= 1
        cycle.answered += not watcher.failed
        if not cycle.left:
            self._finish(cycle.began_mono, asked=cycle.asked, answered=cycle.answered)

    async def _step(self, watcher: Poller, cycle: _Cycle) -> None:
        try:
            await watcher.step(
                cycle.now_ms, deadline_mono=cycle.deadline_mono, company=cycle.company
            )
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

    def _finish(self, began_mono: float, *, asked: int, answered: int) -> None:
        self._finished_mono = self._clock.monotonic()
        took_s = self._finished_mono - began_mono
        exchange = self._exchange.id
        self._on_scan(Scan(exchange, asked, answered, took_s, self.interval_s))

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
