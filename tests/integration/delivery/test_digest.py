"""After an outage: what goes on, what came and went, and nothing lost."""

from dataclasses import replace

from delivering import Delivering, delivering
from factories import MARKET, a_finding
from liqmon.core.events import Delivery
from liqmon.core.model import Finding, Phase, Severity
from liqmon.store.outbox import RowState

HOUR_S = 3_600
OUTAGE = ["discord-500"] * 3


def a(number: int, severity: Severity = Severity.MEDIUM) -> Finding:
    market = replace(
        MARKET, symbol=f"C{number}/USDT:USDT", base=f"C{number}", exchange="bybit"
    )
    return a_finding(episode=f"ep{number}", market=market, severity=severity)


def over(finding: Finding) -> Finding:
    return replace(
        finding,
        phase=Phase.END,
        ended_ms=finding.decided_ms,
        decided_ms=finding.decided_ms + 600_000,
    )


async def down(both: Delivering) -> None:
    """Open the breaker with a finding that is the probe later on."""
    await both.raise_(a(0, Severity.HIGH))
    await both.live(10)
    assert len(both.methods()) == 3


async def states(both: Delivering) -> dict[str, set[str]]:
    """Return the states of the findings, by episode."""
    found: dict[str, set[str]] = {}
    for row in await both.rig.store.entries():
        if row.kind == "finding":
            found.setdefault(row.episode, set()).add(row.state.value)
    return found


async def test_what_goes_on_comes_first_then_what_came_and_went() -> None:
    async with delivering(*OUTAGE) as both:
        await down(both)
        for number in range(1, 6):
            await both.raise_(a(number))
        for number in (1, 2, 3):
            await both.raise_(over(a(number)))
        await both.live(400)

        probe, ongoing, past = both.heads()
        assert "C0USDT" in probe
        assert "2 episodes still going on" in ongoing
        assert "3 episodes happened and ended" in past
        assert await states(both) == {
            "ep0": {"sent"},
            **{f"ep{number}": {"digested"} for number in range(1, 6)},
        }
        assert {
            e.status.value for e in both.rig.of(Delivery) if e.episode == "ep1"
        } == {
            "held",
            "digested",
        }


async def test_two_are_told_singly_after_a_report() -> None:
    async with delivering(*OUTAGE) as both:
        await down(both)
        await both.raise_(a(1), a(2))
        await both.live(400)

        assert "unreachable" in both.heads()[1]
        assert [("C1USDT" in head, "C2USDT" in head) for head in both.heads()[2:]] == [
            (True, False),
            (False, True),
        ]


async def test_critical_ones_are_in_the_digest_and_singly() -> None:
    async with delivering(*OUTAGE) as both:
        await down(both)
        await both.raise_(*[a(number) for number in range(1, 4)])
        await both.raise_(a(7, Severity.CRITICAL))
        await both.raise_(a(8, Severity.CRITICAL))
        await both.live(400)

        probe, digest, *singly = both.heads()
        assert "CRITICAL" in probe
        assert "5 episodes still going on" in digest
        assert any("C8USDT" in head for head in singly)
        assert (await states(both))["ep8"] == {"sent"}


async def test_what_expired_meanwhile_is_counted() -> None:
    async with delivering(*OUTAGE * 20) as both:
        await down(both)
        low = [a(number, Severity.LOW) for number in range(1, 4)]
        await both.raise_(*low)
        await both.live(2 * HOUR_S)
        both.loopback.faults.script = []
        await both.live(HOUR_S)

        assert await states(both) == {
            "ep0": {"sent"},
            **{finding.episode: {"expired"} for finding in low},
        }
        digest = str(both.messages[1].payload)
        assert "3 findings grew too old to be sent" in digest
        assert len(both.messages) == 2


async def test_d28_six_hours_and_76_alerts_lose_nothing_in_three_messages() -> None:
    severities = [Severity.LOW, Severity.MEDIUM, Severity.HIGH]
    async with delivering(*OUTAGE * 100) as both:
        await down(both)
        for number in range(1, 77):
            await both.raise_(a(number, severities[number % 3]))
            if number % 2:
                await both.raise_(over(a(number, severities[number % 3])))
            await both.live(6 * HOUR_S / 76)
        tried = len(both.methods())
        both.loopback.faults.script = []
        await both.live(HOUR_S)

        assert tried <= 3 + 6 * HOUR_S / 300
        assert len(both.messages) <= 4, "the probe and a digest"
        fates = await states(both)
        assert len(fates) == 77
        assert set().union(*fates.values()) <= {"sent", "digested", "expired"}
        rows = await both.rig.store.entries([RowState.EXPIRED])
        assert f"{len(rows)} findings grew too old" in str(both.messages[-1].payload)
        assert await both.rig.store.depth() == 0


async def test_a_long_rate_limit_is_an_outage_too() -> None:
    async with delivering("discord-429-edge") as both:
        await both.raise_(*[a(number) for number in range(5)])
        await both.live(2_000)

        (digest,) = both.heads()
        assert "5 episodes still going on" in digest
        assert both.rig.breaker() == []


async def test_a_backlog_that_nothing_held_is_told_by_a_digest_after_a_minute() -> None:
    async with delivering() as both:
        await both.raise_(*[a(number) for number in range(7)])
        both.clock.push(61)
        await both.live(10)

        assert len(both.messages) == 1
        assert "7 episodes still going on" in both.heads()[0]


async def test_a_digest_that_fails_is_sent_again_and_not_made_again() -> None:
    async with delivering(*OUTAGE, None, "discord-lost", "discord-500") as both:
        await down(both)
        await both.raise_(*[a(number) for number in range(1, 5)])
        await both.live(600)

        rows = await both.rig.store.entries()
        digests = [row for row in rows if row.payload.get("report") == "digest"]
        assert [row.state for row in digests] == [RowState.SENT]
        assert len(both.messages) == 3
        assert set().union(*(await states(both)).values()) == {"sent", "digested"}


async def test_a_digest_that_is_refused_is_told_in_general_words() -> None:
    async with delivering(*OUTAGE, None, "discord-400") as both:
        await down(both)
        await both.raise_(*[a(number) for number in range(1, 5)])
        await both.live(600)

        assert "piled up while Discord was unreachable" in both.heads()[1]
        assert (await states(both))["ep1"] == {"digested"}


async def test_a_second_outage_has_a_digest_of_its_own() -> None:
    async with delivering(*OUTAGE) as both:
        await down(both)
        await both.raise_(*[a(number) for number in range(1, 5)])
        await both.live(600)
        both.loopback.faults.script = list(OUTAGE)
        await both.raise_(*[a(number) for number in range(11, 16)])
        await both.live(900)

        assert sum("still going on" in head for head in both.heads()) == 2
        assert set().union(*(await states(both)).values()) == {"sent", "digested"}


async def test_an_episode_of_a_digest_that_escalates_is_a_message_of_its_own() -> None:
    async with delivering(*OUTAGE) as both:
        await down(both)
        await both.raise_(*[a(number) for number in range(1, 5)])
        await both.live(600)
        grown = replace(a(2), phase=Phase.ESCALATION, severity=Severity.HIGH)
        await both.raise_(grown)
        await both.live(30)
        await both.raise_(over(grown), over(a(3)))
        await both.live(30)

        assert ["now HIGH" in head for head in both.heads()[2:]] == [False, False]
        assert "C2USDT" in both.titles()[2]
        assert "ended after" in both.titles()[2]
        assert both.messages[3].payload["flags"] == 4096
