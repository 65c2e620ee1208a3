"""Where each market's episode stands: open or cooling down, and judged how far.

It is written in the same transaction as the finding it led to. Otherwise a crash
between the two either forgets the finding or tells it again.
"""

import sqlite3
from collections.abc import Mapping

from liqmon.store.facts import facts_from_text, text_from_facts

__all__: list[str] = []


def states(
    connection: sqlite3.Connection, timeframe: str
) -> dict[str, Mapping[str, object]]:
    """Return the facts of every market judged in this timeframe, by market key."""
    rows = connection.execute(
        "SELECT market, state FROM detection WHERE timeframe = ?", (timeframe,)
    )
    return {row["market"]: facts_from_text(row["state"]) for row in rows}


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
