"""Findings that the disk did not take: sent once at once, and remembered.

Whoever raised them offers them to the disk again until it takes them. Those that have
arrived by then are settled, not sent again.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from liqmon.store.outbox import (
    OutboxEntry,
    OutboxRow,
    RowState,
    Settlement,
    lifetime_ms,
)

__all__ = ["VolatileBox"]

_MOST: Final = 500


class VolatileBox:
    """By the key of a finding: what is yet to be tried, and what came of the rest.

    Beyond 500 findings the oldest is forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[str, OutboxRow | Settlement] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all that is remembered."""
        return tuple(self._known)

    @property
    def settled(self) -> Mapping[str, Settlement]:
        """What came of those that were tried."""
        return {
            key: known
            for key, known in self._known.items()
            if isinstance(known, Settlement)
        }

    def add(self, entries: Iterable[OutboxEntry], now_ms: int) -> int:
        """Remember what is new; return how many that is."""
        new = [entry for entry in entries if entry.dedup_key not in self._known]
        for entry in new:
            self._known[entry.dedup_key] = _row(entry, now_ms)
        for key in self.keys[:-_MOST]:
            del self._known[key]
        return len(new)

    def untried(self) -> OutboxRow | None:
        """Return the first finding that has not been tried."""
        rows = (row for row in self._known.values() if isinstance(row, OutboxRow))
        return next(rows, None)

    def tried(self, key: str, settlement: Settlement) -> None:
        """Take note of what sending a finding came to."""
        if key in self._known:
            self._known[key] = settlement

    def forget(self, keys: Iterable[str]) -> None:
        """Drop what the disk has taken."""
        for key in keys:
            self._known.pop(key, None)


def _row(entry: OutboxEntry, now_ms: int) -> OutboxRow:
    return OutboxRow(
        id=0,
        dedup_key=entry.dedup_key,
        episode=entry.episode,
        kind=entry.kind,
        severity=entry.severity,
        created_ms=now_ms,
        expires_ms=now_ms + lifetime_ms(entry.severity),
        state=RowState.PENDING,
        payload=entry.payload,
        attempts=0,
        not_before_ms=0,
        ambiguous=False,
        plain=False,
        message_id="",
        last_error="",
        settled_ms=None,
        route=entry.route,
    )
