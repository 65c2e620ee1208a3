"""Decided, but not yet delivered.

A row is written in the transaction that raises its finding and leaves ``pending`` only
with an answer, an expiry or a reason, so it reaches its receiver at least once or is
listed. The attempt is counted before the request and the verdict after it: a crash in
between is seen afterwards (``attempts`` above zero, no error) and may mean a duplicate.

Functions over a connection: transactions and threads are the database's.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from liqmon.store.facts import facts_from_text, text_from_facts

__all__ = [
    "LONGEST_BACKOFF_MS",
    "OutboxEntry",
    "OutboxRow",
    "RowState",
    "Settlement",
    "lifetime_ms",
]

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS

_LIFETIME_MS: Final = {1: 30 * _MINUTE_MS, 2: 6 * _HOUR_MS}
_LONGEST_LIFETIME_MS: Final = 24 * _HOUR_MS

LONGEST_BACKOFF_MS: Final = 60_000
"""No row waits longer between two attempts. A retry time further ahead was written
under a clock that has since been set back, and counts as due."""

_FIRST_OF_EPISODES: Final = """
    SELECT * FROM outbox AS this
    WHERE state = 'pending' AND expires_ms > :now
      AND (episode = '' OR NOT EXISTS (
          SELECT 1 FROM outbox AS earlier
          WHERE earlier.episode = this.episode AND earlier.state = 'pending'
            AND earlier.expires_ms > :now AND earlier.id < this.id))
"""


class RowState(StrEnum):
    """What became of a row; all but ``pending`` are final."""

    PENDING = "pending"
    SENT = "sent"
    DIGESTED = "digested"
    EXPIRED = "expired"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """Something to be told. A second entry with the same ``dedup_key`` is ignored.

    ``episode`` is empty for liqmon's own reports; rows of one episode keep their order.
    ``severity`` is the number of a Severity. ``payload`` holds JSON-able facts.
    """

    dedup_key: str
    episode: str
    kind: str
    severity: int
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """An entry with its fate so far.

    ``plain`` asks for the simplest rendering: the receiver refused the full one.
    ``ambiguous`` says that an attempt may have arrived although nobody confirmed it.
    """

    id: int
    dedup_key: str
    episode: str
    kind: str
    severity: int
    created_ms: int
    expires_ms: int
    state: RowState
    payload: Mapping[str, object]
    attempts: int
    not_before_ms: int
    ambiguous: bool
    plain: bool
    message_id: str
    last_error: str
    settled_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What an attempt came to.

    ``ambiguous`` and ``plain`` only ever go from false to true.
    """

    state: RowState
    message_id: str = ""
    error: str = ""
    not_before_ms: int = 0
    ambiguous: bool = False
    plain: bool = False


def lifetime_ms(severity: int) -> int:
    """Return how long news of this severity is worth delivering."""
    return _LIFETIME_MS.get(severity, _LONGEST_LIFETIME_MS)


def add(connection: sqlite3.Connection, entry: OutboxEntry, now_ms: int) -> bool:
    """Write a row; return False if its key was there before."""
    cursor = connection.execute(
        """
        INSERT INTO outbox
            (dedup_key, episode, kind, severity, created_ms, expires_ms, payload)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (dedup_key) DO NOTHING
        """,
        (
            entry.dedup_key,
            entry.episode,
            entry.kind,
            entry.severity,
            now_ms,
            now_ms + lifetime_ms(entry.severity),
            text_from_facts(entry.payload),
        ),
    )
    return cursor.rowcount > 0


def due(connection: sqlite3.Connection, now_ms: int, limit: int) -> list[OutboxRow]:
    """Return what may be sent now: own reports, then gravest first.

    Of each episode only the first pending row is considered, whatever its severity.
    """
    rows = connection.execute(
        f"""
        {_FIRST_OF_EPISODES}
          AND (not_before_ms <= :now OR not_before_ms > :now + :longest)
        ORDER BY kind = 'report' DESC, severity DESC, id LIMIT :limit
        """,
        {"now": now_ms, "longest": LONGEST_BACKOFF_MS, "limit": limit},
    )
    return [_row(row) for row in rows]


