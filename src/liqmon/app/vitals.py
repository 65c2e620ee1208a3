"""What proves to the outside that a run is alive, put together from the settings."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import liqmon
from liqmon.app.couriers import report_routes
from liqmon.app.exchanges import exchange_names
from liqmon.app.parts import Parts
from liqmon.clock import Clock
from liqmon.core.events import Event, GaveUp, Retrying
from liqmon.errors import ConfigError
from liqmon.monitor.daily import DailyDigest
from liqmon.monitor.health import health_of
from liqmon.monitor.heartbeat import Heartbeat
from liqmon.monitor.lastscan import LastScan
from liqmon.monitor.reports import ReportBox
from liqmon.monitor.scanner import Scan
from liqmon.monitor.systemd import Systemd

if TYPE_CHECKING:
    from liqmon.monitor.metrics import Metrics

__all__ = ["Vitals", "opened_vitals"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Vitals:
    """Who is told of scans, what runs for that, and what a short run ends with.

    An ending gets the seconds that are left.
    """

    clock: Clock
    systemd: Systemd
    listeners: list[Callable[[Scan], None]] = field(default_factory=list)
    work: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    endings: list[Callable[[float], Awaitable[None]]] = field(default_factory=list)

    def scanned(self, scan: Scan) -> None:
        """Tell everybody that a scan is over."""
        for listener in self.listeners:
            listener(scan)

    async def rest(self, exchange_id: str, seconds: float) -> None:
        """Let a scan loop wait without seeming dead."""
        until_mono = self.clock.monotonic() + seconds
        while (left_s := until_mono - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left_s, self.systemd.beat_s))
            self.systemd.beat(exchange_id)

    async def finish(self, *, deadline_s: float) -> None:
        """Do what a short run ends with, as far as the time allows."""
        ends_mono = self.clock.monotonic() + deadline_s
        for ending in self.endings:
            await ending(max(ends_mono - self.clock.monotonic(), 0.1))


@asynccontextmanager
async def opened_vitals(parts: Parts, *, is_watch: bool) -> AsyncIterator[Vitals]:
    """Open what a run shows of itself, until the block ends.

    Raises:
        UserError: the metrics cannot be served.
    """
    async with AsyncExitStack() as stack:
        systemd = Systemd.from_environ(os.environ) if is_watch else Systemd()
        vitals = Vitals(parts.clock, systemd)
        _add_mark(vitals, parts)
        _add_heartbeat(vitals, parts)
        if is_watch:
            _add_status(vitals, parts, stack)
            _add_daily(vitals, parts, stack)
            await _add_page(vitals, parts, stack)
        else:
            _add_textfile(vitals, parts, stack)
        yield vitals


def _add_mark(vitals: Vitals, parts: Parts) -> None:
    if parts.run.state_dir is None:
        return
    mark = LastScan(parts.run.state_dir, parts.clock)
    vitals.listeners.append(mark.scanned)
    vitals.work["last scan"] = mark.run
    vitals.endings.append(lambda _: mark.finish())


def _add_heartbeat(vitals: Vitals, parts: Parts) -> None:
    health = parts.run.settings.health
    if health.heartbeat_url is None or parts.run.dry_run:
        return
    heartbeat = Heartbeat(
        health.heartbeat_url,
        clock=parts.clock,
        interval_s=health.heartbeat_interval_s,
        version=liqmon.__version__,
        tell=partial(parts.bulletin.show_banner, "heartbeat"),
    )
    vitals.listeners.append(heartbeat.scanned)
    vitals.work["heartbeat"] = heartbeat.run
    vitals.endings.append(heartbeat.finish)


def _add_status(vitals: Vitals, parts: Parts, stack: AsyncExitStack) -> None:
    def beat(event: Event) -> None:
        # a call without a symbol is one that the scan loop itself waits for
        if isinstance(event, Retrying | GaveUp) and not event.symbol:
            vitals.systemd.beat(event.exchange)

    stack.enter_context(parts.bulletin.listening(beat, "the watchdog"))
    vitals.listeners.append(lambda _: vitals.systemd.status(_health(parts)[1]))


def _add_daily(vitals: Vitals, parts: Parts, stack: AsyncExitStack) -> None:
    settings = parts.run.settings
    if not settings.health.daily_digest:
        return
    routes = report_routes(settings, parts.clock.now_ms())
    daily = DailyDigest(
        settings.health.daily_digest,
        clock=parts.clock,
        bulletin=parts.bulletin,
        outbox=ReportBox(parts.store, routes),
        on_report=parts.couriers.wake,
    )
    stack.enter_context(parts.bulletin.listening(daily.note, "the daily digest"))
    vitals.listeners.append(daily.scanned)
    vitals.work["daily digest"] = daily.run


async def _add_page(vitals: Vitals, parts: Parts, stack: AsyncExitStack) -> None:
    listen = parts.run.settings.metrics.listen
    if not listen:
        return
    # here: a server takes memory and start-up time that most runs need not spend
    from liqmon.monitor.exposition import serving  # noqa: PLC0415

    metrics = _metrics(parts)
    stack.enter_context(parts.bulletin.listening(metrics.note, "the metrics"))
    vitals.listeners.append(metrics.scanned)
    await stack.enter_async_context(
        serving(listen, page=metrics.page, health=lambda: _health(parts))
    )


def _add_textfile(vitals: Vitals, parts: Parts, stack: AsyncExitStack) -> None:
    path = parts.run.settings.metrics.textfile
    if path is None:
        return
    metrics = _metrics(parts)
    stack.enter_context(parts.bulletin.listening(metrics.note, "the metrics"))
    vitals.listeners.append(metrics.scanned)

    async def write(_left_s: float) -> None:
        try:
            await asyncio.to_thread(metrics.write, path)
        except OSError as error:
            log.error("no metrics in %s: %s", path, error.strerror)  # noqa: TRY400

    vitals.endings.append(write)


def _metrics(parts: Parts) -> "Metrics":
    try:
        # here: it is an extra
        from liqmon.monitor.metrics import Metrics  # noqa: PLC0415
    except ModuleNotFoundError as error:
        fault = f"metrics need a package that is not installed: {error.name}"
    else:
        exchanges = exchange_names(parts.run.settings)
        return Metrics(parts.bulletin, parts.clock, exchanges=exchanges)
    raise ConfigError(fault, hint="pip install 'liqmon[metrics]'")


def _health(parts: Parts) -> tuple[bool, str]:
    return health_of(
        parts.bulletin.snapshot,
        now_mono=parts.clock.monotonic(),
        stale_after_s=parts.run.settings.health.stale_after_s,
    )
