"""What a row of the outbox holds, and how long it is worth sending."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from liqmon.store.facts import facts_from_text

__all__ = [
    "OutboxEntry",
    "OutboxRow",
    "RowState",
    "Settlement",
    "lifetime_ms",
    "row_of",
]

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS

_LIFETIME_MS: Final = {1: 30 * _MINUTE_MS, 2: 6 * _HOUR_MS}
_LONGEST_LIFETIME_MS: Final = 24 * _HOUR_MS


class RowState(StrEnum):
    """What became of a row; all but ``pending`` are final."""

    PENDING = "pending"
    SENT = "sent"
    DIGESTED = "digested"
    EXPIRED = "expired"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """Something to be told. A second entry with the same ``dedup_key`` is ignored.

    ``episode`` is empty for liqmon's own reports; rows of one episode keep their order.
    ``severity`` is the number of a Severity. ``payload`` holds JSON-able facts.
    ``route`` names one of the user's webhooks, '' the default one.
    """

    dedup_key: str
    episode: str
    kind: str
    severity: int
    payload: Mapping[str, object]
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """An entry with its fate so far.

    ``plain`` asks for the simplest rendering: the receiver refused the full one.
    ``ambiguous`` says that an attempt may have arrived although nobody confirmed it.
    ``digest`` is the id of the row that tells this one, None if it is told by itself.
    ``parts`` counts the messages that have arrived of a row that takes several.
    """

    id: int
    dedup_key: str
    episode: str
    kind: str
    severity: int
    created_ms: int
    expires_ms: int
    state: RowState
    payload: Mapping[str, object]
    attempts: int
    not_before_ms: int
    ambiguous: bool
    plain: bool
    message_id: str
    last_error: str
    settled_ms: int | None
    route: str = ""
    digest: int | None = None
    parts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What an attempt came to.

    ``ambiguous`` and ``plain`` only ever go from false to true, ``parts`` only up.
    """

    state: RowState
    message_id: str = ""
    error: str = ""
    not_before_ms: int = 0
    ambiguous: bool = False
    plain: bool = False
    parts: int = 0


def lifetime_ms(severity: int) -> int:
    """Return how long news of this severity is worth delivering."""
    return _LIFETIME_MS.get(severity, _LONGEST_LIFETIME_MS)


def row_of(row: sqlite3.Row) -> OutboxRow:
    """Return a row of the table as a value."""
    columns = dict(row)
    return OutboxRow(
        **columns
        | {
            "state": RowState(row["state"]),
            "payload": facts_from_text(row["payload"]),
            "ambiguous": bool(row["ambiguous"]),
            "plain": bool(row["plain"]),
        }
    )
