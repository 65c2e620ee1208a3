"""The two ways to run: ``watch`` until told to stop, ``check`` once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial

from liqmon.app.exchanges import exchange_names
from liqmon.app.parts import Parts, opened
from liqmon.app.remembered import doubts, remember
from liqmon.app.run import Run
from liqmon.app.vitals import Vitals, opened_vitals
from liqmon.clock import Clock
from liqmon.core.events import FeedChanged, FeedState
from liqmon.errors import FeedBlocked, FeedCooling, FeedError
from liqmon.exchange.client import Exchange
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.roster import Roster
from liqmon.monitor.scanner import Scanner
from liqmon.monitor.supervisor import kept_alive
from liqmon.monitor.watcher import Watcher

__all__ = ["CheckResult", "check", "watch"]

log = logging.getLogger(__name__)

_DRAIN_S = 5.0
"""How long a stop waits for the message that is on its way."""

_LONGEST_WAIT_S = 60.0
"""Between two attempts to reach an exchange that could not be opened."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one pass came to; the command line makes an exit code of it."""

    markets: int
    failed: int
    raised: int
    undelivered: int


async def watch(
    run: Run,
    *,
    clock: Clock,
    bulletin: Bulletin,
    stop: asyncio.Event,
    on_open: Callable[[Exchange], None] = lambda _: None,
    on_parts: Callable[[Parts], None] = lambda _: None,
    drain_s: float = _DRAIN_S,
) -> int:
    """Watch until ``stop`` is set, then deliver for ``drain_s`` what is due.

    ``on_open`` is told each exchange that has been reached, ``on_parts`` the parts once
    they are open. Returns how many findings are not delivered.

    Raises:
        UserError: something in the settings or symbols the user must put right.
        AlreadyRunning: another run uses this state directory.
    """
    async with (
        opened(run, clock=clock, bulletin=bulletin) as parts,
        opened_vitals(parts, is_watch=True) as vitals,
    ):
        on_parts(parts)
        # before any exchange has answered: without a network it goes on trying
        vitals.systemd.ready(exchange_names(run.settings))
        scans: dict[str, Callable[[], Awaitable[None]]] = {
            f"scanner {exchange_id}": partial(
                _scan, parts, vitals, exchange_id, on_open
            )
            for exchange_id in run.settings.exchange.ids
        }
        work = {**parts.work, **vitals.work, **scans}
        try:
            await kept_alive(work, stop=stop, clock=clock, tell=bulletin.show_banner)
        except ExceptionGroup:
            # the end of this run, but not of the message that is on its way
            await parts.couriers.drain(deadline_s=_DRAIN_S)
            raise
        return await parts.couriers.drain(deadline_s=drain_s)


