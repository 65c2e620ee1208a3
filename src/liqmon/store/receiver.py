"""What is known of a webhook, under its fingerprint: the URL itself is never stored."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from liqmon.store.facts import facts_from_text, text_from_facts

__all__ = ["ReceiverState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    """One webhook's breaker and gate.

    ``breaker`` is what the breaker exported. Nothing is sent before ``not_before_ms``,
    because of ``gate_reason``. ``opened_ms`` is when the outage began, None without
    one. ``dead_letters`` counts messages refused in a row. A ``dead_reason`` forbids
    this webhook until it is revived.
    """

    fingerprint: str
    breaker: Mapping[str, object] = field(default_factory=dict)
    not_before_ms: int = 0
    gate_reason: str = ""
    opened_ms: int | None = None
    dead_letters: int = 0
    dead_reason: str = ""


def load(connection: sqlite3.Connection, fingerprint: str) -> ReceiverState | None:
    """Return what was saved, None for a webhook never seen or revived since."""
    row = connection.execute(
        "SELECT * FROM receiver WHERE fingerprint = ?", (fingerprint,)
    ).fetchone()
    if row is None:
        return None
    return ReceiverState(**dict(row) | {"breaker": facts_from_text(row["breaker"])})


def save(connection: sqlite3.Connection, receiver: ReceiverState) -> None:
    """Replace what is known."""
    connection.execute(
        "INSERT OR REPLACE INTO receiver (fingerprint, breaker, not_before_ms,"
        " gate_reason, opened_ms, dead_letters, dead_reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            receiver.fingerprint,
            text_from_facts(receiver.breaker),
            receiver.not_before_ms,
            receiver.gate_reason,
            receiver.opened_ms,
            receiver.dead_letters,
            receiver.dead_reason,
        ),
    )


def forget(connection: sqlite3.Connection, fingerprint: str) -> bool:
    """Drop what is known; return whether there was anything."""
    cursor = connection.execute(
        "DELETE FROM receiver WHERE fingerprint = ?", (fingerprint,)
    )
    return cursor.rowcount > 0
