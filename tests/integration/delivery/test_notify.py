"""A receiver other than Discord: a real apprise, behind the same outbox and breaker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from couriers import MoodyStore, Rig, SteppedClock, a_rig, lives, raised, told
from factories import ETH, a_finding
from liqmon.core.events import BreakerChanged, BreakerState
from liqmon.core.model import Phase, Severity
from liqmon.notify.answers import Judge
from liqmon.notify.client import NotifyClient
from liqmon.notify.service import Service
from liqmon.settings.receivers import ReceiverUrl
from receivers import SECRET, Inbox, an_inbox

OPEN_S = 300.0
CRASH = a_finding(episode="crash", severity=Severity.HIGH)


@asynccontextmanager
async def delivering(
    inbox: Inbox, *, store: MoodyStore | None = None, **more: Any
) -> AsyncIterator[Rig]:
    """Open a courier that delivers the route ``phone`` there."""
    clock, url = more.pop("clock", None) or SteppedClock(), ReceiverUrl(inbox.json_url)
    service = Service(url, name="phone", timeout_s=30)
    async with a_rig(
        sender=NotifyClient(service, timeout_s=30, clock=clock),
        judge=Judge("phone (JSON)"),
        called="phone",
        fingerprint=url.fingerprint,
        routes=("phone",),
        reports_to=("phone",),
        clock=clock,
        store=store,
        **more,
    ) as rig:
        yield rig


def list_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def add(rig: Rig, count: int) -> None:
    await raised(
        rig, *[a_finding(episode=f"e{n}") for n in range(count)], route="phone"
    )


async def test_onset_escalation_and_end_are_messages_of_their_own() -> None:
    graver = replace(CRASH, phase=Phase.ESCALATION, severity=Severity.CRITICAL)
    over = replace(graver, phase=Phase.END, ended_ms=CRASH.decided_ms)
    async with an_inbox() as inbox, delivering(inbox) as rig:
        for finding in (CRASH, graver, over):
            await raised(rig, finding, route="phone")
            await lives(rig, 200)

        onset, escalation, end = inbox.titles
        assert "long liquidations HIGH" in onset
        assert "now CRITICAL" in escalation
        assert "ended after" in end
        assert inbox.asked == 3
        assert rig.breaker() == []


async def test_findings_that_come_together_share_a_message() -> None:
    others = [a_finding(episode=f"e{n}", market=ETH) for n in range(3)]
    async with an_inbox() as inbox, delivering(inbox, group_wait_s=1.5) as rig:
        await raised(rig, CRASH, *others, route="phone")
        await lives(rig, 10)

        assert len(inbox.titles) == 2
        assert "+2 more" in inbox.titles[1]
        assert set((await rig.states()).values()) == {"sent"}


async def test_an_outage_opens_its_breaker_and_is_told_in_text_afterwards() -> None:
    async with an_inbox(500, 500, 500) as inbox, delivering(inbox) as rig:
        await add(rig, 6)
        await lives(rig, OPEN_S - 1)
        assert inbox.asked == 3
        assert inbox.messages == []
        assert rig.shown[-1].breaker is BreakerState.OPEN
        assert rig.shown[-1].pending == 6

        await lives(rig, 60)

        probe, digest = inbox.titles
        assert "long liquidations" in probe
        assert "5 episodes still going on after 5 min without phone" in digest
        reasons = [change.reason for change in rig.of(BreakerChanged)]
        assert reasons[0] == "phone (JSON) is failing (HTTP 500)"
        assert set((await rig.states()).values()) == {"sent", "digested"}


async def test_few_findings_follow_a_report_of_the_outage_one_by_one() -> None:
    async with an_inbox(401, 401, 401) as inbox, delivering(inbox) as rig:
        await add(rig, 2)
        await lives(rig, OPEN_S + 60)

        _, report, follower = inbox.titles
        assert report.startswith("🔵 phone was unreachable for 5 min. 1 finding was")
        assert "Reason: phone (JSON) does not take" in inbox.messages[1]["message"]
        assert "long liquidations" in follower


async def test_nothing_is_lost_over_a_restart(tmp_path: Path) -> None:
    async with an_inbox(503, 503, 503) as inbox:
        store, clock = await MoodyStore.open(tmp_path), SteppedClock()
        async with delivering(inbox, store=store, clock=clock) as rig:
            await add(rig, 2)
            await lives(rig, 20)
        await store.close()
        store = await MoodyStore.open(tmp_path)
        async with delivering(inbox, store=store, clock=clock) as rig:
            await lives(rig, 20)
            assert (inbox.asked, rig.shown[-1].breaker) == (3, BreakerState.OPEN)
            await lives(rig, OPEN_S)

            assert set((await rig.states()).values()) == {"sent"}
        await store.close()
        stored = b"".join(map(Path.read_bytes, list_of(tmp_path)))

    assert sum("long liquidations" in title for title in inbox.titles) == 2
    assert SECRET.encode() not in stored


async def test_a_message_that_is_refused_twice_becomes_a_dead_letter() -> None:
    async with an_inbox(400, 422) as inbox, delivering(inbox) as rig:
        await add(rig, 2)
        await lives(rig, 60)

        states = sorted((await rig.states()).values())
        assert states == ["dead", "sent"]
        assert rig.breaker() == []
        [dead] = [row for row in (await rig.rows()).values() if row.state == "dead"]
        assert dead.last_error == "phone (JSON) refuses this message (HTTP 422)"


async def test_a_pause_that_is_asked_for_is_kept() -> None:
    async with an_inbox(429) as inbox, delivering(inbox) as rig:
        await add(rig, 1)
        await lives(rig, 59)
        assert inbox.asked == 1

        await lives(rig, 10)

        assert len(inbox.messages) == 1
        assert rig.breaker() == []


async def test_what_the_disk_did_not_take_is_sent_from_memory() -> None:
    async with an_inbox() as inbox, delivering(inbox) as rig:
        await lives(rig, 1)
        rig.courier.send_undurable([told(CRASH, route="phone")])
        await lives(rig, 1)

        assert len(inbox.titles) == 1


async def test_an_episode_that_discord_followed_here_once_is_not_edited() -> None:
    async with an_inbox() as inbox:
        store, clock = await MoodyStore.in_memory(), SteppedClock()
        async with a_rig(store=store, clock=clock, routes=("phone",)) as before:
            await raised(before, CRASH, route="phone")
            await lives(before, 1)
        over = replace(CRASH, phase=Phase.END, ended_ms=CRASH.decided_ms)
        async with delivering(inbox, store=store, clock=clock) as rig:
            await raised(rig, over, route="phone")
            await lives(rig, 10)

            assert "ended after" in inbox.titles[0]
            assert set((await rig.states()).values()) == {"sent"}
        await store.close()
