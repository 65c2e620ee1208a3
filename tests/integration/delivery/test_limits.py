"""What the client sends is what a strict Discord takes, over real HTTP (D31)."""

from random import Random

from factories import ONSET_MS
from fakes import FakeClock
from hostile import a_hostile_finding
from liqmon.discord.attachments import Attachment
from liqmon.discord.embeds import finding_message
from loopback_discord import loopback_discord

CHART = Attachment("liq.png", b"\x89PNG\r\n\x1a\n", "a chart of @everyone")


async def test_d31_300_hostile_findings_are_accepted_over_http() -> None:
    random = Random(7)  # noqa: S311 - a seeded test
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        for number in range(300):
            body = finding_message(
                a_hostile_finding(random),
                now_ms=ONSET_MS,
                others=[a_hostile_finding(random)] * (number % 7),
                picture="liq.png" * (number % 2),
            )
            answer = await client.post(body, [CHART] * (number % 2))
            assert (answer.status, answer.error) == (200, ""), answer.body
            # no faster than Discord allows
            clock.push(2.5)

    assert len(loopback.discord.messages) == 300
    assert sum(len(message.files) for message in loopback.discord.messages) == 150
