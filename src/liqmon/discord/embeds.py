"""What liqmon says on Discord, as bodies ready to post.

The first line must do alone: it is all that a push notification shows. Side and
severity are words; the colour only repeats them.
"""

from collections.abc import Sequence

from liqmon.core.model import Finding
from liqmon.discord.card import (
    Circumstances,
    card,
    footer,
    glyph,
    headline,
    situation,
)
from liqmon.discord.figures import span
from liqmon.discord.fit import fit
from liqmon.discord.looks import OWN_GLYPH, OWN_HEALTH
from liqmon.discord.message import Embed, Field, Message
from liqmon.discord.text import external
from liqmon.discord.wording import moment

__all__ = [
    "breaker_report",
    "finding_message",
    "plain",
    "silence_notice",
]


def finding_message(
    finding: Finding,
    *,
    now_ms: int,
    late_s: float = 0,
    test: bool = False,
    ambiguous: bool = False,
    others: Sequence[Finding] = (),
    continued: bool = False,
    nth_today: int | None = None,
    mention_role: str = "",
    silent: bool = False,
    picture: str = "",
) -> dict[str, object]:
    """Return the post that tells of a finding, or what an edit makes of it.

    ``others`` share the message with the finding, the worst. ``ambiguous`` says that
    an earlier attempt may have arrived, ``late_s`` how long after the decision this one
    is made, in exchange time; ``continued`` that a newer message took over.
    ``nth_today`` counts the market's episodes of this day, this one included.
    ``mention_role`` is the id of the role to ping, ``picture`` the name of an attached
    file.
    """
    around = Circumstances(late_s, test, ambiguous, tuple(others), continued, nth_today)
    embed = card(finding, around, now_ms=now_ms, picture=picture)
    ping = f"<@&{mention_role}> " if mention_role else ""
    content = f"{ping}{glyph(finding, around)} {headline(finding, around)}"
    return fit(Message(content, (embed,), silent=silent, role=mention_role))


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
    around = Circumstances(late_s, test, ambiguous)
    lines = (
        headline(finding, around),
        situation(finding, around),
        footer(finding, around),
    )
    return fit(Message("\n".join(lines)))


def breaker_report(
    *,
    opened_ms: int,
    closed_ms: int,
    reason: str,
    held: int,
    called: str = "Discord",
) -> dict[str, object]:
    """Return the post that says, afterwards, how long ``called`` was unreachable.

    Times are wall clock; ``held`` counts the findings that waited.
    """
    lasted = span((closed_ms - opened_ms) / 1000)
    embed = Embed(
        title=f"{called} was unreachable",
        description=(
            f"From {moment(opened_ms, 'T')} to {moment(closed_ms, 'T')} ({lasted}), "
            f"{moment(closed_ms, 'R')}. {_held(held)}"
        ),
        fields=(Field("Reason", external(reason, 200), inline=False),),
        footer="liqmon · circuit breaker",
        color=OWN_HEALTH,
        timestamp_ms=closed_ms,
    )
    content = f"{OWN_GLYPH} **{called} was unreachable** for {lasted}. {_held(held)}"
    return fit(Message(content, (embed,), silent=True))


def silence_notice(
    *, since_ms: int, until_ms: int | None, reason: str
) -> dict[str, object]:
    """Return the post that says that no market data come, or that they are back.

    Times are wall clock. Losing the feed rings, its return does not.
    """
    if until_ms is None:
        title, told = "No market data", "Nothing can be judged"
        since = f"{told} since {moment(since_ms, 'T')}."
    else:
        lasted = span((until_ms - since_ms) / 1000)
        title, told = "Market data are back", f"Nothing could be judged for {lasted}"
        since = f"{told}, from {moment(since_ms, 'T')} on."
    fields = (Field("Reason", external(reason, 400), inline=False),)
    embed = Embed(
        title=title,
        description=since,
        fields=fields if reason else (),
        footer="liqmon · market data",
        color=OWN_HEALTH,
        timestamp_ms=since_ms if until_ms is None else until_ms,
    )
    # without the moment: some push notifications show its code
    content = f"{OWN_GLYPH} **{title}**. {told}."
    return fit(Message(content, (embed,), silent=until_ms is not None))


def _held(count: int) -> str:
    if count == 0:
        return "No finding was held."
    if count == 1:
        return "1 finding was held and follows."
    return f"{count} findings were held and follow."
