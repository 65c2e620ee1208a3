"""P12: the host sleeps for hours while the markets go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from candles import from_closes
from fakes import FakeClock
from liqmon.app.run import Run
from liqmon.core.events import FeedChanged, FeedState
from liqmon.core.model import Candles
from liqmon.settings.models import ExchangeTable, Settings
from scanning import Scanning, scanning
from stages import CALM_MS, FALLEN_MS, MINUTE_MS, Stage, a_stage, falling

HOUR_S = 3_600.0


@dataclass
class Host:
    """A watch of one market on a host whose sleep is up to the test."""

    stage: Stage
    watch: Scanning
    clock: FakeClock

    async def sleeps(self, seconds: float) -> None:
        """Sleep: the exchange and the wall clock go on, and nothing else does."""
        self.clock.wall_ms += round(seconds * 1000)
        self.stage.server.time.start_ms += round(seconds * 1000)
        await self.watch.parts.sentinel.look()


@asynccontextmanager
async def a_host(start_ms: int, btc: Candles | None = None) -> AsyncIterator[Host]:
    clock = FakeClock(wall_ms=start_ms)
    async with a_stage(start_ms, btc=btc) as stage:
        settings = Settings(exchange=ExchangeTable(base_url=stage.server.base_url))
        run = Run(settings, ("BTCUSDT",), None, dry_run=True)
        async with scanning(run, clock) as watch:
            await watch.scans()
            yield Host(stage, watch, clock)


async def test_p12_a_cascade_that_was_slept_through_is_told_once() -> None:
    async with a_host(CALM_MS) as host:
        assert host.watch.findings() == []

        await host.sleeps((FALLEN_MS - CALM_MS) / 1000 + HOUR_S)
        await host.watch.scans()
        told = host.watch.findings()
        await host.watch.scans()

    assert [one.phase.value for one in told] == ["onset", "escalation", "end"]
    assert FALLEN_MS - 7 * MINUTE_MS < told[0].onset_ms < FALLEN_MS
    assert host.watch.findings() == told


async def test_p12_what_drifted_while_the_host_slept_is_no_move() -> None:
    old = falling()
    # before any fall: then 8 % in two hours, a fifteenth of a per cent a minute
    at = np.arange(len(old)) - np.searchsorted(old.open_ms, CALM_MS)
    drift = np.exp(np.clip(at / 120, 0.0, 1.0) * np.log(0.92))
    flat = np.full(len(old), 100.0) * (1 + 0.0004 * np.sin(at)) * drift
    drifting = from_closes(flat)
    async with a_host(CALM_MS, drifting) as host:
        before = host.watch.parts.bulletin.snapshot.rows["bybit:BTC/USDT:USDT"].price
        await host.sleeps(2 * HOUR_S)
        await host.watch.scans()
        after = host.watch.parts.bulletin.snapshot.rows["bybit:BTC/USDT:USDT"]

    assert before is not None
    assert after.price is not None
    assert after.price / before < 0.93
    assert after.change is not None
    assert after.change > -0.01
    assert host.watch.findings() == []


async def test_p12_sleep_makes_no_feed_stale() -> None:
    async with a_host(CALM_MS) as host:
        await host.sleeps(8 * HOUR_S)
        states = [
            one.state for one in host.watch.events if isinstance(one, FeedChanged)
        ]

    assert FeedState.STALE not in states
