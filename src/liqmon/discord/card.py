"""The card of a finding, part by part: title, text, fields, footer, colour."""

from dataclasses import dataclass
from typing import Final

from liqmon.core.model import Finding, Phase
from liqmon.discord.figures import number, percent, span, usd
from liqmon.discord.group import also_moving, market_wide
from liqmon.discord.links import chart_url, links
from liqmon.discord.looks import (
    BUILDING,
    BUILDING_GLYPH,
    COLORS,
    DIRECTION,
    ENDED,
    ENDED_GLYPH,
    GLYPHS,
    TEST,
    TEST_GLYPH,
)
from liqmon.discord.message import Embed, Field
from liqmon.discord.text import external
from liqmon.discord.wording import (
    change,
    evidence,
    happened,
    moment,
    name,
    price_path,
    told,
    took,
    until_ms,
    way_back,
    why,
    worst_change,
)

__all__ = ["Circumstances", "card", "footer", "glyph", "headline", "situation"]

_LATE_S: Final = 60
"""A message is called late from here on; below, it is the usual way of things."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a message says about itself rather than about its worst finding."""

    late_s: float = 0
    test: bool = False
    ambiguous: bool = False
    others: tuple[Finding, ...] = ()
    continued: bool = False
    nth_today: int | None = None


def card(
    finding: Finding, around: Circumstances, *, now_ms: int, picture: str = ""
) -> Embed:
    """Return the card; ``picture`` is the name of an attached file."""
    return Embed(
        title=_title(finding, around),
        url=chart_url(finding.market),
        description=_description(finding, around),
        fields=_fields(finding, around),
        footer=footer(finding, around),
        color=_color(finding, around),
        timestamp_ms=now_ms,
        picture=picture,
    )


def headline(finding: Finding, around: Circumstances) -> str:
    """Return the line that a push notification shows."""
    mark = "TEST " if around.test else ""
    subject = f"{name(finding)} {finding.liquidated.value} liquidations"
    if market_wide(finding, around.others):
        everywhere = market_wide(finding, around.others)
        return f"{mark}**{everywhere}** worst {subject} {told(finding)}"
    more = f" · +{len(around.others)} more" if around.others else ""
    return f"{mark}**{subject}** {told(finding)}{more}"


def _title(finding: Finding, around: Circumstances) -> str:
    mark = "TEST · " if around.test else ""
    subject = market_wide(finding, around.others) or (
        f"{name(finding)} · {finding.liquidated.value} liquidations"
    )
    last = {
        Phase.BUILDING: "building",
        Phase.WITHDRAWN: "withdrawn",
        Phase.ONSET: finding.severity.name,
        Phase.ESCALATION: f"now {finding.severity.name}",
        Phase.END: f"ended after {took(finding)}",
    }[finding.phase]
    below = f" · {_below(finding)}" if around.continued else ""
    return f"{DIRECTION[finding.liquidated]} {mark}{subject} · {last}{below}"


def _below(finding: Finding) -> str:
    """Return what a message says when a newer one goes on."""
    is_confirmed = finding.phase is Phase.BUILDING
    return f"{'confirmed' if is_confirmed else 'continued'} below"


def _description(finding: Finding, around: Circumstances) -> str:
    lines = (
        f"{happened(finding)} {evidence(finding)}",
        situation(finding, around),
        links(finding.market),
    )
    return "\n".join(filter(None, lines))


def situation(finding: Finding, around: Circumstances) -> str:
    """Return when it began and whether it goes on."""
    onset = finding.onset_ms
    started = f"Started {moment(onset, 'T')} ({moment(onset, 'R')})"
    if finding.phase is Phase.END:
        ended = moment(until_ms(finding), "T")
        return f"{started} · ended {ended} after {took(finding)}"
    if finding.phase is Phase.WITHDRAWN:
        return f"{started} · withdrawn {moment(finding.decided_ms, 'T')}"
    going_on = "BUILDING" if finding.phase is Phase.BUILDING else "ONGOING"
    state = _below(finding) if around.continued else going_on
    return f"{started} · **{state}**"


def footer(finding: Finding, around: Circumstances) -> str:
    """Return the small print, the id of every episode first."""
    where = external(finding.market.exchange, 40)
    ids = [one.episode for one in (finding, *around.others)]
    parts = ["liqmon", *ids, f"{where} {finding.timeframe}"]
    if around.test:
        parts.append("TEST")
    if around.ambiguous:
        parts.append("possible duplicate")
    if around.late_s >= _LATE_S:
        parts.append(f"sent {span(around.late_s)} late")
    return " · ".join(parts)


# fields, most important first


def _fields(finding: Finding, around: Circumstances) -> tuple[Field, ...]:
    price, move = Field("Price", price_path(finding)), _move(finding)
    volume = Field("Volume", f"**{usd(finding.volume_usd)}**\ntraded, not liquidated")
    title = "How near it came" if finding.phase.is_first_step else "Why this fired"
    reason = Field(title, _why(finding, around), inline=False)
    others, severity = _also_moving(finding, around), _severity(finding)
    if finding.phase is Phase.END:
        back = Field("Way back", way_back(finding))
        return (price, move, back, volume, severity, *others, reason)
    if finding.phase.is_first_step:
        return (price, move, volume, *others, reason)
    return (price, move, volume, *others, reason, severity)


def _move(finding: Finding) -> Field:
    if finding.phase is Phase.END:
        whole = percent(worst_change(finding))
        return Field("Move", f"**{whole}**\nat worst, after {took(finding)}")
    return Field("Move", f"**{percent(change(finding))}**\nin {took(finding)}")


def _severity(finding: Finding) -> Field:
    return Field(
        "Peak severity" if finding.phase is Phase.END else "Severity",
        f"{finding.severity.name} · score {number(finding.score)}, "
        f"{number(finding.nearness)} times the threshold",
    )


def _also_moving(finding: Finding, around: Circumstances) -> tuple[Field, ...]:
    if not around.others:
        return ()
    listed = also_moving(finding, around.others)
    return (Field("Also moving", listed, inline=False),)


def _why(finding: Finding, around: Circumstances) -> str:
    if around.nth_today is None:
        return why(finding)
    return f"{why(finding)}\n{_ordinal(around.nth_today)} today on this market"


def _ordinal(count: int) -> str:
    teen = 10 < count % 100 < 14
    ending = {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{'th' if teen else ending}"


# looks


def _color(finding: Finding, around: Circumstances) -> int:
    if around.test:
        return TEST
    if _is_over(finding, around):
        return ENDED
    is_building = finding.phase is Phase.BUILDING
    return BUILDING if is_building else COLORS[finding.severity]


def glyph(finding: Finding, around: Circumstances) -> str:
    """Return the coloured sign in front of the headline."""
    if around.test:
        return TEST_GLYPH
    if _is_over(finding, around):
        return ENDED_GLYPH
    is_building = finding.phase is Phase.BUILDING
    return BUILDING_GLYPH if is_building else GLYPHS[finding.severity]


def _is_over(finding: Finding, around: Circumstances) -> bool:
    """Return whether nothing that the message tells of goes on."""
    return all(one.phase.is_over for one in (finding, *around.others))
