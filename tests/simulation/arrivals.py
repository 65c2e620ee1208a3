"""What happens in the markets: drawn once from the seed, outside of any process.

Six episodes an hour, a cascade that takes forty markets at once, and a smaller one just
before the end. Each finding and each minute of an episode carries a mark of its own
among its conditions, so that what stands in a message can be told from what was meant.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from simulation.discord import REFUSED_ALWAYS, REFUSED_WITH_EMBEDS
from simulation.loop import EPOCH_MS

_PER_HOUR = 6.0
_AT_ONCE = 40
_MARKETS = 60
_MINUTE_S = 60.0
_SHORT, _LONG = (3, 25), (65, 90)
_DRAGS_ON = 0.04
_WORDY = 0.02
_GROWS = 0.08
"""How likely an episode turns graver, each minute."""

_BUILDS, _FIRES = 0.3, 0.4
"""How often something is seen to be building, and how often it then fires."""

_HOSTILE = "@everyone [x](http://evil.example) \u202e\U0001f914 `_*~"

MARK = re.compile(r"\bm(\d+)x(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bar of one market that has something to say; ``index`` counts them.

    ``told`` is the finding that must reach somebody; ``current`` is how the episode
    stands, None once it is over. ``noted`` is one that is not sent: what was building
    came to nothing.
    """

    at_s: float
    market: str
    told: Finding | None
    current: Finding | None
    noted: Finding | None = None
    index: int = 0


def script(rng: Random, until_s: float) -> list[Step]:
    """Return what happens until then, in order."""
    free_s = [0.0] * _MARKETS
    steps: list[Step] = []
    for number, (begin_s, market) in enumerate(_onsets(rng, until_s)):
        if free_s[market] < begin_s:
            episode = list(_episode(rng, number, market, begin_s))
            free_s[market] = episode[-1].at_s + 1.0
            steps += episode
    steps.sort(key=lambda step: (step.at_s, step.market))
    seen = Counter[str]()
    for place, step in enumerate(steps):
        steps[place] = replace(step, index=seen[step.market])
        seen[step.market] += 1
    return steps


def mark(finding: Finding) -> str:
    """Return the word that only this finding's message has."""
    return finding.conditions[0].name.rpartition(" ")[2]


def _onsets(rng: Random, until_s: float) -> list[tuple[float, int]]:
    cascade_s = rng.uniform(0.1, 0.9) * until_s
    onsets = [(cascade_s + rng.expovariate(1 / 30), n) for n in range(_AT_ONCE)]
    # some just before the end, so that there is something to deliver after it
    onsets += [(until_s - rng.uniform(1, 200), m) for m in range(_AT_ONCE, _MARKETS)]
    now_s = rng.expovariate(_PER_HOUR / 3_600)
    while now_s < until_s:
        onsets.append((now_s, rng.randrange(_MARKETS)))
        now_s += rng.expovariate(_PER_HOUR / 3_600)
    return sorted(onsets)


def _episode(rng: Random, number: int, market: int, begin_s: float) -> Iterator[Step]:
    key = _market(market).key
    finding = _onset(rng, number, market, begin_s)
    if rng.random() < _BUILDS:
        first = replace(finding, phase=Phase.BUILDING, severity=Severity.LOW)
        yield Step(at_s=begin_s, market=key, told=first, current=first)
        begin_s += rng.uniform(30.0, 1_800.0)
        if rng.random() >= _FIRES:
            nothing = replace(first, phase=Phase.WITHDRAWN, ended_ms=_ms(begin_s))
            yield Step(at_s=begin_s, market=key, told=None, current=None, noted=nothing)
            return
        fired = replace(finding, decided_ms=_ms(begin_s))
        finding = replace(fired, conditions=_renamed(finding, 1))
    yield Step(at_s=begin_s, market=key, told=finding, current=finding)
    minutes = rng.randint(*_LONG if rng.random() < _DRAGS_ON else _SHORT)
    for minute in range(1, minutes):
        at_s = begin_s + minute * _MINUTE_S
        before, finding = finding, _grown(rng, finding, at_s, minute + 1)
        is_graver = finding.severity > before.severity
        told = replace(finding, phase=Phase.ESCALATION) if is_graver else None
        yield Step(at_s=at_s, market=key, told=told, current=finding)
    at_s = begin_s + minutes * _MINUTE_S
    over = _end(finding, at_s, minutes + 1)
    yield Step(at_s=at_s, market=key, told=over, current=None)


def _ms(at_s: float) -> int:
    return EPOCH_MS + int(at_s * 1000)


def _onset(rng: Random, number: int, market: int, begin_s: float) -> Finding:
    at_ms = _ms(begin_s)
    severity = rng.choices(list(Severity), (9, 6, 4, 1))[0]
    price = round(rng.uniform(10.0, 60_000.0), 2)
    return a_finding(
        episode=f"{number:04x}{rng.getrandbits(16):04x}",
        market=_refused(rng, _market(market)),
        liquidated=rng.choice(list(PositionSide)),
        severity=severity,
        basis=Basis.OBSERVED if severity is Severity.CRITICAL else Basis.INFERRED,
        onset_ms=at_ms - 60_000,
        decided_ms=at_ms,
        price_from=price,
        price_to=price * 0.97,
        price_extreme=price * 0.97,
        conditions=_conditions(rng, f"m{number}x0"),
    )


def _refused(rng: Random, market: Market) -> Market:
    """Put a word into a few markets' names that Discord does not let through."""
    word = rng.choices(("", REFUSED_WITH_EMBEDS, REFUSED_ALWAYS), (200, 2, 1))[0]
    return replace(market, base=market.base + word)


def _market(number: int) -> Market:
    base = f"C{number:02}" + ("" if number % 10 else _HOSTILE)
    exchange = ("bybit", "binanceusdm", "okx")[number % 3]
    return Market(exchange, f"C{number:02}/USDT:USDT", base, "USDT")


def _conditions(rng: Random, word: str) -> tuple[Condition, ...]:
    first = Condition(f"S over 5 min {word}", 16.2, 12.0)
    if rng.random() > _WORDY:
        return (first,)
    return (first, *(Condition(_HOSTILE * 6, float(n), 1.0) for n in range(40)))


def _grown(rng: Random, finding: Finding, at_s: float, step: int) -> Finding:
    price = finding.price_extreme * (1 - max(0.0, rng.gauss(0.0, 0.004)))
    most = Severity.CRITICAL if finding.basis is Basis.OBSERVED else Severity.HIGH
    grows = rng.random() < _GROWS and finding.severity < most
    return replace(
        finding,
        severity=Severity(finding.severity + grows),
        decided_ms=_ms(at_s),
        price_to=price,
        price_extreme=price,
        volume_usd=finding.volume_usd * rng.uniform(1.0, 1.2),
        conditions=_renamed(finding, step),
    )


def _end(finding: Finding, at_s: float, step: int) -> Finding:
    at_ms = _ms(at_s)
    return replace(
        finding,
        phase=Phase.END,
        decided_ms=at_ms,
        ended_ms=at_ms - 60_000,
        conditions=_renamed(finding, step),
    )


def _renamed(finding: Finding, step: int) -> tuple[Condition, ...]:
    first, *rest = finding.conditions
    words, _, word = first.name.rpartition(" ")
    name = f"{words} {word.partition('x')[0]}x{step}"
    return (replace(first, name=name), *rest)
