"""What happens too often to be written down singly, counted by the hour.

A poll every five seconds is half a million rows a month for each market; its hours are
seven hundred.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["HOUR_MS", "Count", "hour_of"]

HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Count:
    """How often (or for how long) something was so within one hour (wall clock).

    ``subject`` is what it concerns: a market's key, an exchange, a route.
    """

    hour_ms: int
    kind: str
    subject: str
    name: str
    amount: float


def hour_of(now_ms: int) -> int:
    """Return the beginning of the hour."""
    return now_ms // HOUR_MS * HOUR_MS


def add(connection: sqlite3.Connection, counts: Iterable[Count]) -> None:
    """Add to what has been counted before."""
    connection.executemany(
        """
        INSERT INTO tally (hour_ms, kind, subject, name, amount) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (hour_ms, kind, subject, name)
            DO UPDATE SET amount = amount + excluded.amount
        """,
        [(one.hour_ms, one.kind, one.subject, one.name, one.amount) for one in counts],
    )


def fold(connection: sqlite3.Connection, before_ms: int) -> None:
    """Add up what was counted before a moment by the day, under its first hour."""
    moments = {"day": _DAY_MS, "before": before_ms}
    connection.execute(
        """
        INSERT INTO tally (hour_ms, kind, subject, name, amount)
            SELECT hour_ms / :day * :day, kind, subject, name, sum(amount) FROM tally
            WHERE hour_ms < :before AND hour_ms % :day != 0
            GROUP BY hour_ms / :day, kind, subject, name
        ON CONFLICT (hour_ms, kind, subject, name)
            DO UPDATE SET amount = amount + excluded.amount
        """,
        moments,
    )
    connection.execute(
        "DELETE FROM tally WHERE hour_ms < :before AND hour_ms % :day != 0", moments
    )


def since(connection: sqlite3.Connection, since_ms: int) -> list[Count]:
    """Return the sums since then, as counts of the hour in which it was."""
    rows = connection.execute(
        """
        SELECT min(hour_ms) AS hour_ms, kind, subject, name, sum(amount) AS amount
        FROM tally WHERE hour_ms >= ? GROUP BY kind, subject, name
        """,
        (hour_of(since_ms),),
    )
    return [Count(**dict(row)) for row in rows]