async def check(
    run: Run,
    *,
    clock: Clock,
    bulletin: Bulletin,
    deadline_s: float,
    stop: asyncio.Event,
) -> CheckResult:
    """Judge every market once, deliver what is due, and return within the deadline.

    ``stop`` ends the judging; what has been found is still delivered.

    Raises:
        UserError: something in the settings or symbols the user must put right.
        AlreadyRunning: another run uses this state directory.
    """
    async with (
        opened(run, clock=clock, bulletin=bulletin) as parts,
        opened_vitals(parts, is_watch=False) as vitals,
    ):
        watchers: list[Watcher] = []
        ends_mono = clock.monotonic() + deadline_s
        scan_s = max(deadline_s - run.settings.discord.timeout_s, deadline_s / 2)
        try:
            async with asyncio.timeout(scan_s):
                await _until(stop, _scan_all(parts, vitals, watchers))
        except TimeoutError:
            # no traceback: the time that was given is over, nothing is broken
            log.error("the pass did not end within %.0f s", scan_s)  # noqa: TRY400
        await parts.aftermath.look()
        left_s = max(ends_mono - clock.monotonic(), 1.0)
        undelivered = await parts.couriers.drain(deadline_s=left_s)
        left_s = max(ends_mono - clock.monotonic(), 1.0)
        await vitals.finish(deadline_s=left_s)
        return CheckResult(
            markets=len(watchers),
            failed=sum(watcher.failed for watcher in watchers),
            raised=bulletin.snapshot.raised,
            undelivered=undelivered,
        )


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do the work, or leave it when ``stop`` is set."""
    async with asyncio.TaskGroup() as tasks:
        doing = tasks.create_task(work)
        stopping = tasks.create_task(_cancel_on(stop, doing))
        await asyncio.wait([doing])
        stopping.cancel()


async def _cancel_on(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    await stop.wait()
    task.cancel()


async def _scan_all(parts: Parts, vitals: Vitals, watchers: list[Watcher]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for exchange_id in parts.run.settings.exchange.ids:
            tasks.create_task(
                _scan_once(parts, vitals, exchange_id, watchers), name=exchange_id
            )


async def _scan_once(
    parts: Parts, vitals: Vitals, exchange_id: str, watchers: list[Watcher]
) -> None:
    async with parts.exchange(exchange_id) as exchange:
        roster = parts.roster(exchange)
        try:
            await _opened(parts, exchange, roster)
        except FeedError as error:
            _tell_unreachable(parts, exchange, error, wait_s=None)
            return
        watchers.extend(roster.watchers)
        await _scanner(parts, vitals, exchange, roster).once()


async def _scan(
    parts: Parts,
    vitals: Vitals,
    exchange_id: str,
    on_open: Callable[[Exchange], None],
) -> None:
    async with parts.exchange(exchange_id) as exchange:
        roster = parts.roster(exchange)
        if await _opened_patiently(parts, vitals, exchange, roster):
            on_open(exchange)
            await _scanner(parts, vitals, exchange, roster).run()
    while True:
        # refused for good; a watchdog that starts it anew would only ask again
        await vitals.rest(exchange.id, _LONGEST_WAIT_S)


async def _opened(parts: Parts, exchange: Exchange, roster: Roster[Watcher]) -> None:
    await exchange.open()
    await asyncio.to_thread(remember, parts.run, exchange, parts.clock.now_ms())
    await roster.begin()
    parts.bulletin.show_banner(f"markets of {exchange.id}", "")


async def _opened_patiently(
    parts: Parts, vitals: Vitals, exchange: Exchange, roster: Roster[Watcher]
) -> bool:
    """Open, however long the network takes to come up; False where it never will."""
    wait_s = parts.run.settings.watch.poll_interval_s
    while True:
        pause_s = wait_s
        try:
            await _opened(parts, exchange, roster)
        except FeedBlocked as error:
            _tell_unreachable(parts, exchange, error, wait_s=None)
            return False
        except FeedError as error:
            if isinstance(error, FeedCooling):
                pause_s = max(wait_s, error.wait_s)
            _tell_unreachable(parts, exchange, error, wait_s=pause_s)
            vitals.systemd.status(f"{exchange.id} cannot be reached: {error}")
        else:
            return True
        await vitals.rest(exchange.id, pause_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _tell_unreachable(
    parts: Parts, exchange: Exchange, error: FeedError, *, wait_s: float | None
) -> None:
    told = "; ".join(filter(None, (str(error), error.hint)))
    log.error("%s cannot be reached: %s", exchange.id, told)
    doubt = doubts(parts.run, exchange.id)
    parts.bulletin.show_banner(f"markets of {exchange.id}", doubt)
    if doubt:
        log.error("%s: %s", exchange.id, doubt)
    blocked = isinstance(error, FeedBlocked)
    state = FeedState.BLOCKED if blocked else FeedState.UNAVAILABLE
    parts.bulletin.publish(
        FeedChanged(parts.clock.now_ms(), exchange.id, "", state, str(error), wait_s)
    )


def _scanner(
    parts: Parts, vitals: Vitals, exchange: Exchange, roster: Roster[Watcher]
) -> Scanner:
    return Scanner(
        exchange,
        roster.watchers,
        clock=parts.clock,
        bulletin=parts.bulletin,
        poll_interval_s=parts.run.settings.watch.poll_interval_s,
        # an embedded exchange keeps its own time on purpose
        tells_skew=parts.run.settings.exchange.base_url is None,
        tend=roster.tend,
        on_scan=vitals.scanned,
        on_beat=vitals.systemd.beat,
        beat_s=vitals.systemd.beat_s,
    )
