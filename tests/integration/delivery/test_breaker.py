"""The breaker, the gate and the outbox against a strict Discord over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from couriers import MoodyStore, Rig, a_rig, entry
from fakes import FakeClock
from liqmon.core.breaker import BreakerPolicy
from liqmon.core.events import BreakerState
from liqmon.core.model import Severity
from loopback_discord import Loopback, loopback_discord

OPEN_S = 300.0
LONG_S = 4_000.0


@asynccontextmanager
async def delivering(
    *faults: str | None, store: MoodyStore | None = None
) -> AsyncIterator[tuple[Rig, Loopback]]:
    clock = FakeClock()
    async with (
        loopback_discord(clock) as loopback,
        loopback.client(clock) as client,
        a_rig(sender=client, clock=clock, store=store) as rig,
    ):
        loopback.faults.script = list(faults)
        yield rig, loopback


async def test_d03_three_failures_open_it_and_nothing_is_sent_while_it_is_open() -> (
    None
):
    async with delivering(*["discord-500"] * 3) as (rig, loopback):
        await rig.add(*map(entry, range(5)))
        assert await rig.courier.drain(deadline_s=OPEN_S - 0.1) == 5
        rig.clock.push(OPEN_S - 1)
        await rig.add(entry("meanwhile"))
        assert await rig.courier.drain(deadline_s=0.9) == 6

        assert [request.status for request in loopback.discord.requests] == [500] * 3
        assert loopback.discord.messages == []
        assert rig.shown[-1].breaker is BreakerState.OPEN


async def test_d03_it_closes_after_the_open_time_and_what_was_held_arrives() -> None:
    async with delivering(*["discord-500"] * 3) as (rig, loopback):
        await rig.add(*[entry(key, episode=f"held-{key}") for key in range(5)])
        started_ms = rig.clock.now_ms()

        assert await rig.courier.drain(deadline_s=LONG_S) == 0

        times = [request.at_ms - started_ms for request in loopback.discord.requests]
        assert min(at_ms for at_ms in times if at_ms > 0) == OPEN_S * 1000
        assert rig.breaker()[-1] is BreakerState.CLOSED
        arrived = "\n".join(str(message) for message in loopback.discord.messages)
        assert all(f"held-{key}" in arrived for key in range(5))
        states = await rig.states()
        assert states.pop("0") == "sent"
        assert set(states.values()) == {"digested", "sent"}


async def test_d03_the_outage_is_reported_before_what_was_held() -> None:
    async with delivering(*["discord-500"] * 3) as (rig, loopback):
        await rig.add(*map(entry, range(3)))
        await rig.courier.drain(deadline_s=LONG_S)

        _probe, report, *_held = loopback.contents()
        assert "**Discord was unreachable** for 5 min" in report
        assert "2 findings were held and follow" in report


async def test_d27_of_fifty_findings_one_is_the_probe() -> None:
    async with delivering(*["discord-500"] * 4) as (rig, loopback):
        await rig.add(*map(entry, range(50)))

        await rig.courier.drain(deadline_s=OPEN_S + 10)

        assert len(loopback.discord.requests) == 4


async def test_success_in_between_keeps_it_closed() -> None:
    failing = "discord-500"
    script = [failing, failing, None, failing, failing, None]
    async with delivering(*script) as (rig, _):
        await rig.add(*map(entry, range(4)))

        assert await rig.courier.drain(deadline_s=100) == 0
        assert rig.breaker() == []


async def test_d05_a_lost_reply_makes_two_messages_with_one_id() -> None:
    async with delivering("discord-lost") as (rig, loopback):
        await rig.add(entry(episode="7f3k"))

        assert await rig.courier.drain(deadline_s=10) == 0

        first, second = (str(message.payload) for message in loopback.discord.messages)
        assert "7f3k" in first
        assert "7f3k" in second
        assert ["possible duplicate" in text for text in (first, second)] == [
            False,
            True,
        ]


async def test_d06_a_reset_is_a_failure_that_is_tried_again() -> None:
    async with delivering("discord-reset") as (rig, loopback):
        await rig.add(entry())

        assert await rig.courier.drain(deadline_s=10) == 0
        assert len(loopback.discord.messages) == 1


async def test_d07_a_rate_limit_is_waited_for_and_leaves_the_breaker_alone() -> None:
    async with delivering(*["discord-429"] * 4) as (rig, loopback):
        await rig.add(entry())

        assert await rig.courier.drain(deadline_s=20) == 0

        times = [request.at_ms for request in loopback.discord.requests]
        assert all(later - earlier >= 1_337 for earlier, later in pairwise(times))
        assert rig.breaker() == []


async def test_d11_a_backlog_never_meets_either_of_discord_s_limits() -> None:
    async with delivering() as (rig, loopback):
        await rig.add(*map(entry, range(33)))

        assert await rig.courier.drain(deadline_s=LONG_S) == 0
        assert {request.status for request in loopback.discord.requests} == {200}


async def test_d12_a_webhook_that_is_gone_is_not_asked_again_after_a_restart(
    tmp_path: Path,
) -> None:
    store = await MoodyStore.open(tmp_path)
    async with delivering("discord-404", store=store) as (rig, loopback):
        await rig.add(entry())
        assert await rig.courier.drain(deadline_s=LONG_S) == 1
        assert len(loopback.discord.requests) == 1
        await store.close()

    store = await MoodyStore.open(tmp_path)
    async with delivering(store=store) as (rig, loopback):
        assert await rig.courier.drain(deadline_s=LONG_S) == 1
        assert loopback.discord.requests == []
        assert await rig.states() == {"1": "pending"}
        await store.close()


async def test_d03_a_restart_finds_the_breaker_open(tmp_path: Path) -> None:
    store = await MoodyStore.open(tmp_path)
    async with delivering(*["discord-500"] * 3, store=store) as (rig, _):
        await rig.add(*map(entry, range(3)))
        await rig.courier.drain(deadline_s=10)
        await store.close()

    store = await MoodyStore.open(tmp_path)
    async with delivering(store=store) as (rig, loopback):
        assert await rig.courier.drain(deadline_s=OPEN_S - 10) == 3
        assert loopback.discord.requests == []
        assert await rig.courier.drain(deadline_s=LONG_S) == 0
        await store.close()


async def test_d15_a_block_by_cloudflare_is_a_quarter_of_an_hour_not_the_end() -> None:
    async with delivering("discord-403") as (rig, loopback):
        await rig.add(entry())

        assert await rig.courier.drain(deadline_s=899) == 1
        assert len(loopback.discord.requests) == 1
        assert await rig.courier.drain(deadline_s=901) == 0


async def test_d17_one_refused_message_is_sent_plain_and_the_next_flows() -> None:
    async with delivering("discord-400", "discord-400") as (rig, loopback):
        await rig.add(entry("bad", severity=Severity.HIGH), entry("good"))

        assert await rig.courier.drain(deadline_s=10) == 1

        assert await rig.states() == {"bad": "dead", "good": "sent"}
        assert len(loopback.discord.messages) == 1
        assert "embeds.0.description" in (await rig.row("bad")).last_error


async def test_d25_a_redirect_is_not_followed() -> None:
    async with delivering("discord-redirect") as (rig, loopback):
        await rig.add(entry())

        assert await rig.courier.drain(deadline_s=LONG_S) == 1
        assert [request.method for request in loopback.discord.requests] == ["POST"]
        assert rig.breaker() == [BreakerState.DEAD]


async def test_d01_and_d02_any_2xx_is_a_delivery() -> None:
    async with delivering("discord-204", "discord-html-200") as (rig, loopback):
        await rig.add(entry(), entry(2))

        assert await rig.courier.drain(deadline_s=10) == 0
        assert len(loopback.discord.messages) == 2


async def test_without_the_breaker_every_finding_is_tried() -> None:
    clock = FakeClock()
    async with (
        loopback_discord(clock) as loopback,
        loopback.client(clock) as client,
        a_rig(sender=client, clock=clock, policy=BreakerPolicy(enabled=False)) as rig,
    ):
        loopback.faults.script = ["discord-500"] * 6
        await rig.add(*map(entry, range(6)))

        assert await rig.courier.drain(deadline_s=60) == 0
        assert len(loopback.discord.requests) == 12
