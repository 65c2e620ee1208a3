"""What liqmon reports of itself, as entries for the outbox: facts, not words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow

__all__ = [
    "BREAKER",
    "DAILY",
    "DIGEST",
    "DISCORD",
    "DISK",
    "SILENCE",
    "WEBHOOK",
    "ReportBox",
    "Reporting",
    "daily_report",
    "digest_of",
    "disk_report",
    "outage_report",
    "silence_report",
    "webhook_report",
]

BREAKER: Final = "breaker"
SILENCE: Final = "silence"
DIGEST: Final = "digest"
WEBHOOK: Final = "webhook"
DISK: Final = "disk"
DAILY: Final = "daily"

DISCORD: Final = "Discord"
"""Who a report speaks of when it names nobody."""

_VERSION: Final = 1
_LOW: Final = 1


def outage_report(
    *,
    opened_ms: int,
    closed_ms: int,
    reason: str,
    held: int,
    route: str = "",
    called: str = DISCORD,
) -> OutboxEntry:
    """Return the entry that tells, after recovery, of the time without ``called``."""
    when = opened_ms if called == DISCORD else f"{opened_ms}:{called}"
    return _report(
        BREAKER,
        when,
        {
            "opened_ms": opened_ms,
            "closed_ms": closed_ms,
            "reason": reason,
            "held": held,
            **_named(called),
        },
        route=route,
    )


def silence_report(
    *, since_ms: int, until_ms: int | None, reason: str, route: str = ""
) -> OutboxEntry:
    """Return the entry that tells that no data come, or that they are back."""
    when = f"{since_ms}:{'over' if until_ms else 'began'}"
    return _report(
        SILENCE,
        when,
        {"since_ms": since_ms, "until_ms": until_ms, "reason": reason},
        route=route,
    )


def digest_of(
    rows: Sequence[OutboxRow],
    *,
    route: str,
    since_ms: int,
    until_ms: int,
    also: Sequence[str] = (),
    called: str = DISCORD,
) -> OutboxEntry:
    """Return the entry that tells of these rows; ``also`` names episodes beside them.

    It is worth sending for as long as the gravest of them.
    """
    return _report(
        DIGEST,
        since_ms,
        {
            "since_ms": since_ms,
            "until_ms": until_ms,
            "also": list(also),
            **_named(called),
        },
        route=route,
        severity=max((row.severity for row in rows), default=_LOW),
    )


def webhook_report(*, at_ms: int, reason: str, route: str) -> OutboxEntry:
    """Return the entry that tells another webhook that this one takes nothing."""
    return _report(WEBHOOK, at_ms, {"why": reason}, route=route)


def disk_report(*, since_ms: int, count: int, route: str) -> OutboxEntry:
    """Return the entry that tells, afterwards, what was sent without being on disk."""
    return _report(DISK, since_ms, {"count": count}, route=route)


def daily_report(*, date: str, day: Mapping[str, object]) -> OutboxEntry:
    """Return the entry that says on that date that liqmon is alive."""
    return _report(DAILY, date, {"day": dict(day)})


class Reporting(Protocol):
    """Where a report is put, such as a ``ReportBox``."""

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        """Keep it, or raise StoreUnavailable; False if it was there before."""
        ...


class ReportBox:
    """Puts a report into the outbox once for each of the routes."""

    def __init__(self, store: Store, routes: Sequence[str]) -> None:
        self._store = store
        self._routes = routes

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        """Write the rows, or raise StoreUnavailable; False if all were there before."""
        new = [
            await self._store.enqueue(
                replace(entry, route=route, dedup_key=f"{entry.dedup_key}@{route}"),
                now_ms=now_ms,
            )
            for route in self._routes
        ]
        return any(new)


def _report(
    kind: str,
    when: object,
    facts: Mapping[str, object],
    *,
    route: str = "",
    severity: int = _LOW,
) -> OutboxEntry:
    """Return the entry of these facts; ``when`` tells it from others of its kind."""
    return OutboxEntry(
        dedup_key=f"{kind}:{when}@{route}" if route else f"{kind}:{when}",
        episode="",
        kind="report",
        severity=severity,
        payload={"report": kind, "version": _VERSION, **facts},
        route=route,
    )


def _named(called: str) -> dict[str, object]:
    return {} if called == DISCORD else {"called": called}