def oldest(connection: sqlite3.Connection, now_ms: int) -> OutboxRow | None:
    """Return the row that has waited longest, whatever its retry time."""
    row = connection.execute(
        "SELECT * FROM outbox WHERE state = 'pending' AND expires_ms > ?"
        " ORDER BY id LIMIT 1",
        (now_ms,),
    ).fetchone()
    return None if row is None else _row(row)


def next_due_ms(connection: sqlite3.Connection, now_ms: int) -> int | None:
    """Return the earliest retry time among the rows that could be next."""
    found = connection.execute(
        f"SELECT min(not_before_ms) FROM ({_FIRST_OF_EPISODES})",  # noqa: S608 - a constant
        {"now": now_ms},
    ).fetchone()[0]
    return None if found is None else int(found)


def begin_attempt(connection: sqlite3.Connection, row_id: int) -> None:
    """Count an attempt that is about to be made."""
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, last_error = '' WHERE id = ?",
        (row_id,),
    )


def settle(
    connection: sqlite3.Connection, row_id: int, settlement: Settlement, now_ms: int
) -> None:
    """Write down what an attempt came to; a row that is final stays as it is."""
    final = settlement.state is not RowState.PENDING
    connection.execute(
        """
        UPDATE outbox SET state = ?, message_id = ?, last_error = ?, not_before_ms = ?,
            ambiguous = max(ambiguous, ?), plain = max(plain, ?), settled_ms = ?
        WHERE id = ? AND state = 'pending'
        """,
        (
            settlement.state.value,
            settlement.message_id,
            settlement.error,
            settlement.not_before_ms,
            settlement.ambiguous,
            settlement.plain,
            now_ms if final else None,
            row_id,
        ),
    )


def expire(connection: sqlite3.Connection, now_ms: int) -> list[OutboxRow]:
    """Settle what nobody needs to hear any more, and return it."""
    late = connection.execute(
        "SELECT * FROM outbox WHERE state = 'pending' AND expires_ms <= ? ORDER BY id",
        (now_ms,),
    )
    return [_expired(connection, _row(row), now_ms) for row in late.fetchall()]


def _expired(connection: sqlite3.Connection, row: OutboxRow, now_ms: int) -> OutboxRow:
    why = row.last_error or "not delivered in time"
    settle(connection, row.id, Settlement(state=RowState.EXPIRED, error=why), now_ms)
    return replace(row, state=RowState.EXPIRED, last_error=why, settled_ms=now_ms)


def release(connection: sqlite3.Connection) -> None:
    """Forget all retry times: the receiver is back."""
    connection.execute("UPDATE outbox SET not_before_ms = 0 WHERE state = 'pending'")


def doubt_unanswered(connection: sqlite3.Connection) -> int:
    """Mark rows whose attempt a crash cut off; return how many there are.

    Right only while nobody sends.
    """
    cursor = connection.execute(
        "UPDATE outbox SET ambiguous = 1, last_error = 'stopped before an answer'"
        " WHERE state = 'pending' AND attempts > 0 AND last_error = ''"
    )
    return cursor.rowcount


def entries(
    connection: sqlite3.Connection, states: Iterable[RowState], limit: int
) -> list[OutboxRow]:
    """Return the newest ``limit`` rows in these states, oldest first."""
    wanted = [state.value for state in states]
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(
        f"SELECT * FROM outbox WHERE state IN ({marks})"  # noqa: S608 - marks only
        " ORDER BY id DESC LIMIT ?",
        (*wanted, limit),
    )
    return [_row(row) for row in rows][::-1]


def depth(connection: sqlite3.Connection) -> int:
    """Return how many rows are pending."""
    found = connection.execute("SELECT count(*) FROM outbox WHERE state = 'pending'")
    return int(found.fetchone()[0])


def counts(connection: sqlite3.Connection, kind: str | None) -> dict[RowState, int]:
    """Return how many rows are in each state, zeros included."""
    rows = connection.execute(
        "SELECT state, count(*) FROM outbox WHERE ?1 IS NULL OR kind = ?1"
        " GROUP BY state",
        (kind,),
    )
    found = dict(rows.fetchall())
    return {state: found.get(state.value, 0) for state in RowState}


def _row(row: sqlite3.Row) -> OutboxRow:
    columns = dict(row)
    return OutboxRow(
        **columns
        | {
            "state": RowState(row["state"]),
            "payload": facts_from_text(row["payload"]),
            "ambiguous": bool(row["ambiguous"]),
            "plain": bool(row["plain"]),
        }
    )
