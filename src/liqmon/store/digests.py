"""Many rows told by one: after an outage nobody wants every message singly.

The row of the digest is an own report that goes the way of any other. The rows it tells
of wait for it and take over its fate: in a digest that arrived they are ``digested``.
Expired rows are counted in the next digest, each in one only.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from liqmon.store import outbox
from liqmon.store.facts import facts_from_text
from liqmon.store.outbox import ON_ROUTES, Routes, names_of
from liqmon.store.rows import OutboxEntry, OutboxRow, RowState, Settlement, row_of

__all__ = ["DigestContent"]

_FATES = {RowState.SENT: RowState.DIGESTED}


@dataclass(frozen=True, slots=True)
class DigestContent:
    """What a digest tells: the newest facts of its episodes, and a count."""

    facts: tuple[Mapping[str, object], ...]
    expired: int


def fold(
    connection: sqlite3.Connection,
    entry: OutboxEntry,
    row_ids: Sequence[int],
    now_ms: int,
    routes: Routes = None,
) -> bool:
    """Write a digest of these rows; False, and nothing, if it was there before.

    The expired rows of the routes that no digest has counted are counted in this one.
    """
    if not outbox.add(connection, entry, now_ms):
        return False
    names = {"key": entry.dedup_key, "routes": names_of(routes)}
    into = "UPDATE outbox SET digest = (SELECT id FROM outbox WHERE dedup_key = :key)"
    connection.execute(
        f"{into} WHERE id IN (SELECT value FROM json_each(:ids))"  # noqa: S608 - a constant
        " AND state = 'pending' AND digest IS NULL",
        names | {"ids": json.dumps(list(row_ids))},
    )
    connection.execute(
        f"{into} WHERE state = 'expired' AND kind = 'finding' AND digest IS NULL"
        f" AND {ON_ROUTES}",
        names,
    )
    return True


def uncounted(connection: sqlite3.Connection, routes: Routes = None) -> int:
    """Return how many findings expired without a word about them."""
    found = connection.execute(
        f"""
        SELECT count(*) FROM outbox WHERE state = 'expired' AND kind = 'finding'
          AND digest IS NULL AND {ON_ROUTES}
        """,  # noqa: S608 - a constant
        {"routes": names_of(routes)},
    )
    return int(found.fetchone()[0])


def content(
    connection: sqlite3.Connection, digest: int, also: Sequence[str] = ()
) -> DigestContent:
    """Return what the digest tells, as of now; ``also`` names more episodes for it."""
    rows = connection.execute(
        """
        SELECT coalesce(episode.facts, outbox.payload) AS facts, max(outbox.id)
        FROM outbox LEFT JOIN episode ON episode.id = outbox.episode
        WHERE digest = :digest AND state != 'expired'
            OR kind = 'finding' AND episode IN (SELECT value FROM json_each(:also))
        GROUP BY outbox.episode ORDER BY max(outbox.id)
        """,
        {"digest": digest, "also": json.dumps(list(also))},
    )
    facts = tuple(facts_from_text(row["facts"]) for row in rows)
    expired = connection.execute(
        "SELECT count(*) FROM outbox WHERE digest = ? AND state = 'expired'", (digest,)
    )
    return DigestContent(facts, int(expired.fetchone()[0]))


def follow(
    connection: sqlite3.Connection, digest: int, settlement: Settlement, now_ms: int
) -> list[OutboxRow]:
    """Settle the rows of a digest that has met its fate, and return them."""
    if settlement.state is RowState.PENDING:
        return []
    fate = replace(
        settlement,
        state=_FATES.get(settlement.state, settlement.state),
        parts=0,
        error=f"its digest: {settlement.error}" if settlement.error else "",
    )
    rows = connection.execute(
        "SELECT * FROM outbox WHERE digest = ? AND state = 'pending' ORDER BY id",
        (digest,),
    )
    told = [row_of(row) for row in rows.fetchall()]
    for row in told:
        outbox.settle(connection, row.id, fate, now_ms)
    if settlement.state is not RowState.SENT:
        # nobody was told of them: the next digest counts them
        connection.execute(
            "UPDATE outbox SET digest = NULL WHERE digest = ? AND state = 'expired'",
            (digest,),
        )
    return [replace(row, state=fate.state, last_error=fate.error) for row in told]
