"""Rows of the fault matrix that concern all of liqmon at once.

E27 and F12, a host whose clock is off, are those of the scanner alone: see its tests.
"""

import re
import signal
from dataclasses import replace

import numpy as np

from couriers import a_rig
from factories import a_finding
from fakes import FakeClock
from liqmon.core.events import FindingRaised
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Market
from liqmon.store.outbox import OutboxEntry
from liqmon.ui.lines import line
from liqmon.ui.ndjson import dumps
from loopback_discord import loopback_discord
from processes import Shell
from stages import CALM_MS, FALLEN_MS, a_stage, falling

QUICK = {
    "LIQMON_HEALTH__STATUS_INTERVAL_S": "1",
    "LIQMON_HEALTH__STALE_AFTER_S": "3",
    "LIQMON_RETRY__ATTEMPTS": "1",
}

BIDI, SURROGATE = "\u202e\u2066", "\ud800"
ESCAPED = re.compile(r"\\.")
HOSTILE = Market(
    "bybit",
    f"@everyone [x](http://evil)/{BIDI}USDT{SURROGATE}:USDT",
    f"@everyone [x](http://evil){BIDI}",
    f"USDT{SURROGATE}",
)


async def test_e15_a_new_unit_of_price_raises_nothing_and_is_said(shell: Shell) -> None:
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
    async with a_stage(CALM_MS, btc=new) as stage:
        async with shell.given(stage.environ, QUICK).liqmon(
            "watch", "BTCUSDT"
        ) as running:
            await running.says("1 market: 1 ok; nearest BTCUSDT")
            stage.skip_to(FALLEN_MS)
            await running.says("BTCUSDT: the price jumped, which is a new unit")
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

        assert stage.posts() == 0
    assert ended.code == 0
    assert " 0 raised" in ended.out


async def test_e16_a_frozen_market_raises_nothing_and_is_called_stale_once(
    shell: Shell,
) -> None:
    frozen = falling().closed(FALLEN_MS)
    async with a_stage(CALM_MS, btc=frozen) as stage:
        async with shell.given(stage.environ, QUICK).liqmon(
            "watch", "BTCUSDT", "ETHUSDT", "--json"
        ) as running:
            await running.until(lambda: stage.server.requests)
            stage.skip_to(FALLEN_MS + 60 * 60_000)
            await running.says('"state":"stale"')
            polls = len(stage.server.requests)
            await running.until(lambda: len(stage.server.requests) > polls + 8)
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

        assert stage.posts() == 0
    assert ended.code == 0
    assert ended.events("finding") == []
    stale = [event for event in ended.events("feed") if event["state"] == "stale"]
    assert [event["symbol"] for event in stale] == ["BTC/USDT:USDT"]
    assert "min old" in stale[0]["reason"]


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


async def test_e26_no_data_from_anywhere_is_told_once_and_so_is_their_return(
    shell: Shell,
) -> None:
    async with a_stage(CALM_MS) as stage:
        async with shell.given(stage.environ, QUICK).liqmon(
            "watch", "BTCUSDT", "ETHUSDT"
        ) as running:
            await running.says("2 markets: 2 ok")
            stage.let("http-503")
            await running.until(stage.arrived)
            statuses = running.out.count("raised 0")
            await running.says("raised 0", times=statuses + 2)
            (silence,) = stage.arrived()
            assert "no market data" in silence.lower()

            stage.let()
            await running.until(lambda: len(stage.arrived()) > 1)
            await running.says("liqmon's report delivered", times=2)
            assert running.process.returncode is None
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

        assert "back" in stage.arrived()[1]
        assert stage.posts() == 2
    assert ended.code == 0
