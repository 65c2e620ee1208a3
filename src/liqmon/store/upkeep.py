"""What keeps the outbox from growing, and what a user does to it by hand."""

import logging
import sqlite3
from collections.abc import Sequence
from typing import Final

from liqmon.store import outbox, silences, tally
from liqmon.store.rows import OutboxRow, RowState, lifetime_ms, row_of

__all__ = ["COLLAPSED", "KEEP_DAYS"]

log = logging.getLogger(__name__)

_DAY_MS: Final = 86_400_000
_DEAD_KEPT_DAYS: Final = 7

KEEP_DAYS: Final = 90
"""For how long what happened can be looked up, where nothing else is said."""

_FINE_MS: Final = 8 * _DAY_MS
"""A week by the hour, whenever it is asked for."""

_MOST_PAGES: Final = 2_000
"""Given back to the file system at a time, 8 MB: it must not hold up a finding."""

_MOST_ROWS: Final = 10_000
_MOST_BYTES: Final = 50 * 1024 * 1024

COLLAPSED: Final = "collapsed: outbox full"


def collapse(
    connection: sqlite3.Connection,
    now_ms: int,
    *,
    most_rows: int = _MOST_ROWS,
    most_bytes: int = _MOST_BYTES,
) -> list[OutboxRow]:
    """Expire the least grave, oldest findings that are too many, and return them.

    The next digest counts them. To make the scan wait instead would be worse.
    """
    rows, size = connection.execute(
        "SELECT count(*), total(length(payload)) FROM outbox"
        " WHERE state = 'pending' AND kind = 'finding' AND digest IS NULL"
    ).fetchone()
    if rows <= most_rows and size <= most_bytes:
        return []
    surplus = max(rows - most_rows, round(rows * (1 - most_bytes / max(size, 1))))
    found = connection.execute(
        "SELECT * FROM outbox WHERE state = 'pending' AND kind = 'finding'"
        " AND digest IS NULL ORDER BY severity, id LIMIT ?",
        (max(surplus, 1),),
    )
    over = [row_of(row) for row in found.fetchall()]
    log.warning("the outbox is full: %d findings are only counted", len(over))
    return [outbox.expired(connection, row, COLLAPSED, now_ms) for row in over]


def retain(
    connection: sqlite3.Connection, now_ms: int, keep_days: int = KEEP_DAYS
) -> int:
    """Delete what is final and old, with its messages; return how many rows.

    Dead letters go after a week: nobody wants to send them any more. That there was
    one stays known of its episode.
    """
    old_ms = now_ms - keep_days * _DAY_MS
    dead_ms = now_ms - min(keep_days, _DEAD_KEPT_DAYS) * _DAY_MS
    connection.execute(
        "UPDATE episode SET lost = 1 WHERE id IN (SELECT episode FROM outbox"
        " WHERE state = 'dead' AND settled_ms < ?)",
        (dead_ms,),
    )
    cursor = connection.execute(
        """
        DELETE FROM outbox WHERE state = 'dead' AND settled_ms < :dead
            OR state IN ('sent', 'digested', 'expired') AND settled_ms < :old
        """,
        {"dead": dead_ms, "old": old_ms},
    )
    _forget(connection, now_ms, old_ms)
    _condense(connection, now_ms)
    return cursor.rowcount


def shrink(connection: sqlite3.Connection) -> None:
    """Give the pages that deleted rows left to the file system. In no transaction."""
    # as a script: it has a result for every page, and execute() reads only the first
    connection.executescript(f"PRAGMA incremental_vacuum({_MOST_PAGES})")


def _forget(connection: sqlite3.Connection, now_ms: int, old_ms: int) -> None:
    silences.forget(connection, now_ms)
    connection.execute("DELETE FROM post WHERE edited_ms < ?", (old_ms,))
    connection.execute(
        "DELETE FROM post_episode WHERE post NOT IN (SELECT id FROM post)"
    )
    connection.execute(
        "DELETE FROM episode WHERE updated_ms < ?"
        " AND id NOT IN (SELECT episode FROM outbox)",
        (old_ms,),
    )
    connection.execute(
        "DELETE FROM price_path WHERE episode NOT IN (SELECT id FROM episode)"
    )
    connection.execute("DELETE FROM journal WHERE at_ms < ?", (old_ms,))
    connection.execute("DELETE FROM tally WHERE hour_ms < ?", (old_ms,))


def _condense(connection: sqlite3.Connection, now_ms: int) -> None:
    """Keep of what is a week old only what anybody asks for."""
    # no message is edited any more after an hour
    connection.execute(
        "UPDATE post SET shown = '{}' WHERE is_closed = 1 AND edited_ms < ?"
        " AND shown != '{}'",
        (now_ms - _FINE_MS,),
    )
    tally.fold(connection, (now_ms - _FINE_MS) // _DAY_MS * _DAY_MS)


def retry(connection: sqlite3.Connection, row_ids: Sequence[int], now_ms: int) -> int:
    """Make rows that were given up on pending again; return how many those are."""
    return sum(_retried(connection, row_id, now_ms) for row_id in row_ids)


def _retried(connection: sqlite3.Connection, row_id: int, now_ms: int) -> int:
    row = connection.execute(
        "SELECT severity FROM outbox WHERE id = ? AND state IN ('dead', 'expired')",
        (row_id,),
    ).fetchone()
    if row is None:
        return 0
    cursor = connection.execute(
        """
        UPDATE outbox SET state = 'pending', attempts = 0, not_before_ms = 0, plain = 0,
            digest = NULL, last_error = '', settled_ms = NULL, expires_ms = ?
        WHERE id = ?
        """,
        (now_ms + lifetime_ms(row["severity"]), row_id),
    )
    return cursor.rowcount


def purge(connection: sqlite3.Connection, states: Sequence[RowState]) -> int:
    """Delete all rows in these states; return how many there were."""
    deleted = sum(
        connection.execute(
            "DELETE FROM outbox WHERE state = ?", (state.value,)
        ).rowcount
        for state in states
    )
    # what waited for a digest that is gone goes its own way again
    connection.execute(
        "UPDATE outbox SET digest = NULL WHERE state = 'pending'"
        " AND digest NOT IN (SELECT id FROM outbox)"
    )
    return deleted


def adopt(connection: sqlite3.Connection, routes: Sequence[str], heir: str) -> int:
    """Give the pending rows of routes that are no more to another; return how many."""
    cursor = connection.execute(
        "UPDATE outbox SET route = :heir WHERE state = 'pending'"
        " AND route NOT IN (SELECT value FROM json_each(:routes))",
        {"heir": heir, "routes": outbox.names_of(routes)},
    )
    return cursor.rowcount
