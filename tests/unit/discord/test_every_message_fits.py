"""Whatever a finding holds, Discord takes the message (D31, D32; invariant I10)."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from factories import ONSET_MS, a_finding
from hostile import a_hostile_finding
from liqmon.core.model import Condition, Finding, Market
from liqmon.discord.digest import digest_messages
from liqmon.discord.embeds import finding_message, plain
from liqmon.discord.fit import fit
from liqmon.discord.message import Embed, Field, Message
from liqmon.sim.discord_limits import Rules, utf16_units

ROLE = "123456789012345678"
HARM = re.compile(r"(?<!\\)@everyone|\[free\]\(|a{68}|[\u202e\u2066\u200b\x00\x07]")
"""A ping, a link in disguise, a token, a sign that turns or hides text."""


def on_the_wire(body: dict[str, object]) -> dict[str, Any]:
    """Return what arrives: strict JSON in strict UTF-8."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    arrived: dict[str, Any] = json.loads(text.encode())
    return arrived


def texts(part: object) -> Iterator[str]:
    """Yield every text in a body."""
    match part:
        case dict():
            yield from (text for one in part.values() for text in texts(one))
        case list():
            yield from (text for one in part for text in texts(one))
        case str():
            yield part
        case _:
            pass


def messages(random: Random, finding: Finding) -> list[dict[str, object]]:
    """Return every message there is of a finding, alone and in company."""
    others = [
        a_hostile_finding(random)
        for _ in range(random.choices([0, 1, 12], [80, 15, 5])[0])
    ]
    full = finding_message(
        finding,
        now_ms=ONSET_MS,
        late_s=random.uniform(0, 1e6),
        test=random.random() < 0.1,
        ambiguous=random.random() < 0.5,
        others=others,
        continued=random.random() < 0.2,
        nth_today=random.choice([None, 3]),
        mention_role=random.choice(["", ROLE]),
        silent=random.random() < 0.5,
        picture=random.choice(["", "liq.png"]),
    )
    return [full, plain(finding, late_s=1e9, ambiguous=True)]


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(10))
def test_d31_10_000_hostile_findings_are_all_accepted(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seeded test
    for _ in range(1_000):
        finding = a_hostile_finding(random)
        for body in messages(random, finding):
            arrived = on_the_wire(body)
            assert Rules().refusal(arrived, files=1) is None, finding
            assert set(arrived["allowed_mentions"].get("roles", ())) <= {ROLE}
            assert finding.episode in str(arrived)
            assert not any(map(HARM.search, texts(arrived))), finding


@pytest.mark.untraced
def test_d31_a_digest_of_hostile_findings_is_accepted() -> None:
    random = Random(1)  # noqa: S311 - a seeded test
    for _ in range(100):
        going, gone = (
            [a_hostile_finding(random) for _ in range(random.randrange(40))]
            for _ in range(2)
        )
        bodies = digest_messages(
            going, gone, expired=7, since_ms=0, until_ms=10**12, now_ms=10**12
        )
        assert 1 <= len(bodies) <= 3
        for body in bodies:
            assert Rules().refusal(on_the_wire(body)) is None


@pytest.mark.parametrize("sign", ["x", "漢", "🤔", "\u0301", "👩‍👩‍👧", "*"])
@pytest.mark.parametrize("beyond", [0, 1, 5_000])
def test_d31_every_part_may_be_at_its_limit_and_beyond(sign: str, beyond: int) -> None:
    def filled(limit: int) -> str:
        return sign * (-(-limit // utf16_units(sign)) + beyond)

    card = Embed(
        title=filled(256),
        description=filled(4_096),
        fields=tuple(Field(filled(256), filled(1_024)) for _ in range(25 + beyond % 7)),
        footer=filled(2_048),
        author=filled(256),
        picture="liq.png",
    )
    body = on_the_wire(fit(Message(filled(2_000), (card,) * 10, role=ROLE)))

    assert Rules().refusal(body, files=1) is None
    assert len(body["embeds"][0]["fields"]) >= 3


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (5, "m0, m1, m2, m3, m4"),
        (6, "[6 items] First 3: m0, m1, m2"),
        (10_000, "[10000 items] First 3: m0, m1, m2"),
    ],
)
def test_d32_five_details_are_shown_in_full_and_more_in_short(
    count: int, shown: str
) -> None:
    card = Embed(title="x", fields=(Field("Markets", [f"m{n}" for n in range(count)]),))
    body = on_the_wire(fit(Message("x", (card,))))

    assert body["embeds"][0]["fields"][0]["value"] == shown


def test_d32_a_finding_of_10_000_conditions_in_a_group_of_10_000_is_accepted() -> None:
    reasons = tuple(Condition(f"reason {n}", n, n) for n in range(10_000))
    others = [
        a_finding(episode=f"e{n}", market=Market("x", f"M{n}", f"M{n}", ""))
        for n in range(10_000)
    ]
    finding = a_finding(conditions=reasons)
    body = on_the_wire(finding_message(finding, now_ms=0, others=others))

    assert Rules().refusal(body) is None
    assert "Market-wide long liquidations (10001 markets)" in body["content"]
    assert "+9992 more" in str(body)
