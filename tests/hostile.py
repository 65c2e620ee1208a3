"""Findings as no exchange should send them, and as one may: seeded, never the same."""

import math
import string
from random import Random

from factories import a_finding
from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)

ALPHABETS = (
    string.ascii_letters + string.digits,
    "*_~`|>#[]()<:@\\ \n\t",
    "漢字仮名交じり文",
    "🤔👩‍👩‍👧🇩🇪🏽1️⃣",
    "\u202e\u2066\u200b\ufeff\x00\x07\x7f",
    "e\u0301\u0323Z\u0351\u036b\u0343",
    "\ud83d\udc00",
)
TRICKS = (
    "@everyone",
    "<@&123456789012345678>",
    "[free](https://evil.example)",
    "https://discord.com/api/webhooks/123456789012345678/" + "a" * 68,
    "attachment://liq.png",
    "<t:0:R>",
)
NUMBERS = (0.0, -0.0, 1e-12, 5e-324, 1.0, 1e15, 1.7e308, math.inf, -math.inf, math.nan)


# drawn once: a sign at a time, ten thousand findings would take half a minute
_SIGNS = Random(0)  # noqa: S311 - a seeded test
_LONGEST = 1_000
POOLS = tuple(
    "".join(_SIGNS.choices(signs, k=20 * _LONGEST))
    for signs in (*ALPHABETS, "".join(ALPHABETS))
)


def a_text(random: Random, longest: int) -> str:
    """Return a text of one kind or of all kinds, short more often than long."""
    length = int(longest * random.random() ** 6)
    pool = random.choice(POOLS)
    start = random.randrange(len(pool) - _LONGEST)
    text = pool[start : start + length]
    return text + random.choice(TRICKS) if random.random() < 0.3 else text


def a_number(random: Random) -> float:
    if random.random() < 0.3:
        return random.choice(NUMBERS)
    return random.uniform(-1.0, 1.0) * 10.0 ** random.randint(-9, 12)


def a_hostile_finding(random: Random) -> Finding:
    onset_ms = random.randrange(2_000_000_000_000)
    return a_finding(
        episode=f"{random.getrandbits(32):08x}",
        market=Market(
            a_text(random, 300), a_text(random, 300), a_text(random, 1_000), ""
        ),
        timeframe=random.choice(["1m", "5m"]),
        phase=random.choice(list(Phase)),
        liquidated=random.choice(list(PositionSide)),
        basis=random.choice(list(Basis)),
        severity=random.choice(list(Severity)),
        early=random.random() < 0.5,
        onset_ms=onset_ms,
        decided_ms=onset_ms + random.randrange(10**9),
        ended_ms=random.choice([None, onset_ms, onset_ms + 10**6]),
        price_from=a_number(random),
        price_to=a_number(random),
        price_extreme=a_number(random),
        volume_usd=a_number(random),
        score=a_number(random),
        nearness=a_number(random),
        conditions=tuple(
            Condition(a_text(random, 1_000), a_number(random), a_number(random))
            for _ in range(random.choices([0, 1, 3, 8, 200], [10, 40, 30, 19, 1])[0])
        ),
    )
