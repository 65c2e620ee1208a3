"""Where each market's episode stands: open or cooling down, and judged how far.

It is written in the same transaction as the finding it led to. Otherwise a crash
between the two either forgets the finding or tells it again.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from liqmon.core.model import Severity
from liqmon.store import episodes, journal, outbox, silences
from liqmon.store.facts import facts_from_text, text_from_facts
from liqmon.store.rows import OutboxEntry

__all__: list[str] = []

_NEVER_MUTED: Final = Severity.CRITICAL.name


def states(
    connection: sqlite3.Connection, timeframe: str
) -> dict[str, Mapping[str, object]]:
    """Return the facts of every market judged in this timeframe, by market key."""
    rows = connection.execute(
        "SELECT market, state FROM detection WHERE timeframe = ?", (timeframe,)
    )
    return {row["market"]: facts_from_text(row["state"]) for row in rows}


def markets(connection: sqlite3.Connection) -> list[str]:
    """Return the keys of all markets that were judged or told of."""
    rows = connection.execute(
        "SELECT market FROM detection UNION"
        " SELECT market FROM episode WHERE market != '' ORDER BY market"
    )
    return [row["market"] for row in rows]


def save(
    connection: sqlite3.Connection,
    market: str,
    timeframe: str,
    state: Mapping[str, object],
    now_ms: int,
) -> None:
    """Replace the facts of one market; ``now_ms`` is when it was judged."""
    connection.execute(
        "INSERT OR REPLACE INTO detection (market, timeframe, state, judged_ms)"
        " VALUES (?, ?, ?, ?)",
        (market, timeframe, text_from_facts(state), now_ms),
    )


def commit(
    connection: sqlite3.Connection,
    *,
    market: str,
    timeframe: str,
    state: Mapping[str, object],
    findings: Sequence[OutboxEntry],
    now_ms: int,
    told: Sequence[Mapping[str, object]],
    progress: Mapping[str, object] | None,
) -> None:
    """Write a market's state and all that came of it.

    The outbox has a row for each webhook that a finding goes to, the journal one entry
    for each finding; ``told`` are those that go to none.
    """
    save(connection, market, timeframe, state, now_ms)
    new = [entry for entry in findings if outbox.add(connection, entry, now_ms)]
    raised = [entry.payload for entry in new]
    is_muted = silences.wishes(connection, now_ms).mutes(market, now_ms)
    muted = set[object]()
    for number, facts in enumerate((*raised, *told)):
        if facts not in raised[:number]:
            if is_muted and facts.get("severity") != _NEVER_MUTED:
                muted.add(facts.get("episode"))
            journal.record(
                connection,
                at_ms=now_ms,
                kind="FindingRaised",
                market=market,
                body=facts,
            )
    newest = {str(facts.get("episode", "")): facts for facts in told}
    newest |= {entry.episode: entry.payload for entry in findings}
    if progress is not None:
        newest[str(progress.get("episode", ""))] = progress
    for episode, facts in newest.items():
        episodes.save(connection, episode, facts, now_ms, muted=episode in muted)
