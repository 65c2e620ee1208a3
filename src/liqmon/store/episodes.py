"""The newest facts of every episode, told or not: what a message is edited from."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from liqmon.store.facts import facts_from_text, text_from_facts

__all__ = ["Unfollowed"]


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """An episode whose prices are not all known; ``path`` holds those that are."""

    id: str
    market: str
    onset_ms: int
    told_ms: int
    path: Mapping[str, object]


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
            told_ms = iif(told_ms = 0, excluded.told_ms, told_ms),
            updated_ms = excluded.updated_ms, muted = max(muted, excluded.muted)
        """,
        {
            "id": episode,
            "market": market_of(facts),
            "onset_ms": _moment(facts, "onset_ms"),
            # what is only building is not told yet: its prices are not followed
            "told_ms": 0 if _is_first_step(facts) else _moment(facts, "decided_ms"),
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
        # not every text is JSON: some may have been damaged, and must do no harm
        """
        SELECT count(*) FROM episode
        WHERE market = ? AND onset_ms >= ? AND CASE WHEN json_valid(facts) THEN
            json_extract(facts, '$.phase') NOT IN ('building', 'withdrawn')
        END
        """,
        (_sayable(f"{exchange}:{symbol}"), since_ms),
    )
    return int(found.fetchone()[0])


def going_on(connection: sqlite3.Connection, market: str) -> str | None:
    """Return the episode of a market that has begun and not ended, None without one."""
    newest = connection.execute(
        "SELECT id, facts FROM episode WHERE market = ? ORDER BY onset_ms DESC LIMIT 1",
        (_sayable(market),),
    ).fetchone()
    if newest is None:
        return None
    facts = facts_from_text(newest["facts"])
    return None if _is_first_step(facts) or _is_over(facts) else str(newest["id"])


def named(connection: sqlite3.Connection, beginning: str) -> list[str]:
    """Return the episodes whose ids begin so, the newest first."""
    rows = connection.execute(
        "SELECT id FROM episode WHERE substr(id, 1, length(?1)) = ?1"
        " ORDER BY onset_ms DESC",
        (_sayable(beginning),),
    )
    return [row["id"] for row in rows]


def unfollowed(connection: sqlite3.Connection) -> list[Unfollowed]:
    """Return the episodes whose prices are still to be noted."""
    rows = connection.execute(
        "SELECT id, market, onset_ms, told_ms, coalesce(body, '') AS path FROM episode"
        " LEFT JOIN price_path ON price_path.episode = id"
        " WHERE followed = 0 AND told_ms > 0"
    )
    return [
        Unfollowed(**dict(row) | {"path": facts_from_text(row["path"])}) for row in rows
    ]


def follow(
    connection: sqlite3.Connection,
    episode: str,
    path: Mapping[str, object],
    *,
    is_over: bool,
) -> None:
    """Replace the prices of one episode; ``is_over``: there will be no more."""
    connection.execute(
        "INSERT OR REPLACE INTO price_path (episode, body) VALUES (?, ?)",
        (episode, text_from_facts(path)),
    )
    connection.execute(
        "UPDATE episode SET followed = ? WHERE id = ?", (is_over, episode)
    )


def market_of(facts: Mapping[str, object]) -> str:
    """Return the key of the market that the facts are about, '' if they name none."""
    exchange, symbol = facts.get("exchange"), facts.get("symbol")
    if not (isinstance(exchange, str) and isinstance(symbol, str)):
        return ""
    return _sayable(f"{exchange}:{symbol}")


def _is_first_step(facts: Mapping[str, object]) -> bool:
    return facts.get("phase") in ("building", "withdrawn")


def _is_over(facts: Mapping[str, object]) -> bool:
    return facts.get("phase") == "end"


def _moment(facts: Mapping[str, object], name: str) -> int:
    moment = facts.get(name)
    return moment if isinstance(moment, int) else 0


def _sayable(text: str) -> str:
    """Return the text as UTF-8 can say it: half a character finds nothing."""
    return text.encode(errors="replace").decode()
