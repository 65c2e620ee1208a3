"""P12: the host sleeps for hours while the markets go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from candles import from_closes
from fakes import FakeClock
from liqmon.app.parts import Parts, opened
from liqmon.app.run import Run, empty_board
from liqmon.core.events import Event, FeedChanged, FeedState, FindingRaised
from liqmon.core.model import Candles, Finding
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scanner
from liqmon.settings.models import ExchangeTable, Settings
from stages import CALM_MS, FALLEN_MS, MINUTE_MS, Stage, a_stage, falling

HOUR_S = 3_600.0


@dataclass
class Host:
    """A watch of one market on a host whose sleep is up to the test."""

    stage: Stage
    parts: Parts
    scanner: Scanner
    clock: FakeClock
    events: list[Event] = field(default_factory=list)

    async def sleeps(self, seconds: float) -> None:
        """Sleep: the exchange and the wall clock go on, and nothing else does."""
        self.clock.wall_ms += round(seconds * 1000)
        self.stage.server.time.start_ms += round(seconds * 1000)
        await self.parts.sentinel.look()

    def findings(self) -> list[Finding]:
        return [one.finding for one in self.events if isinstance(one, FindingRaised)]


@asynccontextmanager
async def a_host(start_ms: int, btc: Candles | None = None) -> AsyncIterator[Host]:
    clock = FakeClock(wall_ms=start_ms)
    async with a_stage(start_ms, btc=btc) as stage:
        settings = Settings(exchange=ExchangeTable(base_url=stage.server.base_url))
        run = Run(settings, ("BTCUSDT",), None, dry_run=True)
        bulletin = Bulletin(clock, empty_board(run, clock))
        async with (
            opened(run, clock=clock, bulletin=bulletin) as parts,
            parts.exchange("bybit") as exchange,
        ):
            await exchange.open()
            roster = parts.roster(exchange)
            await roster.begin()
            scanner = Scanner(
                exchange,
                roster.watchers,
                clock=clock,
                bulletin=bulletin,
                poll_interval_s=5,
            )
            host = Host(stage, parts, scanner, clock)
            with bulletin.listening(host.events.append):
                await scanner.once()
                yield host


async def test_p12_a_cascade_that_was_slept_through_is_told_once() -> None:
    async with a_host(CALM_MS) as host:
        assert host.findings() == []

        await host.sleeps((FALLEN_MS - CALM_MS) / 1000 + HOUR_S)
        await host.scanner.once()
        told = host.findings()
        await host.scanner.once()

    assert [one.phase.value for one in told] == ["onset", "escalation", "end"]
    assert FALLEN_MS - 7 * MINUTE_MS < told[0].onset_ms < FALLEN_MS
    assert host.findings() == told


async def test_p12_what_drifted_while_the_host_slept_is_no_move() -> None:
    old = falling()
    # before any fall: then 8 % in two hours, a fifteenth of a per cent a minute
    at = np.arange(len(old)) - np.searchsorted(old.open_ms, CALM_MS)
    drift = np.exp(np.clip(at / 120, 0.0, 1.0) * np.log(0.92))
    flat = np.full(len(old), 100.0) * (1 + 0.0004 * np.sin(at)) * drift
    drifting = from_closes(flat)
    async with a_host(CALM_MS, drifting) as host:
        before = host.parts.bulletin.snapshot.rows["bybit:BTC/USDT:USDT"].price
        await host.sleeps(2 * HOUR_S)
        await host.scanner.once()
        after = host.parts.bulletin.snapshot.rows["bybit:BTC/USDT:USDT"]

    assert before is not None
    assert after.price is not None
    assert after.price / before < 0.93
    assert after.change is not None
    assert after.change > -0.01
    assert host.findings() == []


async def test_p12_sleep_makes_no_feed_stale() -> None:
    async with a_host(CALM_MS) as host:
        await host.sleeps(8 * HOUR_S)
        states = [one.state for one in host.events if isinstance(one, FeedChanged)]

    assert FeedState.STALE not in states
