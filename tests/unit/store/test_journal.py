"""What happened, in order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from liqmon.store import files, journal, schema


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        for at_ms, kind in ((10, "Healed"), (20, "Retrying"), (30, "Healed")):
            journal.record(
                it, at_ms=at_ms, kind=kind, market="bybit:BTC", body={"at": at_ms}
            )
        yield it


@pytest.mark.parametrize(
    ("kind", "since_ms", "limit", "found"),
    [
        (None, 0, 9, [10, 20, 30]),
        (None, 0, 2, [20, 30]),
        (None, 20, 9, [20, 30]),
        ("Healed", 0, 9, [10, 30]),
        ("Healed", 0, 1, [30]),
        ("Healed", 31, 9, []),
        ("Unheard", 0, 9, []),
    ],
)
def test_the_newest_of_a_kind_are_told_oldest_first(
    connection: sqlite3.Connection,
    kind: str | None,
    since_ms: int,
    limit: int,
    found: list[int],
) -> None:
    events = journal.events(connection, kind=kind, since_ms=since_ms, limit=limit)

    assert [event.at_ms for event in events] == found


def test_an_event_comes_back_as_it_went(connection: sqlite3.Connection) -> None:
    (event,) = journal.events(connection, kind="Retrying", since_ms=0, limit=9)

    assert (event.kind, event.market, event.body) == (
        "Retrying",
        "bybit:BTC",
        {"at": 20},
    )
    assert event.id > 0
