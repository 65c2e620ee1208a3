"""What liqmon says on Discord, as bodies ready to post.

The first line must do alone: it is all that a push notification shows. Side and
severity are words; the colour only repeats them.
"""

from dataclasses import dataclass
from typing import Final

from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)
from liqmon.discord.figures import number, percent, price, span, usd
from liqmon.discord.fit import fit
from liqmon.discord.links import chart_url, links
from liqmon.discord.message import Embed, Field, Message
from liqmon.discord.text import external

__all__ = [
    "breaker_report",
    "finding_message",
    "plain",
    "silence_notice",
    "test_message",
]

_COLORS: Final = {
    Severity.LOW: 0xF5A524,
    Severity.MEDIUM: 0xF76B15,
    Severity.HIGH: 0xE5484D,
    Severity.CRITICAL: 0x9B1C31,
}
_ENDED: Final = 0x8B8D98
_OWN_HEALTH: Final = 0x3E63DD
_TEST: Final = 0x6E56CF

_GLYPHS: Final = {
    Severity.LOW: "\N{LARGE YELLOW CIRCLE}",
    Severity.MEDIUM: "\N{LARGE ORANGE CIRCLE}",
    Severity.HIGH: "\N{LARGE RED CIRCLE}",
    Severity.CRITICAL: "\N{POLICE CARS REVOLVING LIGHT}",
}
_ENDED_GLYPH: Final = "\N{MEDIUM WHITE CIRCLE}"
_TEST_GLYPH: Final = "\N{LARGE PURPLE CIRCLE}"
_OWN_GLYPH: Final = "\N{LARGE BLUE CIRCLE}"

_DIRECTION: Final = {
    PositionSide.LONG: "\N{CHART WITH DOWNWARDS TREND}",
    PositionSide.SHORT: "\N{CHART WITH UPWARDS TREND}",
}
_MOVE: Final = {PositionSide.LONG: "falling", PositionSide.SHORT: "rising"}

_EVIDENCE: Final = {
    Basis.INFERRED: (
        "Inferred from price and volume, not from published liquidations."
    ),
    Basis.CORROBORATED: (
        "Inferred from price and volume; open interest or taker flow agrees."
    ),
    Basis.OBSERVED: "The exchange published liquidations on this side.",
}

