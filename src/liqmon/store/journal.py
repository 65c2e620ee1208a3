"""What happened, in order: what history and statistics read. Rows are only added."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from liqmon.store.facts import facts_from_text, text_from_facts

__all__ = ["JournalEntry", "entry_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One event; ``market`` is empty where it concerns no market."""

    id: int
    at_ms: int
    kind: str
    market: str
    body: Mapping[str, object]


def record(
    connection: sqlite3.Connection,
    *,
    at_ms: int,
    kind: str,
    market: str,
    body: Mapping[str, object],
) -> None:
    """Append one event."""
    connection.execute(
        "INSERT INTO journal (at_ms, kind, market, body) VALUES (?, ?, ?, ?)",
        (at_ms, kind, market, text_from_facts(body)),
    )


def events(
    connection: sqlite3.Connection, *, kind: str | None, since_ms: int, limit: int
) -> list[JournalEntry]:
    """Return the newest ``limit`` events since then, oldest first."""
    rows = connection.execute(
        "SELECT * FROM journal WHERE at_ms >= ?1 AND (?2 IS NULL OR kind = ?2)"
        " ORDER BY id DESC LIMIT ?3",
        (since_ms, kind, limit),
    )
    return [entry_of(row) for row in rows][::-1]


def entry_of(row: sqlite3.Row) -> JournalEntry:
    """Return a row of the table as a value."""
    return JournalEntry(**dict(row) | {"body": facts_from_text(row["body"])})
