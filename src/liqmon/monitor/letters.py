"""An outbox row in Discord's words, rendered anew for every attempt.

A row may have been written by another version of liqmon. What cannot be read any more
is told in general words rather than dropped.
"""

from collections.abc import Mapping
from typing import Final

from liqmon.core.facts import finding_from_facts
from liqmon.discord.embeds import (
    breaker_report,
    finding_message,
    plain,
    silence_notice,
)
from liqmon.discord.fit import fit
from liqmon.discord.message import Message
from liqmon.store.outbox import OutboxEntry, OutboxRow

__all__ = ["letter", "outage_report", "silence_report"]

_REPORT: Final = "breaker"
_SILENCE: Final = "silence"
_REPORT_VERSION: Final = 1
_LOW: Final = 1


def outage_report(
    *, opened_ms: int, closed_ms: int, reason: str, held: int
) -> OutboxEntry:
    """Return the entry that tells, after recovery, of the time without Discord."""
    return OutboxEntry(
        dedup_key=f"{_REPORT}:{opened_ms}",
        episode="",
        kind="report",
        severity=_LOW,
        payload={
            "report": _REPORT,
            "version": _REPORT_VERSION,
            "opened_ms": opened_ms,
            "closed_ms": closed_ms,
            "reason": reason,
            "held": held,
        },
    )


def silence_report(*, since_ms: int, until_ms: int | None, reason: str) -> OutboxEntry:
    """Return the entry that tells that no data come, or that they are back."""
    return OutboxEntry(
        dedup_key=f"{_SILENCE}:{since_ms}:{'over' if until_ms else 'began'}",
        episode="",
        kind="report",
        severity=_LOW,
        payload={
            "report": _SILENCE,
            "version": _REPORT_VERSION,
            "since_ms": since_ms,
            "until_ms": until_ms,
            "reason": reason,
        },
    )


def letter(row: OutboxRow, *, now_ms: int) -> Mapping[str, object]:
    """Return the body to post for ``row``."""
    if row.kind == "report":
        return _report(row)
    try:
        finding = finding_from_facts(row.payload)
    except (KeyError, TypeError, ValueError):
        return _in_general(row)
    late_s = max(now_ms - row.created_ms, 0) / 1000
    if row.plain:
        return plain(finding, late_s=late_s, ambiguous=row.ambiguous)
    return finding_message(
        finding, now_ms=now_ms, late_s=late_s, ambiguous=row.ambiguous
    )


def _report(row: OutboxRow) -> Mapping[str, object]:
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
                opened_ms=opened_ms, closed_ms=closed_ms, reason=reason, held=held
            )
        case _:
            return _in_general(row)


def _in_general(row: OutboxRow) -> Mapping[str, object]:
    at = f"<t:{row.created_ms // 1000}:F>"
    if row.kind == "report":
        return fit(Message(f"liqmon: {_subject(row)}; noted {at}"))
    return fit(
        Message(
            f"liqmon: a liquidation finding of {at} · {row.episode}\n"
            "Its details were written by another version of liqmon."
        )
    )


def _subject(row: OutboxRow) -> str:
    if row.payload.get("report") == _SILENCE:
        over = row.payload.get("until_ms") is not None
        return "data are back" if over else "no market data"
    return "Discord was unreachable"
