"""Rows of the fault matrix that concern all of liqmon at once.

E27 and F12, a host whose clock is off, are those of the scanner alone: see its tests.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import numpy as np

from couriers import a_rig
from factories import a_finding
from fakes import FakeClock
from liqmon.app.run import Run
from liqmon.core.events import FeedChanged, FeedState, FindingRaised
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Candles, Market
from liqmon.settings.models import Settings
from liqmon.store.outbox import OutboxEntry
from liqmon.ui.lines import line
from liqmon.ui.ndjson import dumps
from loopback_discord import loopback_discord
from scanning import Scanning, scanning
from stages import CALM_MS, FALLEN_MS, Stage, a_stage, falling

BIDI, SURROGATE = "\u202e\u2066", "\ud800"
ESCAPED = re.compile(r"\\.")
HOSTILE = Market(
    "bybit",
    f"@everyone [x](http://evil)/{BIDI}USDT{SURROGATE}:USDT",
    f"@everyone [x](http://evil){BIDI}",
    f"USDT{SURROGATE}",
)


@dataclass
class Watch:
    """A whole watch, half a minute of which passes whenever a test says so."""

    stage: Stage
    clock: FakeClock
    scan: Scanning

    async def goes_on(self) -> None:
        await self.scan.scans()
        await self.scan.parts.sentinel.look()
        await self.scan.parts.couriers.drain(deadline_s=30.0)
        self.clock.push(30)


@asynccontextmanager
async def a_watch(*symbols: str, btc: Candles | None = None) -> AsyncIterator[Watch]:
    clock = FakeClock(wall_ms=CALM_MS)
    async with a_stage(CALM_MS, btc=btc) as stage:
        settings = Settings.model_validate(
            {
                "exchange": {"base_url": stage.server.base_url},
                "discord": {
                    "base_url": stage.server.base_url,
                    "webhook_url": stage.server.webhook_url,
                },
                "retry": {"attempts": 1},
            }
        )
        async with scanning(Run(settings, symbols, None), clock) as scan:
            watch = Watch(stage, clock, scan)
            await watch.goes_on()
            yield watch


async def test_e15_a_new_unit_of_price_raises_nothing_and_is_said() -> None:
    old = falling()
    after = np.searchsorted(old.open_ms, FALLEN_MS - 120_000)
    unit = np.where(np.arange(len(old)) < after, 1.0, 1_000.0)
    new = replace(
        old,
        open=old.open * unit,
        high=old.high * unit,
        low=old.low * unit,
        close=old.close * unit,
        volume=old.volume / unit,
    )
    async with a_watch("BTCUSDT", btc=new) as watch:
        board = watch.scan.parts.bulletin
        assert board.snapshot.banner == ""
        watch.stage.skip_to(FALLEN_MS)
        await watch.goes_on()

        said = board.snapshot.banner
        assert "BTCUSDT: the price jumped, which is a new unit" in said
        assert watch.scan.findings() == []
        assert watch.stage.posts() == 0


async def test_e16_a_frozen_market_raises_nothing_and_is_called_stale_once() -> None:
    frozen = falling().closed(FALLEN_MS)
    async with a_watch("BTCUSDT", "ETHUSDT", btc=frozen) as watch:
        watch.stage.skip_to(FALLEN_MS + 60 * 60_000)
        for _ in range(6):
            await watch.goes_on()

        (stale,) = [
            event
            for event in watch.scan.events
            if isinstance(event, FeedChanged) and event.state is FeedState.STALE
        ]
        assert stale.symbol == "BTC/USDT:USDT"
        assert "min old" in stale.reason
        assert watch.scan.findings() == []
        assert watch.stage.posts() == 0


async def test_e22_a_market_with_a_hostile_name_is_told_and_pings_nobody() -> None:
    finding = a_finding(market=HOSTILE)
    clock = FakeClock()
    async with (
        loopback_discord(clock) as loopback,
        loopback.client(clock) as client,
        a_rig(sender=client, clock=clock) as rig,
    ):
        await rig.add(
            OutboxEntry(
                dedup_key="hostile",
                episode=finding.episode,
                kind="finding",
                severity=int(finding.severity),
                payload=finding_to_facts(finding),
            )
        )
        assert await rig.courier.drain(deadline_s=60.0) == 0

        (message,) = loopback.discord.messages
    assert message.payload["allowed_mentions"] == {"parse": []}
    texts = [message.payload["content"], message.payload["embeds"][0]["title"]]
    for text in texts:
        assert "everyone" in text
        assert not set(ESCAPED.sub("", text)) & {*"@[]():"}
    raised = FindingRaised(0, finding)
    for said in (str(message.payload), line(raised)):
        assert not set(said) & {*BIDI, SURROGATE}
    assert dumps(raised).encode()


async def test_e26_no_data_from_anywhere_is_told_once_and_so_is_their_return() -> None:
    async with a_watch("BTCUSDT", "ETHUSDT") as watch:
        watch.stage.let("http-503")
        for _ in range(6):
            await watch.goes_on()
        (silence,) = watch.stage.arrived()
        assert "no market data" in silence.lower()

        watch.stage.let()
        for _ in range(6):
            await watch.goes_on()
        (_, back) = watch.stage.arrived()
        assert "back" in back
        assert watch.stage.posts() == 2
