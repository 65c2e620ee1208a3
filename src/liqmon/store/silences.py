"""Who wants to hear nothing: muted markets and acknowledged episodes. Wall clock.

Whoever mutes may be another process than the one that watches, so what is wanted lies
here and is looked up.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["EVERY_MARKET", "Wishes"]

EVERY_MARKET: Final = ""

_LONGEST_EPISODE_MS: Final = 7 * 86_400_000
"""An episode that was acknowledged longer ago is over."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """``muted`` says until when, by market key; ``acknowledged`` holds episodes."""

    muted: Mapping[str, int] = field(default_factory=dict)
    acknowledged: frozenset[str] = frozenset()

    def mutes(self, market: str, now_ms: int) -> bool:
        """Return whether the messages of a market ring nowhere now."""
        until_ms = [self.muted.get(one, 0) for one in (market, EVERY_MARKET)]
        return now_ms < max(until_ms)


def wishes(connection: sqlite3.Connection, now_ms: int) -> Wishes:
    """Return what is wanted now."""
    muted = connection.execute("SELECT * FROM silence WHERE until_ms > ?", (now_ms,))
    acknowledged = connection.execute(
        "SELECT id FROM episode WHERE acknowledged_ms > ?",
        (now_ms - _LONGEST_EPISODE_MS,),
    )
    return Wishes(dict(muted.fetchall()), frozenset(row["id"] for row in acknowledged))


def mute(connection: sqlite3.Connection, market: str, until_ms: int) -> None:
    """Mute a market, or every one; what was said before of it counts no more."""
    connection.execute(
        "INSERT OR REPLACE INTO silence (market, until_ms) VALUES (?, ?)",
        (market, until_ms),
    )


def unmute(connection: sqlite3.Connection, market: str) -> bool:
    """Take it back; False if there was nothing. Of every market, all is taken back."""
    cursor = connection.execute(
        "DELETE FROM silence WHERE ?1 = '' OR market = ?1", (market,)
    )
    return cursor.rowcount > 0


def acknowledge(connection: sqlite3.Connection, episode: str, now_ms: int) -> None:
    """Note that somebody has seen an episode."""
    connection.execute(
        "UPDATE episode SET acknowledged_ms = coalesce(acknowledged_ms, ?)"
        " WHERE id = ?",
        (now_ms, episode),
    )


def forget(connection: sqlite3.Connection, now_ms: int) -> None:
    """Delete the silences that are over."""
    connection.execute("DELETE FROM silence WHERE until_ms <= ?", (now_ms,))
