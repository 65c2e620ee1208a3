"""Entries for the outbox, and a store's connection for tests that need SQL."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, RowState, Settlement

T = TypeVar("T")

ENTRY = OutboxEntry(
    dedup_key="a1b2:onset",
    episode="a1b2",
    kind="finding",
    severity=2,
    payload={"symbol": "BTC/USDT:USDT", "score": 16.2},
)

SENT = Settlement(state=RowState.SENT, message_id="1")
DEAD = Settlement(state=RowState.DEAD, error="refused")


def an_entry(key: str = ENTRY.dedup_key, **changes: Any) -> OutboxEntry:
    """Return an entry whose episode is what stands before the colon of its key."""
    entry = replace(ENTRY, dedup_key=key, episode=key.partition(":")[0])
    return replace(entry, **changes)


def to_retry(**changes: Any) -> Settlement:
    """Return the settlement of an attempt that failed for now."""
    return replace(Settlement(state=RowState.PENDING, error="HTTP 500"), **changes)


async def on_connection(store: Store, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do something to a store's database that the store itself never does."""
    return await store._read(work)
