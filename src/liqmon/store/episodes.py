"""The newest facts of every episode, told or not: what a message is edited from."""

import sqlite3
from collections.abc import Mapping

from liqmon.store.facts import text_from_facts

__all__: list[str] = []


def save(
    connection: sqlite3.Connection,
    episode: str,
    facts: Mapping[str, object],
    now_ms: int,
) -> None:
    """Replace the facts of one episode."""
    connection.execute(
        "INSERT OR REPLACE INTO episode (id, facts, updated_ms) VALUES (?, ?, ?)",
        (episode, text_from_facts(facts), now_ms),
    )


def count(
    connection: sqlite3.Connection, exchange: str, symbol: str, since_ms: int
) -> int:
    """Return how many episodes of a market began since then."""
    # not every text is JSON: some may have been damaged, and must do no harm
    found = connection.execute(
        """
        SELECT count(*) FROM episode
        WHERE updated_ms >= :since AND CASE WHEN json_valid(facts) THEN
            json_extract(facts, '$.onset_ms') >= :since
            AND json_extract(facts, '$.phase') NOT IN ('building', 'withdrawn')
            AND json_extract(facts, '$.exchange') = :exchange
            AND json_extract(facts, '$.symbol') = :symbol
        END
        """,
        {"since": since_ms, "exchange": exchange, "symbol": _sayable(symbol)},
    )
    return int(found.fetchone()[0])


def _sayable(text: str) -> str:
    """Return the text as UTF-8 can say it: half a character finds nothing."""
    return text.encode(errors="replace").decode()
