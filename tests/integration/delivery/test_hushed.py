"""What is muted or acknowledged is posted, and wakes nobody."""

from dataclasses import replace

import pytest

from delivering import Delivering, delivering
from factories import ETH, MARKET, a_finding
from liqmon.core.board import BoardSnapshot
from liqmon.core.model import Finding, Phase, Severity
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.routing import Heading
from liqmon.monitor.silences import Silences
from liqmon.store.outbox import RowState

ONSET = a_finding(episode="one", severity=Severity.HIGH)
SEVERE = replace(ONSET, phase=Phase.ESCALATION, nearness=2.0)
END = replace(
    ONSET,
    phase=Phase.END,
    decided_ms=ONSET.decided_ms + 1_800_000,
    ended_ms=ONSET.decided_ms + 600_000,
)
CRITICAL = replace(SEVERE, severity=Severity.CRITICAL)
OTHER = replace(ONSET, episode="two", market=ETH)
SILENT = 4096
BTC = ONSET.market.key


def silences_of(both: Delivering) -> Silences:
    clock = both.rig.clock
    bulletin = Bulletin(clock, BoardSnapshot("0.1.0", "1m", 0.0))
    return Silences(both.rig.store, clock=clock, bulletin=bulletin)


class Hushing:
    """Stands for the silences of a run until its store is open."""

    silences: Silences | None = None

    def hushes(self, finding: Finding, now_ms: int) -> bool:
        assert self.silences is not None
        return self.silences.hushes(finding, now_ms)

    def attach(self, both: Delivering) -> Silences:
        self.silences = silences_of(both)
        return self.silences


def flags(both: Delivering) -> list[int]:
    return [message.payload.get("flags", 0) for message in both.messages]


async def test_a_muted_market_is_posted_silently_and_pings_no_role() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        await hushing.attach(both).mute(BTC, 1_800)
        await both.raise_(ONSET)
        await both.live(5)
        await both.raise_(OTHER)
        await both.live(5)

        assert flags(both) == [SILENT, 0]
        rows = await both.rig.store.entries()
        assert {row.state for row in rows} == {RowState.SENT}


async def test_a_graver_turn_of_what_is_muted_is_an_edit_and_no_message() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        await hushing.attach(both).mute("", 1_800)
        for finding in (ONSET, SEVERE, END):
            await both.raise_(finding)
            await both.live(5)

        assert both.methods() == ["POST", "PATCH", "PATCH"]
        assert len(both.messages) == 1


async def test_critical_rings_whatever_is_muted() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        silences = hushing.attach(both)
        await silences.mute("", 1_800)
        await both.raise_(ONSET)
        await both.live(5)
        assert await silences.acknowledge(BTC)
        await both.raise_(CRITICAL)
        await both.live(5)

        assert flags(both) == [SILENT, 0]


async def test_after_the_mute_nothing_is_sent_again_but_a_graver_turn_rings() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        await hushing.attach(both).mute(BTC, 60)
        await both.raise_(ONSET)
        await both.live(120)
        assert both.methods() == ["POST"]
        await both.raise_(SEVERE)
        await both.live(5)

        assert flags(both) == [SILENT, 0]


async def test_an_acknowledged_episode_wakes_nobody_any_more_another_one_does() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        silences = hushing.attach(both)
        await both.raise_(ONSET)
        await both.live(5)
        assert await silences.acknowledge(BTC)
        await both.raise_(SEVERE)
        await both.live(5)
        await both.raise_(replace(ONSET, episode="three"))
        await both.live(5)

        assert both.methods() == ["POST", "PATCH", "POST"]
        assert flags(both) == [0, 0]


async def test_what_is_hushed_and_cannot_be_edited_is_a_silent_message() -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes) as both:
        await hushing.attach(both).mute(BTC, 9_000)
        await both.raise_(ONSET)
        await both.live(3_700)
        await both.raise_(SEVERE)
        await both.live(5)

        assert flags(both) == [SILENT, SILENT]


@pytest.mark.parametrize(
    ("severity", "flag"), [(Severity.MEDIUM, 0), (Severity.LOW, SILENT)]
)
async def test_a_message_of_several_rings_as_loud_as_the_gravest_that_may(
    severity: Severity, flag: int
) -> None:
    hushing = Hushing()
    async with delivering(hushes=hushing.hushes, group_wait_s=1.5) as both:
        await hushing.attach(both).mute(BTC, 1_800)
        first = replace(OTHER, episode="zero", severity=Severity.LOW)
        await both.raise_(first)
        await both.live(1)
        await both.raise_(ONSET, replace(OTHER, severity=severity))
        await both.live(10)

        assert len(both.messages) == 2
        assert flags(both)[1] == flag


@pytest.mark.parametrize(("muted", "flag"), [("", SILENT), (ETH.key, 0)])
async def test_a_digest_of_what_is_muted_is_silent(muted: str, flag: int) -> None:
    hushing = Hushing()
    async with delivering(*["discord-500"] * 3, hushes=hushing.hushes) as both:
        await hushing.attach(both).mute(muted, 90_000)
        await both.raise_(replace(ONSET, episode="zero"))
        await both.live(10)
        for number in range(6):
            market = replace(MARKET, symbol=f"C{number}/USDT:USDT", base=f"C{number}")
            await both.raise_(replace(ONSET, episode=f"e{number}", market=market))
        await both.live(400)

        digest = both.messages[1].payload
        assert "6 episodes still going on" in str(digest)
        assert digest.get("flags", 0) == flag


@pytest.mark.parametrize("is_night", [True, False])
async def test_a_digest_is_as_quiet_as_its_route(is_night: bool) -> None:
    def headings(_finding: Finding | None, route: str, _now_ms: int) -> Heading:
        return Heading(route, silent=is_night, hushed=is_night)

    async with delivering("discord-429-edge", headings=headings) as both:
        for number in range(5):
            await both.raise_(replace(ONSET, episode=f"ep{number}"))
        await both.live(2_000)

        assert "still going on" in both.heads()[0]
        assert flags(both) == [SILENT if is_night else 0]


async def test_what_is_refused_and_said_plainly_is_as_quiet() -> None:
    hushing = Hushing()
    async with delivering("discord-400", hushes=hushing.hushes) as both:
        await hushing.attach(both).mute(BTC, 1_800)
        await both.raise_(ONSET)
        await both.live(5)

        (message,) = both.messages
        assert not message.payload.get("embeds")
        assert flags(both) == [SILENT]


@pytest.mark.parametrize(
    ("faults", "flag"), [([], 0), (["discord-500"], 0), (["discord-429-edge"], SILENT)]
)
async def test_what_was_building_before_an_outage_is_no_reason_to_ring(
    faults: list[str], flag: int
) -> None:
    def headings(_finding: Finding | None, route: str, _now_ms: int) -> Heading:
        return Heading(route)

    async with delivering(*faults, headings=headings) as both:
        await both.raise_(replace(ONSET, phase=Phase.BUILDING))
        await both.live(1_500)

        assert flags(both) == [flag]