_LATE_S: Final = 60
"""A message is called late from here on; below, it is the usual way of things."""


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What the message says about its own delivery."""

    late_s: float = 0
    test: bool = False
    ambiguous: bool = False


def finding_message(
    finding: Finding,
    *,
    now_ms: int,
    late_s: float = 0,
    test: bool = False,
    ambiguous: bool = False,
) -> dict[str, object]:
    """Return the post that tells of a finding.

    ``ambiguous`` says that an earlier attempt may have arrived, ``late_s`` how long
    after the decision this one is made, in exchange time.
    """
    around = _Circumstances(late_s, test, ambiguous)
    embed = Embed(
        title=_title(finding, around),
        url=chart_url(finding.market),
        description=_description(finding),
        fields=_fields(finding),
        footer=_footer(finding, around),
        color=_color(finding, around),
        timestamp_ms=now_ms,
    )
    content = f"{_glyph(finding, around)} {_headline(finding, around)}"
    return fit(Message(content, (embed,)))


def plain(
    finding: Finding,
    *,
    late_s: float = 0,
    test: bool = False,
    ambiguous: bool = False,
) -> dict[str, object]:
    """Return the same post as three lines of text, for when the full one is refused.

    Neither card nor link nor picture: whatever Discord disliked is not there.
    """
    around = _Circumstances(late_s, test, ambiguous)
    lines = (_headline(finding, around), _situation(finding), _footer(finding, around))
    return fit(Message("\n".join(lines)))


def breaker_report(
    *, opened_ms: int, closed_ms: int, reason: str, held: int
) -> dict[str, object]:
    """Return the post that says, afterwards, how long Discord was unreachable.

    Times are wall clock; ``held`` counts the findings that waited.
    """
    lasted = span((closed_ms - opened_ms) / 1000)
    embed = Embed(
        title="Discord was unreachable",
        description=(
            f"From {_time(opened_ms, 'T')} to {_time(closed_ms, 'T')} ({lasted}), "
            f"{_time(closed_ms, 'R')}. {_held(held)}"
        ),
        fields=(Field("Reason", external(reason, 200), inline=False),),
        footer="liqmon · circuit breaker",
        color=_OWN_HEALTH,
        timestamp_ms=closed_ms,
    )
    content = f"{_OWN_GLYPH} **Discord was unreachable** for {lasted}. {_held(held)}"
    return fit(Message(content, (embed,), silent=True))


def silence_notice(
    *, since_ms: int, until_ms: int | None, reason: str
) -> dict[str, object]:
    """Return the post that says that no market data come, or that they are back.

    Times are wall clock. Losing the feed rings, its return does not.
    """
    if until_ms is None:
        title, told = "No market data", "Nothing can be judged"
        since = f"{told} since {_time(since_ms, 'T')}."
    else:
        lasted = span((until_ms - since_ms) / 1000)
        title, told = "Market data are back", f"Nothing could be judged for {lasted}"
        since = f"{told}, from {_time(since_ms, 'T')} on."
    fields = (Field("Reason", external(reason, 400), inline=False),)
    embed = Embed(
        title=title,
        description=since,
        fields=fields if reason else (),
        footer="liqmon · market data",
        color=_OWN_HEALTH,
        timestamp_ms=since_ms if until_ms is None else until_ms,
    )
    # without the moment: some push notifications show its code
    content = f"{_OWN_GLYPH} **{title}**. {told}."
    return fit(Message(content, (embed,), silent=until_ms is not None))


def test_message(
    version: str,
    *,
    now_ms: int,
    severity: Severity = Severity.MEDIUM,  # noqa: PT028 - not a test, a message
) -> dict[str, object]:
    """Return a finding that never happened, in the real layout, marked TEST."""
    finding = Finding(
        episode=f"test {version}",
        market=Market("bybit", "BTC/USDT:USDT", "BTC", "USDT"),
        timeframe="1m",
        phase=Phase.ONSET,
        liquidated=PositionSide.LONG,
        basis=Basis.INFERRED,
        severity=severity,
        early=False,
        onset_ms=now_ms - 300_000,
        decided_ms=now_ms,
        price_from=64_052.0,
        price_to=62_480.5,
        price_extreme=62_310.0,
        volume_usd=41_800_000.0,
        score=16.2,
        nearness=1.35,
        conditions=(Condition("S over 5 min", 16.2, 12.0),),
    )
    return finding_message(finding, now_ms=now_ms, test=True)


# lines


def _headline(finding: Finding, around: _Circumstances) -> str:
    mark = "TEST " if around.test else ""
    return f"{mark}**{_subject(finding)}** {_told(finding)}"


def _told(finding: Finding) -> str:
    move = percent(finding.change, digits=1)
    took, basis = _took(finding), finding.basis.name.lower()
    if finding.phase is Phase.END:
        return f"ended after {took}, {move} · {basis}"
    now = "now " * (finding.phase is Phase.ESCALATION)
    return f"{now}{finding.severity.name} · {move} in {took} · {basis}"


def _title(finding: Finding, around: _Circumstances) -> str:
    mark = "TEST · " if around.test else ""
    last = {
        Phase.ONSET: finding.severity.name,
        Phase.ESCALATION: f"now {finding.severity.name}",
        Phase.END: f"ended after {_took(finding)}",
    }[finding.phase]
    name, side = _name(finding), finding.liquidated.value
    glyph = _DIRECTION[finding.liquidated]
    return f"{glyph} {mark}{name} · {side} liquidations · {last}"


def _description(finding: Finding) -> str:
    side = finding.liquidated
    if finding.phase is Phase.END:
        happened = f"Price stopped {_MOVE[side]}: the {side} liquidations are over."
    else:
        happened = (
            f"Price is {_MOVE[side]} fast on heavy volume: leveraged {side}s are "
            f"{'' if finding.basis is Basis.OBSERVED else 'probably '}"
            "being closed by force."
        )
    early = " Judged before the bar closed." if finding.early else ""
    lines = (
        f"{happened} {_EVIDENCE[finding.basis]}{early}",
        _situation(finding),
        links(finding.market),
    )
    return "\n".join(filter(None, lines))


def _situation(finding: Finding) -> str:
    onset = finding.onset_ms
    started = f"Started {_time(onset, 'T')} ({_time(onset, 'R')})"
    if finding.phase is not Phase.END:
        return f"{started} · **ONGOING**"
    return f"{started} · ended {_time(_until(finding), 'T')} after {_took(finding)}"


def _footer(finding: Finding, around: _Circumstances) -> str:
    where = external(finding.market.exchange, 40)
    parts = ["liqmon", finding.episode, f"{where} {finding.timeframe}"]
    if around.test:
        parts.append("TEST")
    if around.ambiguous:
        parts.append("possible duplicate")
    if around.late_s >= _LATE_S:
        parts.append(f"sent {span(around.late_s)} late")
    return " · ".join(parts)


# fields, most important first


def _fields(finding: Finding) -> tuple[Field, ...]:
    last = "Peak severity" if finding.phase is Phase.END else "Severity"
    return (
        Field("Price", _price_path(finding)),
        Field("Move", f"**{percent(finding.change)}**\nin {_took(finding)}"),
        Field("Volume", f"**{usd(finding.volume_usd)}**\ntraded, not liquidated"),
        Field("Why this fired", _why(finding), inline=False),
        Field(
            last,
            f"{finding.severity.name} · score {number(finding.score)}, "
            f"{number(finding.nearness)} times the threshold",
        ),
    )


def _price_path(finding: Finding) -> str:
    extreme = "low" if finding.liquidated is PositionSide.LONG else "high"
    return (
        f"**{price(finding.price_to)}**\n"
        f"{price(finding.price_from)} → {extreme} {price(finding.price_extreme)}"
    )


def _why(finding: Finding) -> str:
    return "\n".join(
        f"{external(condition.name, 80)}: {number(condition.value)} "
        f"(fires at {number(condition.threshold)})"
        for condition in finding.conditions
    )


# words


def _name(finding: Finding) -> str:
    return external(finding.market.name, 60)


def _subject(finding: Finding) -> str:
    return f"{_name(finding)} {finding.liquidated.value} liquidations"


def _until(finding: Finding) -> int:
    return finding.decided_ms if finding.ended_ms is None else finding.ended_ms


def _took(finding: Finding) -> str:
    took_ms = _until(finding) - finding.onset_ms
    return span(took_ms / 1000) if took_ms > 0 else f"one {finding.timeframe} candle"


def _time(at_ms: int, style: str) -> str:
    """Return a moment that Discord shows in the reader's own zone and language."""
    return f"<t:{at_ms // 1000}:{style}>"


def _held(count: int) -> str:
    if count == 0:
        return "No finding was held."
    if count == 1:
        return "1 finding was held and follows."
    return f"{count} findings were held and follow."


def _color(finding: Finding, around: _Circumstances) -> int:
    if around.test:
        return _TEST
    return _ENDED if finding.phase is Phase.END else _COLORS[finding.severity]


def _glyph(finding: Finding, around: _Circumstances) -> str:
    if around.test:
        return _TEST_GLYPH
    ended = finding.phase is Phase.END
    return _ENDED_GLYPH if ended else _GLYPHS[finding.severity]
