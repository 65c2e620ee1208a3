"""An outbox row in Discord's words, rendered anew for every attempt.

A row may have been written by another version of liqmon. What cannot be read any more
is told in general words rather than dropped.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from liqmon.core.model import Finding, Phase
from liqmon.discord.daily import daily_notice, day_from_facts
from liqmon.discord.digest import digest_messages
from liqmon.discord.embeds import (
    breaker_report,
    finding_message,
    plain,
    silence_notice,
)
from liqmon.discord.fit import fit
from liqmon.discord.message import Message
from liqmon.discord.text import external
from liqmon.monitor.incidents import Edit, finding_in
from liqmon.monitor.reports import DAILY, DIGEST, DISCORD, DISK, SILENCE, WEBHOOK
from liqmon.monitor.routing import Heading
from liqmon.store.digests import DigestContent
from liqmon.store.outbox import OutboxRow

__all__ = ["digest_letters", "edited", "letter", "repost"]

Body = Mapping[str, object]

# https://discord.com/developers/docs/resources/message#message-object-message-flags
_SUPPRESS_NOTIFICATIONS: Final = 1 << 12

_NO_HEADING: Final = Heading()


def letter(
    row: OutboxRow,
    *,
    now_ms: int,
    heading: Heading = _NO_HEADING,
    others: Sequence[Finding] = (),
    nth_today: int | None = None,
    picture: str = "",
) -> Body:
    """Return the body to post for ``row``, whose message ``others`` share."""
    if row.kind == "report":
        return _as_loud(heading, _report(row))
    finding = finding_in(row.payload)
    if finding is None:
        return _as_loud(heading, _in_general(row))
    late_s = max(now_ms - row.created_ms, 0) / 1000
    if row.plain:
        body = plain(finding, late_s=late_s, ambiguous=row.ambiguous)
        return _as_loud(heading, body)
    return finding_message(
        finding,
        now_ms=now_ms,
        late_s=late_s,
        ambiguous=row.ambiguous,
        others=others,
        nth_today=nth_today,
        mention_role=heading.mention_role,
        silent=heading.silent,
        picture=picture,
    )


def _as_loud(heading: Heading, body: Body) -> Body:
    return {**body, "flags": _SUPPRESS_NOTIFICATIONS} if heading.silent else body


def edited(edit: Edit, *, now_ms: int, picture: str = "") -> Body:
    """Return the body that replaces a message's; nobody is notified of it."""
    first, *others = edit.findings
    return finding_message(
        first,
        now_ms=now_ms,
        others=others,
        continued=edit.continued,
        picture=picture,
    )


def repost(edit: Edit, *, now_ms: int) -> Body:
    """Return the body of the message that takes the place of one that is lost."""
    first, *others = edit.findings
    return finding_message(first, now_ms=now_ms, others=others, silent=True)


def digest_letters(
    row: OutboxRow,
    content: DigestContent,
    *,
    now_ms: int,
    heading: Heading = _NO_HEADING,
) -> Sequence[Body]:
    """Return the bodies of a digest, one or more."""
    since_ms, until_ms = row.payload.get("since_ms"), row.payload.get("until_ms")
    if row.plain or not (isinstance(since_ms, int) and isinstance(until_ms, int)):
        return [_as_loud(heading, _in_general(row))]
    # what was building then, and may be nothing, is no news any more
    found = [
        finding
        for facts in content.facts
        if (finding := finding_in(facts)) and not finding.phase.is_first_step
    ]
    bodies = digest_messages(
        [one for one in found if one.phase is not Phase.END],
        [one for one in found if one.phase is Phase.END],
        expired=content.expired,
        since_ms=since_ms,
        until_ms=until_ms,
        now_ms=now_ms,
        called=_called(row),
    )
    return [_as_loud(heading, body) for body in bodies]


def _called(row: OutboxRow) -> str:
    """Return who could not be reached."""
    called = row.payload.get("called")
    return called if isinstance(called, str) else DISCORD


def _report(row: OutboxRow) -> Body:
    match row.payload:
        case {
            "since_ms": int(since_ms),
            "until_ms": int() | None as until_ms,
            "reason": str(reason),
        } if not row.plain:
            return silence_notice(since_ms=since_ms, until_ms=until_ms, reason=reason)
        case {
            "opened_ms": int(opened_ms),
            "closed_ms": int(closed_ms),
            "reason": str(reason),
            "held": int(held),
        } if not row.plain:
            return breaker_report(
                opened_ms=opened_ms,
                closed_ms=closed_ms,
                reason=reason,
                held=held,
                called=_called(row),
            )
        case {"report": kind, "day": dict(day)} if kind == DAILY and not row.plain:
            return _alive(row, day)
        case _:
            return _in_general(row)


def _alive(row: OutboxRow, facts: Mapping[str, object]) -> Body:
    day = day_from_facts(facts)
    return _in_general(row) if day is None else daily_notice(day)


def _in_general(row: OutboxRow) -> Body:
    at = f"<t:{row.created_ms // 1000}:F>"
    if row.kind == "report":
        silent = row.payload.get("report") in {DAILY, DISK}
        return fit(Message(f"liqmon: {_subject(row)}; noted {at}", silent=silent))
    return fit(
        Message(
            f"liqmon: a liquidation finding of {at} · {row.episode}\n"
            "Its details were written by another version of liqmon."
        )
    )


def _subject(row: OutboxRow) -> str:
    match row.payload:
        case {"report": kind, "until_ms": until_ms} if kind == SILENCE:
            return "no market data" if until_ms is None else "data are back"
        case {"report": kind} if kind == DIGEST:
            return (
                f"findings piled up while {_called(row)} was unreachable: "
                "liqmon outbox list"
            )
        case {"report": kind, "why": str(why)} if kind == WEBHOOK:
            return f"a receiver takes no messages: {external(why, 300)}"
        case {"report": kind} if kind == DAILY:
            return "alive"
        case {"report": kind, "count": int(count)} if kind == DISK:
            findings = "1 finding" if count == 1 else f"{count} findings"
            return f"the disk failed, {findings} had to be sent from memory"
        case _:
            return f"{_called(row)} was unreachable"
