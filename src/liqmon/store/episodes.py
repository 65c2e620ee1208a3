"""The newest facts of every episode, told or not: what a message is edited from."""

import sqlite3
from collections.abc import Mapping

from liqmon.store.facts import facts_from_text, text_from_facts

__all__: list[str] = []


def save(
    connection: sqlite3.Connection,
    episode: str,
    facts: Mapping[str, object],
    now_ms: int,
    *,
    muted: bool = False,
) -> None:
    """Replace the facts of one episode; once ``muted`` it stays so."""
    connection.execute(
        """
        INSERT INTO episode (id, market, onset_ms, told_ms, facts, updated_ms, muted)
        VALUES (:id, :market, :onset_ms, :told_ms, :facts, :now, :muted)
        ON CONFLICT (id) DO UPDATE SET facts = excluded.facts,
            updated_ms = excluded.updated_ms, muted = max(muted, excluded.muted)
        """,
        {
            "id": episode,
            "market": market_of(facts),
            "onset_ms": _moment(facts, "onset_ms"),
            "told_ms": _moment(facts, "decided_ms"),
            "facts": text_from_facts(facts),
            "now": now_ms,
            "muted": muted,
        },
    )


def count(
    connection: sqlite3.Connection, exchange: str, symbol: str, since_ms: int
) -> int:
    """Return how many episodes of a market began since then."""
    found = connection.execute(
        "SELECT count(*) FROM episode WHERE market = ? AND onset_ms >= ?",
        (_sayable(f"{exchange}:{symbol}"), since_ms),
    )
    return int(found.fetchone()[0])


def going_on(connection: sqlite3.Connection, market: str) -> str | None:
    """Return the episode of a market that has not ended, None without one."""
    newest = connection.execute(
        "SELECT id, facts FROM episode WHERE market = ? ORDER BY onset_ms DESC LIMIT 1",
        (_sayable(market),),
    ).fetchone()
    if newest is None or facts_from_text(newest["facts"]).get("phase") == "end":
        return None
    return str(newest["id"])


def named(connection: sqlite3.Connection, beginning: str) -> list[str]:
    """Return the episodes whose ids begin so, the newest first."""
    rows = connection.execute(
        "SELECT id FROM episode WHERE substr(id, 1, length(?1)) = ?1"
        " ORDER BY onset_ms DESC",
        (_sayable(beginning),),
    )
    return [row["id"] for row in rows]


def market_of(facts: Mapping[str, object]) -> str:
    """Return the key of the market that the facts are about, '' if they name none."""
    exchange, symbol = facts.get("exchange"), facts.get("symbol")
    if not (isinstance(exchange, str) and isinstance(symbol, str)):
        return ""
    return _sayable(f"{exchange}:{symbol}")


def _moment(facts: Mapping[str, object], name: str) -> int:
    moment = facts.get(name)
    return moment if isinstance(moment, int) else 0


def _sayable(text: str) -> str:
    """Return the text as UTF-8 can say it: half a character finds nothing."""
    return text.encode(errors="replace").decode()
