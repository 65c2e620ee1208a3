"""Decided, but not yet delivered.

A row is written in the transaction that raises its finding and leaves ``pending`` only
with an answer, an expiry or a reason, so it reaches its receiver at least once or is
listed. The attempt is counted before the request and the verdict after it: a crash in
between is seen afterwards (``attempts`` above zero, no error) and may mean a duplicate.

A row with a ``digest`` is told by that row and shares its fate; nothing else sends it.

Functions over a connection: transactions and threads are the database's. Where
``routes`` are asked for, None means all of them.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from liqmon.store.facts import text_from_facts
from liqmon.store.rows import (
    OutboxEntry,
    OutboxRow,
    RowState,
    Settlement,
    lifetime_ms,
    row_of,
)

__all__ = [
    "LONGEST_BACKOFF_MS",
    "OutboxEntry",
    "OutboxRow",
    "Routes",
    "RowState",
    "Settlement",
    "lifetime_ms",
]

Routes: TypeAlias = Sequence[str] | None

LONGEST_BACKOFF_MS: Final = 60_000
"""No row waits longer between two attempts. A retry time further ahead was written
under a clock that has since been set back, and counts as due."""

ON_ROUTES: Final = (
    "(:routes IS NULL OR route IN (SELECT value FROM json_each(:routes)))"
)

_FIRST_OF_EPISODES: Final = f"""
    SELECT * FROM outbox AS this
    WHERE state = 'pending' AND expires_ms > :now AND digest IS NULL AND {ON_ROUTES}
      AND (episode = '' OR NOT EXISTS (
          SELECT 1 FROM outbox AS earlier
          WHERE earlier.episode = this.episode AND earlier.state = 'pending'
            AND earlier.route = this.route AND earlier.digest IS NULL
            AND earlier.expires_ms > :now AND earlier.id < this.id))
"""  # noqa: S608 - a constant


def names_of(routes: Routes) -> str | None:
    """Return the routes as the parameter of ``ON_ROUTES``."""
    return None if routes is None else json.dumps(list(routes))


def add(connection: sqlite3.Connection, entry: OutboxEntry, now_ms: int) -> bool:
    """Write a row; return False if its key was there before."""
    cursor = connection.execute(
        """
        INSERT INTO outbox
            (dedup_key, episode, kind, severity, created_ms, expires_ms, payload, route)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
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
            entry.route,
        ),
    )
    return cursor.rowcount > 0


def due(
    connection: sqlite3.Connection, now_ms: int, limit: int, routes: Routes = None
) -> list[OutboxRow]:
    """Return what may be sent now: own reports, then gravest first.

    Of each episode only the first pending row is considered, whatever its severity.
    """
    rows = connection.execute(
        f"""
        {_FIRST_OF_EPISODES}
          AND (not_before_ms <= :now OR not_before_ms > :now + :longest)
        ORDER BY kind = 'report' DESC, severity DESC, id LIMIT :limit
        """,
        {
            "now": now_ms,
            "longest": LONGEST_BACKOFF_MS,
            "limit": limit,
            "routes": names_of(routes),
        },
    )
    return [row_of(row) for row in rows]


def next_due_ms(
    connection: sqlite3.Connection, now_ms: int, routes: Routes = None
) -> int | None:
    """Return the earliest retry time among the rows that could be next."""
    found = connection.execute(
        f"SELECT min(not_before_ms) FROM ({_FIRST_OF_EPISODES})",  # noqa: S608 - a constant
        {"now": now_ms, "routes": names_of(routes)},
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
            ambiguous = max(ambiguous, ?), plain = max(plain, ?),
            parts = max(parts, ?), settled_ms = ?
        WHERE id = ? AND state = 'pending'
        """,
        (
            settlement.state.value,
            settlement.message_id,
            settlement.error,
            settlement.not_before_ms,
            settlement.ambiguous,
            settlement.plain,
            settlement.parts,
            now_ms if final else None,
            row_id,
        ),
    )


def expire(
    connection: sqlite3.Connection, now_ms: int, routes: Routes = None
) -> list[OutboxRow]:
    """Settle what nobody needs to hear any more, and return it."""
    late = connection.execute(
        f"""
        SELECT * FROM outbox
        WHERE state = 'pending' AND digest IS NULL AND expires_ms <= :now
          AND {ON_ROUTES}
        ORDER BY id
        """,  # noqa: S608 - a constant
        {"now": now_ms, "routes": names_of(routes)},
    )
    rows = map(row_of, late.fetchall())
    return [
        expired(connection, row, row.last_error or "not delivered in time", now_ms)
        for row in rows
    ]


def expired(
    connection: sqlite3.Connection, row: OutboxRow, why: str, now_ms: int
) -> OutboxRow:
    """Settle a row as expired, and return it so."""
    settle(connection, row.id, Settlement(state=RowState.EXPIRED, error=why), now_ms)
    return replace(row, state=RowState.EXPIRED, last_error=why, settled_ms=now_ms)


def release(connection: sqlite3.Connection, routes: Routes = None) -> None:
    """Forget all retry times: the receiver is back."""
    connection.execute(
        f"UPDATE outbox SET not_before_ms = 0 WHERE state = 'pending' AND {ON_ROUTES}",  # noqa: S608 - a constant
        {"routes": names_of(routes)},
    )


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
    connection: sqlite3.Connection,
    states: Iterable[RowState],
    limit: int,
    routes: Routes = None,
) -> list[OutboxRow]:
    """Return the newest ``limit`` rows in these states, oldest first."""
    rows = connection.execute(
        f"""
        SELECT * FROM outbox
        WHERE state IN (SELECT value FROM json_each(:states)) AND {ON_ROUTES}
        ORDER BY id DESC LIMIT :limit
        """,  # noqa: S608 - a constant
        {
            "states": json.dumps([state.value for state in states]),
            "limit": limit,
            "routes": names_of(routes),
        },
    )
    return [row_of(row) for row in rows][::-1]


def known(connection: sqlite3.Connection, keys: Sequence[str]) -> list[OutboxRow]:
    """Return the rows with these keys, whatever their state."""
    rows = connection.execute(
        "SELECT * FROM outbox WHERE dedup_key IN (SELECT value FROM json_each(?))",
        (json.dumps(list(keys)),),
    )
    return [row_of(row) for row in rows]


def depth(connection: sqlite3.Connection, routes: Routes = None) -> int:
    """Return how many rows are pending."""
    found = connection.execute(
        f"SELECT count(*) FROM outbox WHERE state = 'pending' AND {ON_ROUTES}",  # noqa: S608 - a constant
        {"routes": names_of(routes)},
    )
    return int(found.fetchone()[0])


def counts(
    connection: sqlite3.Connection, kind: str | None, routes: Routes = None
) -> dict[RowState, int]:
    """Return how many rows are in each state, zeros included."""
    rows = connection.execute(
        f"""
        SELECT state, count(*) FROM outbox
        WHERE (:kind IS NULL OR kind = :kind) AND {ON_ROUTES} GROUP BY state
        """,  # noqa: S608 - a constant
        {"kind": kind, "routes": names_of(routes)},
    )
    found = dict(rows.fetchall())
    return {state: found.get(state.value, 0) for state in RowState}
