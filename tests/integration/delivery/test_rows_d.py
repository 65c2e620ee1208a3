"""The Discord side of the fault matrix, row by row.

Over real HTTP where the matrix says so; D26 to D29 on virtual time, with a fake sender
where the request itself is the fault. D31 and D32 stand beside the messages.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from canned_discord import Canned, CannedDiscord, canned_discord
from certificates import self_signed
from couriers import (
    DELIVERED,
    FAILING,
    LOST,
    MoodyStore,
    Rig,
    ScriptedSender,
    SteppedClock,
    a_rig,
    developed,
    entry,
    lives,
    raised,
)
from delivering import delivering
from factories import a_finding
from fakes import FakeClock
from liqmon.core.board import Receiver
from liqmon.core.breaker import BreakerPolicy
from liqmon.core.events import BreakerState
from liqmon.core.model import Finding, Phase, Severity
from liqmon.discord.answers import Answer
from liqmon.discord.attachments import Attachment
from liqmon.discord.client import DiscordClient
from liqmon.store.outbox import RowState
from liqmon.webhook import WebhookUrl
from loopback_discord import TOKEN, URL, served

OPEN_S = 300.0
LONG_S = 4_000.0
HOUR_S = 3_600.0

ONE = a_finding(episode="one")
END = replace(ONE, phase=Phase.END, ended_ms=ONE.decided_ms)


def api(status: int, code: int, **more: object) -> Canned:
    return Canned(status, {"code": code, "message": "said by Discord", **more})


@asynccontextmanager
async def told(
    *script: Canned, findings: int = 1, **more: Any
) -> AsyncIterator[tuple[Rig, CannedDiscord]]:
    """Yield a rig with findings to tell, and the Discord that answers by the script."""
    clock = SteppedClock()
    async with (
        canned_discord(clock, *script) as discord,
        discord.client(clock) as client,
        a_rig(sender=client, clock=clock, **more) as rig,
    ):
        clock.ends_s = float("inf")
        for number in range(findings):
            await raised(rig, replace(ONE, episode=f"e{number}"))
        yield rig, discord


async def states(rig: Rig) -> list[str]:
    return [row.state.value for row in await rig.store.entries()]


async def pending_reason(rig: Rig) -> str:
    (row,) = await rig.store.entries([RowState.PENDING])
    return row.last_error


def shown(rig: Rig) -> Receiver:
    return rig.shown[-1]


async def test_d01_204_is_a_delivery_without_an_id_that_is_never_edited() -> None:
    async with delivering("discord-204") as both:
        await both.raise_(ONE)
        await both.live(70)
        await developed(both.rig, replace(ONE, price_extreme=60_000.0))
        await both.live(200)

        assert both.methods() == ["POST"]
        (row,) = await both.rig.store.entries()
        assert (row.state, row.message_id) == (RowState.SENT, "")


@pytest.mark.parametrize("body", ["<html>OK</html>", "", '{"id": '])
async def test_d02_any_2xx_is_a_delivery_whatever_it_says(body: str) -> None:
    async with told(Canned(200, body)) as (rig, _):
        assert await rig.courier.drain(deadline_s=5) == 0
        assert await states(rig) == ["sent"]


async def test_d03_three_failures_open_it_for_300_s_and_then_there_is_one_probe() -> (
    None
):
    async with told(*[Canned(500)] * 4, findings=5) as (rig, discord):
        await rig.courier.drain(deadline_s=OPEN_S + 10)

        assert discord.times() == [0, 0, 0, OPEN_S]
        assert shown(rig).breaker is BreakerState.OPEN


async def test_d04_a_page_of_cloudflare_is_a_failure_and_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with delivering("discord-502") as both:
        await both.raise_(ONE)
        await both.live(0.5)
        assert shown(both.rig).failures == 1
        await both.live(10)

        assert len(both.messages) == 1
        ours = [r.getMessage() for r in caplog.records if r.name.startswith("liqmon")]
        assert any("HTTP 502" in line for line in ours)
        assert not any("<" in line or TOKEN in line for line in ours)


async def test_d05_a_lost_reply_is_sent_once_more_with_the_same_id() -> None:
    async with delivering("discord-lost") as both:
        await both.raise_(ONE)
        await both.live(60)

        first, second = (str(message.payload) for message in both.messages)
        assert "· one ·" in first
        assert "· one ·" in second
        assert "possible duplicate" not in first
        assert "possible duplicate" in second


async def test_d05_the_lost_reply_to_an_edit_makes_no_second_message() -> None:
    async with delivering(None, "discord-lost") as both:
        await both.raise_(ONE)
        await both.live(10)
        await both.raise_(END)
        await both.live(60)

        assert both.methods() == ["POST", "PATCH", "PATCH"]
        assert len(both.messages) == 1


async def test_d06_a_reset_before_the_headers_leaves_the_row_pending() -> None:
    async with delivering("discord-reset") as both:
        await both.raise_(ONE)
        await both.live(0.5)
        (row,) = await both.rig.store.entries()
        assert row.state is RowState.PENDING
        assert shown(both.rig).failures == 1

        await both.live(10)
        assert len(both.messages) == 1


async def test_d07_the_shortest_rate_limit_is_waited_for_and_no_failure() -> None:
    limit = Canned(429, {"retry_after": 0.376, "global": False, "message": "slow"})
    async with told(*[limit] * 5) as (rig, discord):
        assert await rig.courier.drain(deadline_s=20) == 0

        assert all(b - a >= 0.376 for a, b in pairwise(discord.times()))
        assert rig.breaker() == []


@pytest.mark.parametrize(
    ("retry_after", "header", "wait_s"),
    [
        (3600, None, 3600.25),
        (1e9, None, 86_400.0),
        (-1, "7", 7.25),
        ("abc", "7", 7.25),
        (None, "7", 7.25),
        (0.1, "7", 7.25),
        (-1, None, 900.0),
        ("abc", None, 900.0),
        (None, None, 900.0),
        (True, "nan", 900.0),
    ],
)
async def test_d08_an_absurd_retry_after_is_clamped(
    retry_after: object, header: str | None, wait_s: float
) -> None:
    body: dict[str, object] = {"message": "slow", "global": False}
    if retry_after is not None:
        body["retry_after"] = retry_after
    headers = {} if header is None else {"Retry-After": header}
    clock = FakeClock()
    async with (
        canned_discord(clock, Canned(429, body, headers)) as discord,
        discord.client(clock) as client,
        a_rig(sender=client, clock=clock) as rig,
    ):
        await rig.add(entry(severity=Severity.CRITICAL))
        await rig.courier.drain(deadline_s=0.5)

        assert shown(rig).until_mono == pytest.approx(wait_s)
        assert rig.breaker() == []
        await rig.courier.drain(deadline_s=wait_s - 1)
        assert discord.times() == [0]


@pytest.mark.parametrize("scope", ["global", "shared", "user"])
async def test_d09_a_limit_of_any_scope_holds_the_whole_sender(scope: str) -> None:
    limit = Canned(
        429,
        {"retry_after": 30.0, "global": scope == "global", "message": "slow"},
        {"X-RateLimit-Scope": scope},
    )
    async with told(limit, findings=2) as (rig, discord):
        assert await rig.courier.drain(deadline_s=100) == 0

        assert discord.times() == pytest.approx([0, 30.25, 30.25])
        assert rig.breaker() == []


async def test_d10_an_empty_bucket_is_waited_for() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.2"}
    async with told(Canned(200, {"id": "1"}, headers), findings=2) as (rig, discord):
        assert await rig.courier.drain(deadline_s=10) == 0

        assert discord.times() == pytest.approx([0, 1.2])


async def test_d11_of_seventy_in_a_minute_28_go_out_and_the_rest_is_a_digest() -> None:
    async with delivering(group_wait_s=0.0) as both:
        for number in range(70):
            await both.raise_(replace(ONE, episode=f"e{number}"))
        await both.live(300)

        assert {request.status for request in both.loopback.discord.requests} == {200}
        times = both.moments("POST")
        for start in times:
            assert sum(start <= at < start + 60 for at in times) <= 28
            assert sum(start <= at < start + 2 for at in times) <= 4
        assert set((await both.rig.states()).values()) == {"sent", "digested"}


@pytest.mark.parametrize(
    ("row", "answer"), [("D12", api(404, 10015)), ("D14", api(401, 50027))]
)
async def test_d12_and_d14_a_webhook_that_is_gone_is_asked_once_until_its_url_changes(
    row: str, answer: Canned, tmp_path: Path
) -> None:
    store = await MoodyStore.open(tmp_path)
    async with told(answer, findings=2, store=store) as (rig, discord):
        assert await rig.courier.drain(deadline_s=LONG_S) == 2, row
        assert len(discord.asked) == 1
        await store.close()

    store = await MoodyStore.open(tmp_path)
    async with told(findings=0, store=store) as (rig, discord):
        assert await rig.courier.drain(deadline_s=LONG_S) == 2
        assert discord.asked == []
        assert shown(rig).breaker is BreakerState.DEAD
        assert "does not exist any more" in shown(rig).reason

    async with told(findings=0, store=store, fingerprint="new") as (rig, discord):
        assert await rig.courier.drain(deadline_s=LONG_S) == 0
        assert len(discord.asked) == 2
        await store.close()


async def test_d13_one_404_that_is_a_page_is_a_failure_and_no_more() -> None:
    async with told(Canned(404, "<html>not found</html>")) as (rig, discord):
        assert await rig.courier.drain(deadline_s=30) == 0

        assert discord.times() == pytest.approx([0, 1])
        assert rig.breaker() == []


async def test_d15_a_block_by_cloudflare_is_a_quarter_of_an_hour() -> None:
    async with told(Canned(403, "error code: 1010")) as (rig, discord):
        await rig.courier.drain(deadline_s=5)
        assert "Cloudflare" in shown(rig).reason
        assert shown(rig).breaker is BreakerState.CLOSED
        assert await rig.courier.drain(deadline_s=LONG_S) == 0

        assert discord.times() == pytest.approx([0, 900])


@pytest.mark.parametrize(
    ("row", "answer", "hint"),
    [
        ("D16", api(403, 50001), "may not post there"),
        ("D23", api(400, 220001), "a forum channel needs a thread"),
        ("D24 archived", api(400, 50083), "the thread is archived"),
        ("D24 locked", api(403, 160005), "the thread is locked"),
    ],
)
async def test_d16_d23_d24_what_only_the_user_can_put_right_waits_an_hour_loudly(
    row: str, answer: Canned, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with told(answer) as (rig, discord):
        await rig.courier.drain(deadline_s=5)
        assert hint in shown(rig).reason, row
        assert shown(rig).breaker is BreakerState.CLOSED
        loud = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert any(hint in record.getMessage() for record in loud)
        assert await rig.courier.drain(deadline_s=LONG_S) == 0

        assert discord.times() == pytest.approx([0, HOUR_S])


async def test_d17_one_refused_finding_is_sent_plain_then_dead_and_others_flow() -> (
    None
):
    async with told(api(400, 50035), api(400, 50035), findings=3) as (rig, discord):
        assert await rig.courier.drain(deadline_s=30) == 1

        assert sorted(await states(rig)) == ["dead", "sent", "sent"]
        assert "embeds" in discord.asked[0].body
        assert not discord.asked[1].body.get("embeds")
        assert rig.breaker() == []


async def test_d18_when_all_are_refused_three_are_dead_and_the_rest_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with told(*[api(400, 50035)] * 40, findings=6) as (rig, discord):
        assert await rig.courier.drain(deadline_s=HOUR_S - 1) == 6

        assert sorted(await states(rig)) == ["dead"] * 3 + ["pending"] * 3
        assert len(discord.asked) == 6
        assert "3 messages in a row were refused" in caplog.text


@pytest.mark.parametrize("answer", [Canned(413, "too large"), api(400, 40005)])
async def test_d19_a_picture_that_is_too_large_is_left_out(answer: Canned) -> None:
    async def picture(_finding: Finding) -> Attachment | None:
        return Attachment("liq.png", b"x" * 1_000, "a chart")

    async with told(answer, pictures=picture) as (rig, discord):
        assert await rig.courier.drain(deadline_s=30) == 0

        assert [asked.files for asked in discord.asked] == [1, 0]
        with_picture, without = (asked.body for asked in discord.asked)
        assert with_picture["embeds"][0]["image"]["url"] == "attachment://liq.png"
        assert without["embeds"][0].get("image") is None
        assert await states(rig) == ["sent"]


@pytest.mark.parametrize("code", [200000, 240000])
async def test_d20_what_automod_dislikes_is_sent_without_links_then_dead(
    code: int,
) -> None:
    async with told(api(400, code), api(400, code)) as (rig, discord):
        assert await rig.courier.drain(deadline_s=30) == 1

        assert "http" in discord.texts()[0]
        assert "http" not in discord.texts()[1]
        assert await states(rig) == ["dead"]


async def test_d21_the_end_of_a_message_that_is_gone_is_a_new_message() -> None:
    async with told(
        Canned(200, {"id": "7"}), api(404, 10008), Canned(200, {"id": "8"})
    ) as (rig, discord):
        await rig.courier.drain(deadline_s=5)
        await raised(rig, replace(END, episode="e0"))
        assert await rig.courier.drain(deadline_s=60) == 0

        assert discord.methods() == ["POST", "PATCH", "POST"]
        assert [row.message_id for row in await rig.store.entries()] == ["7", "8"]
        assert rig.breaker() == []


async def test_d22_a_message_too_old_to_edit_is_edited_no_more() -> None:
    too_old = api(429, 30046, retry_after=1.5)
    async with told(Canned(200, {"id": "7"}), too_old, Canned(200, {"id": "8"})) as (
        rig,
        discord,
    ):
        await rig.courier.drain(deadline_s=5)
        rig.clock.push(70)
        await developed(rig, replace(ONE, episode="e0", price_extreme=61_000.0))
        await lives(rig, 10)
        assert discord.methods() == ["POST", "PATCH", "POST"]
        assert discord.times()[2] - discord.times()[1] >= 1.5
        await raised(rig, replace(END, episode="e0"))
        await lives(rig, 10)

        assert [asked.target for asked in discord.asked] == ["", "7", "", "8"]
        assert rig.breaker() == []


async def test_d25_a_redirect_is_not_followed_and_the_body_goes_nowhere_else() -> None:
    async with delivering("discord-redirect") as both:
        await both.raise_(ONE)
        await both.live(LONG_S)

        assert both.methods() == ["POST"]
        assert both.messages == []
        assert both.rig.breaker() == [BreakerState.DEAD]


class HangingSender(ScriptedSender):
    """Takes ten seconds over its fourth request and all that follow."""

    async def post(
        self, payload: Any, files: Any = ()
    ) -> Answer:  # a timeout of the client is an answer too
        if len(self.posted) >= 3:
            self.posted.append((self.clock.monotonic(), payload))
            await self.clock.sleep(10.0)
            return LOST
        return await super().post(payload, files)


async def test_d26_a_probe_that_hangs_opens_the_breaker_again_after_its_timeout() -> (
    None
):
    clock = FakeClock()
    sender = HangingSender(clock, [FAILING] * 3)
    async with a_rig(sender=sender, clock=clock) as rig:
        await rig.add(entry())
        await rig.courier.drain(deadline_s=950)

        assert sender.times == pytest.approx([0, 1, 3, 303, 613, 923])
        assert rig.breaker()[-1] is BreakerState.OPEN


async def test_d26_a_probe_without_a_verdict_is_followed_by_another() -> None:
    async with a_rig(*[FAILING] * 3, policy=BreakerPolicy(open_s=1.0)) as rig:
        await rig.add(*map(entry, range(2)))
        await rig.courier.drain(deadline_s=1.5)
        rig.sender.meanwhile = asyncio.Event().wait
        rig.clock.push(2)
        await rig.courier.drain(deadline_s=0.02)
        rig.sender.meanwhile = None

        assert await rig.courier.drain(deadline_s=60) == 0


async def test_d27_of_fifty_findings_while_half_open_one_is_sent() -> None:
    answered = asyncio.Event()
    async with a_rig(*[FAILING] * 3, clock=SteppedClock(), group_wait_s=1.5) as rig:
        await rig.add(entry("first"))
        await lives(rig, 20)
        before = len(rig.sender.posted)
        await rig.add(*map(entry, range(50)))
        rig.sender.meanwhile = answered.wait
        rig.clock.push(300)
        rig.courier.wake()
        task = asyncio.create_task(rig.courier.run())
        while len(rig.sender.posted) == before:  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.001)
        for _ in range(50):
            rig.courier.wake()
            await asyncio.sleep(0)

        assert len(rig.sender.posted) == before + 1
        assert shown(rig).breaker is not BreakerState.CLOSED
        answered.set()
        task.cancel()
        await asyncio.wait({task})
        await rig.courier.drain(deadline_s=5)


async def test_d28_an_outage_of_six_hours_loses_none_of_76_findings() -> None:
    severities = [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.HIGH]
    async with a_rig(*[FAILING] * 200, clock=SteppedClock()) as rig:
        for number in range(76):
            await rig.add(entry(number, severity=severities[number % 4]))
            await lives(rig, 6 * HOUR_S / 76)
        tried = len(rig.sender.posted)
        rig.sender.script.clear()
        await lives(rig, HOUR_S)

        assert 3 < tried <= 3 + 6 * HOUR_S / OPEN_S
        assert len(rig.sender.posted) - tried <= 4, "the probe and at most three"
        found = [row for row in await rig.store.entries() if row.kind == "finding"]
        fates = [row.state.value for row in found]
        assert len(fates) == 76
        assert set(fates) == {"sent", "digested", "expired"}
        assert f"{fates.count('expired')} findings grew too old" in rig.sender.texts[-1]


async def test_d29_a_minute_up_a_minute_down_keeps_the_pace_and_the_order() -> None:
    clock = SteppedClock()

    class Flapping(ScriptedSender):
        async def post(self, payload: Any, files: Any = ()) -> Answer:
            is_up = int(clock.monotonic() // 60) % 2 == 0
            self.script = [DELIVERED if is_up else FAILING]
            return await super().post(payload, files)

    sender = Flapping(clock)
    async with a_rig(
        sender=sender, clock=clock, policy=BreakerPolicy(open_s=60)
    ) as rig:
        for number in range(36):
            one = replace(ONE, episode=f"e{number}", severity=Severity.LOW)
            grown = replace(one, phase=Phase.ESCALATION, severity=Severity.HIGH)
            await raised(rig, one, grown)
            await lives(rig, 100)
        await lives(rig, HOUR_S)

        for start in sender.times:
            assert sum(start <= at < start + 60 for at in sender.times) <= 30
            assert sum(start <= at < start + 2 for at in sender.times) <= 5
        rows = [row for row in await rig.store.entries() if row.kind == "finding"]
        assert {row.state.value for row in rows} <= {"sent", "digested", "expired"}
        for number in range(36):
            mine = [row for row in rows if row.episode == f"e{number}"]
            ends = [row.settled_ms or 0 for row in mine]
            assert ends == sorted(ends)


async def test_d30_an_intercepted_connection_is_named_and_not_bypassed(
    tmp_path: Path,
) -> None:
    seen: list[web.BaseRequest] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response()

    clock = FakeClock()
    tls = self_signed(tmp_path / "proxy.pem")
    async with (
        served([web.route("*", "/{path:.*}", note)], tls) as root,
        DiscordClient(
            WebhookUrl(URL), base_url=root, version="0.1.0", clock=clock
        ) as client,
        a_rig(sender=client, clock=clock) as rig,
    ):
        await rig.add(entry())
        assert await rig.courier.drain(deadline_s=30) == 1

        assert "TLS verification failed: is a proxy in between?" in (
            await pending_reason(rig)
        )
        assert shown(rig).breaker is BreakerState.OPEN
        assert seen == []
