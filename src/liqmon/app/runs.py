"""The two ways to run: ``watch`` until told to stop, ``check`` once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial

from liqmon.app.parts import Parts, opened
from liqmon.app.run import Run
from liqmon.clock import Clock
from liqmon.core.events import FeedChanged, FeedState
from liqmon.errors import FeedBlocked, FeedCooling, FeedError
from liqmon.exchange.client import Exchange
from liqmon.monitor.bulletin import Bulletin
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
    drain_s: float = _DRAIN_S,
) -> int:
    """Watch until ``stop`` is set, then deliver for ``drain_s`` what is due.

    ``on_open`` is told each exchange that has been reached. Returns how many findings
    are not delivered.

    Raises:
        UserError: something in the settings or symbols the user must put right.
        AlreadyRunning: another run uses this state directory.
    """
    async with opened(run, clock=clock, bulletin=bulletin) as parts:
        work: dict[str, Callable[[], Awaitable[None]]] = {
            **parts.couriers.work,
            "housekeeper": parts.housekeeper.run,
            "journal": parts.journalist.run,
            "health": parts.sentinel.run,
            **{
                f"scanner {exchange_id}": partial(_scan, parts, exchange_id, on_open)
                for exchange_id in run.settings.exchange.ids
            },
        }
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
    async with opened(run, clock=clock, bulletin=bulletin) as parts:
        watchers: list[Watcher] = []
        ends_mono = clock.monotonic() + deadline_s
        scan_s = max(deadline_s - run.settings.discord.timeout_s, deadline_s / 2)
        try:
            async with asyncio.timeout(scan_s):
                await _until(stop, _scan_all(parts, watchers))
        except TimeoutError:
            # no traceback: the time that was given is over, nothing is broken
            log.error("the pass did not end within %.0f s", scan_s)  # noqa: TRY400
        left_s = max(ends_mono - clock.monotonic(), 1.0)
        undelivered = await parts.couriers.drain(deadline_s=left_s)
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


async def _scan_all(parts: Parts, watchers: list[Watcher]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for exchange_id in parts.run.settings.exchange.ids:
            tasks.create_task(
                _scan_once(parts, exchange_id, watchers), name=exchange_id
            )


async def _scan_once(parts: Parts, exchange_id: str, watchers: list[Watcher]) -> None:
    async with parts.exchange(exchange_id) as exchange:
        try:
            await exchange.open()
        except FeedError as error:
            _tell_unreachable(parts, exchange, error, wait_s=None)
            return
        mine = parts.watchers(exchange)
        watchers.extend(mine)
        await _scanner(parts, exchange, mine).once()


async def _scan(
    parts: Parts, exchange_id: str, on_open: Callable[[Exchange], None]
) -> None:
    async with parts.exchange(exchange_id) as exchange:
        if await _opened_patiently(parts, exchange):
            on_open(exchange)
            await _scanner(parts, exchange, parts.watchers(exchange)).run()


async def _opened_patiently(parts: Parts, exchange: Exchange) -> bool:
    """Open, however long the network takes to come up; False where it never will."""
    wait_s = parts.run.settings.watch.poll_interval_s
    while True:
        pause_s = wait_s
        try:
            await exchange.open()
        except FeedBlocked as error:
            _tell_unreachable(parts, exchange, error, wait_s=None)
            return False
        except FeedError as error:
            if isinstance(error, FeedCooling):
                pause_s = max(wait_s, error.wait_s)
            _tell_unreachable(parts, exchange, error, wait_s=pause_s)
        else:
            return True
        await parts.clock.sleep(pause_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _tell_unreachable(
    parts: Parts, exchange: Exchange, error: FeedError, *, wait_s: float | None
) -> None:
    log.error("%s cannot be reached: %s", exchange.id, error)
    blocked = isinstance(error, FeedBlocked)
    state = FeedState.BLOCKED if blocked else FeedState.UNAVAILABLE
    parts.bulletin.publish(
        FeedChanged(parts.clock.now_ms(), exchange.id, "", state, str(error), wait_s)
    )


def _scanner(
    parts: Parts, exchange: Exchange, watchers: tuple[Watcher, ...]
) -> Scanner:
    return Scanner(
        exchange,
        watchers,
        clock=parts.clock,
        bulletin=parts.bulletin,
        poll_interval_s=parts.run.settings.watch.poll_interval_s,
        # an embedded exchange keeps its own time on purpose
        tells_skew=parts.run.settings.exchange.base_url is None,
    )
