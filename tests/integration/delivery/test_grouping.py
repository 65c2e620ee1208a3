"""Seven markets at once are two messages."""

from dataclasses import replace

from couriers import developed, until
from delivering import delivering
from factories import MARKET, a_finding
from liqmon.core.model import Finding, Phase, Severity

NAMES = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC")
WORST = 5


def on(name: str, number: int) -> Finding:
    market = replace(MARKET, symbol=f"{name}/USDT:USDT", base=name)
    severity = Severity.HIGH if number == WORST else Severity.MEDIUM
    return a_finding(episode=f"episode-{number}", market=market, severity=severity)


SEVEN = [on(name, number) for number, name in enumerate(NAMES)]


async def test_seven_findings_of_one_scan_are_two_messages_the_first_at_once() -> None:
    async with delivering() as both:
        await both.raise_(SEVEN[0])
        await both.live(0.2)
        assert both.moments("POST") == [0.0]
        await both.raise_(*SEVEN[1:])
        await both.live(5)

        assert both.moments("POST") == [0.0, 1.5]
        assert "BTCUSDT" in both.heads()[0]
        assert "Market-wide long liquidations (6 markets)" in both.titles()[1]
        assert "DOTUSDT" in both.heads()[1]
        for finding in SEVEN[1:]:
            assert finding.episode in str(both.messages[1].payload)
        assert set((await both.rig.states()).values()) == {"sent"}


async def test_all_at_once_the_worst_is_first_and_alone() -> None:
    async with delivering() as both:
        await both.raise_(*SEVEN)
        await both.live(5)

        assert both.moments("POST") == [0.0, 1.5]
        assert "DOTUSDT" in both.heads()[0]


async def test_beyond_eight_others_they_are_counted() -> None:
    many = [on(f"C{number}", number) for number in range(12)]
    async with delivering() as both:
        await both.raise_(*many)
        await both.live(5)

        assert len(both.messages) == 2
        assert "+2 more" in str(both.messages[1].payload)


async def test_three_that_follow_are_listed_below_the_worst_of_them() -> None:
    async with delivering() as both:
        await both.raise_(*SEVEN[:4])
        await both.live(5)

        fields = both.messages[1].payload["embeds"][0]["fields"]
        (also,) = [field for field in fields if field["name"] == "Also moving"]
        assert also["value"].count("\n") == 1
        assert "Market-wide" not in both.titles()[1]


async def test_a_lost_reply_to_a_shared_message_makes_one_copy_of_all_of_it() -> None:
    async with delivering(None, "discord-lost") as both:
        await both.raise_(*SEVEN)
        await both.live(60)

        assert len(both.messages) == 3
        lost, copy = (str(message.payload) for message in both.messages[1:])
        for finding in SEVEN[:WORST]:
            assert finding.episode in lost
            assert finding.episode in copy
        assert "possible duplicate" in copy


async def test_a_copy_in_company_of_worse_news_still_says_that_it_may_be_one() -> None:
    async with delivering("discord-lost") as both:
        await both.raise_(SEVEN[0])
        await both.live(0.5)
        await both.raise_(SEVEN[WORST])
        await both.live(10)

        assert len(both.messages) == 2
        assert "DOTUSDT" in both.heads()[1]
        assert "possible duplicate" in str(both.messages[1].payload)


async def test_no_edit_takes_the_turn_of_news_that_waits_for_its_group() -> None:
    async with delivering() as both:
        await both.raise_(SEVEN[0])
        await both.live(70)
        await both.raise_(SEVEN[1])
        await both.live(0.2)
        await developed(both.rig, replace(SEVEN[0], price_extreme=60_000.0))
        await both.raise_(SEVEN[2])
        await both.live(10)

        assert both.methods() == ["POST", "POST", "POST", "PATCH"]


async def test_a_shared_message_that_is_refused_is_split_to_find_the_culprit() -> None:
    async with delivering() as both:
        rows = [on(f"C{number}", number) for number in range(10)]
        both.loopback.faults.script = [None, *["discord-400"] * 4]
        await both.raise_(*rows)
        await both.live(120)

        states = list((await both.rig.states()).values())
        assert states == ["sent"] * 10
        sizes = [len(both_ids(str(m.payload))) for m in both.messages]
        assert sizes == [1, 1, 1, 2, 4, 1]


def both_ids(text: str) -> set[str]:
    return {f"episode-{number}" for number in range(10) if f"episode-{number} " in text}


async def test_an_onset_and_its_end_do_not_share_a_message() -> None:
    end = replace(SEVEN[1], phase=Phase.END, ended_ms=SEVEN[1].decided_ms)
    async with delivering() as both:
        await both.raise_(SEVEN[0], SEVEN[1], end)
        await both.live(10)

        assert both.methods() == ["POST", "POST", "PATCH"]
        assert "ended" in both.titles()[1]


async def test_at_a_stop_nothing_waits_for_its_group() -> None:
    async with delivering() as both:
        await both.raise_(*SEVEN)

        assert await both.rig.courier.drain(deadline_s=1.0) == 0
        assert both.moments("POST") == [0.0, 0.0]


async def test_a_finding_is_posted_in_the_turn_that_announces_it() -> None:
    async with delivering() as both:
        await both.live(30)
        await both.raise_(SEVEN[0])
        await both.live(0.0)
        await until(lambda: bool(both.messages))

        assert both.moments("POST") == [30.0]
