"""What happened while Discord was unreachable, in at most two messages.

First what is still going on, for that can be acted on, and it rings; then what came and
went, counted and silent. Each lists ten lines at most: nobody reads more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from liqmon.core.model import Finding
from liqmon.discord.figures import percent, span
from liqmon.discord.fit import fit
from liqmon.discord.looks import COLORS, ENDED, ENDED_GLYPH, GLYPHS
from liqmon.discord.message import Embed, Field, Message
from liqmon.discord.text import external
from liqmon.discord.wording import change, moment, name, took, worst_change

__all__ = ["digest_messages"]

_MOST_LINES: Final = 10
_MOST_EXCHANGES: Final = 5


def digest_messages(
    ongoing: Sequence[Finding],
    over: Sequence[Finding],
    *,
    expired: int,
    since_ms: int,
    until_ms: int,
    now_ms: int,
    called: str = "Discord",
) -> list[dict[str, object]]:
    """Return one or two bodies. Of several findings of an episode the newest counts.

    ``since_ms`` to ``until_ms`` (wall clock) is the outage of ``called``; ``expired``
    counts findings that grew too old to be told singly.
    """
    outage = _Outage(since_ms, until_ms, called)
    active, past = _worst_first(ongoing), _worst_first(over)
    messages = []
    if active:
        messages.append(_still_going_on(active, outage, now_ms))
    if past or expired or not active:
        messages.append(_came_and_went(past, outage, now_ms, expired=expired))
    return [fit(message) for message in messages]


@dataclass(frozen=True, slots=True)
class _Outage:
    since_ms: int
    until_ms: int
    called: str

    def __str__(self) -> str:
        begin, end = moment(self.since_ms, "t"), moment(self.until_ms, "t")
        return f"From {begin} to {end} ({self.lasted})."

    @property
    def lasted(self) -> str:
        return span((self.until_ms - self.since_ms) / 1000)


def _still_going_on(active: Sequence[Finding], outage: _Outage, now_ms: int) -> Message:
    worst = active[0]
    embed = Embed(
        title=f"Still going on ({len(active)})",
        description=_listed(map(_active_line, active), len(active)),
        fields=_counts(active),
        footer=_footer(active),
        color=COLORS[worst.severity],
        timestamp_ms=now_ms,
    )
    content = (
        f"{GLYPHS[worst.severity]} **{_episodes(len(active))} still going on** after "
        f"{outage.lasted} without {outage.called} · worst {_subject(worst)} "
        f"{worst.severity.name}"
    )
    return Message(content, (embed,))


def _came_and_went(
    past: Sequence[Finding], outage: _Outage, now_ms: int, *, expired: int
) -> Message:
    what, worst = "Nothing else happened", ""
    if past:
        what = f"{_episodes(len(past))} happened and ended"
        worst = f" · worst {_subject(past[0])} {past[0].severity.name}"
    embed = Embed(
        title=f"{what} while {outage.called} was unreachable",
        description=f"{outage}\n{_listed(map(_past_line, past), len(past))}",
        fields=(*_counts(past), *_expired(expired)),
        footer=_footer(past),
        color=ENDED,
        timestamp_ms=now_ms,
    )
    content = (
        f"{ENDED_GLYPH} **{what}** in {outage.lasted} without {outage.called}{worst}"
    )
    return Message(content, (embed,), silent=True)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    newest = {one.episode: one for one in sorted(findings, key=_decided)}
    return sorted(newest.values(), key=lambda one: (-one.severity, one.onset_ms))


def _decided(finding: Finding) -> int:
    return finding.decided_ms


# lines


def _listed(lines: Iterable[str], count: int) -> str:
    if count <= _MOST_LINES:
        return "\n".join(lines)
    head = [line for line, _ in zip(lines, range(_MOST_LINES - 1), strict=False)]
    return "\n".join([*head, f"+{count - len(head)} more"])


def _active_line(one: Finding) -> str:
    began = moment(one.onset_ms, "R")
    return f"{_head(one)} · {percent(change(one), digits=1)} · began {began}"


def _past_line(one: Finding) -> str:
    began = moment(one.onset_ms, "t")
    worst = percent(worst_change(one), digits=1)
    return f"{began} {_head(one)} · {worst} at worst · lasted {took(one)}"


def _head(one: Finding) -> str:
    where = external(one.market.exchange, 40)
    return f"**{_subject(one)}** {one.severity.name} · {where}"


def _subject(one: Finding) -> str:
    return f"{name(one)} {one.liquidated.value}s"


def _episodes(count: int) -> str:
    return "1 episode" if count == 1 else f"{count} episodes"


# fields


def _counts(findings: Sequence[Finding]) -> tuple[Field, ...]:
    if not findings:
        return ()
    exchanges = Counter(external(one.market.exchange, 40) for one in findings)
    severities = Counter(one.severity for one in findings)
    common = [f"{name} {n}" for name, n in exchanges.most_common(_MOST_EXCHANGES)]
    if len(exchanges) > _MOST_EXCHANGES:
        common.append(f"+{len(exchanges) - _MOST_EXCHANGES} more")
    graded = [f"{n} {grade.name}" for grade, n in sorted(severities.items())[::-1]]
    return (
        Field("By exchange", " · ".join(common)),
        Field("By severity", " · ".join(graded)),
    )


def _expired(count: int) -> tuple[Field, ...]:
    if not count:
        return ()
    findings = "1 finding" if count == 1 else f"{count} findings"
    told = f"{findings} grew too old to be sent: `liqmon outbox list`"
    return (Field("Expired", told, inline=False),)


def _footer(findings: Sequence[Finding]) -> str:
    ids = [one.episode for one in findings[:_MOST_LINES]]
    return " · ".join(["liqmon", "digest", *ids])
