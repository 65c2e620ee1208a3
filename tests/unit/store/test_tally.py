"""What is counted by the hour."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from liqmon.store import attempts, files, schema, tally
from liqmon.store.attempts import Attempt
from liqmon.store.tally import HOUR_MS, Count

NOON_MS = 472_222 * HOUR_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def test_what_is_counted_again_adds_up(connection: sqlite3.Connection) -> None:
    one = Count(NOON_MS, "poll", "bybit:X", "1", 2.0)
    tally.add(connection, [one, one])
    tally.add(connection, [one, Count(NOON_MS, "poll", "bybit:Y", "1", 1.0)])

    assert [(c.subject, c.amount) for c in tally.since(connection, 0)] == [
        ("bybit:X", 6.0),
        ("bybit:Y", 1.0),
    ]


def test_hours_are_added_from_the_one_that_the_moment_is_in(
    connection: sqlite3.Connection,
) -> None:
    for hour in range(3):
        at_ms = NOON_MS + hour * HOUR_MS
        tally.add(connection, [Count(at_ms, "poll", "x", "1", 10.0**hour)])

    (found,) = tally.since(connection, NOON_MS + HOUR_MS + 1_000)
    assert found == Count(NOON_MS + HOUR_MS, "poll", "x", "1", 110.0)


def test_a_request_is_counted_by_its_answer_and_what_made_none_is_not(
    connection: sqlite3.Connection,
) -> None:
    answered = Attempt(answer="200", route="phone", latency_s=0.25)
    for attempt in (answered, answered, Attempt(answer="no answer"), Attempt()):
        attempts.conclude(connection, attempt, NOON_MS + 1)

    assert {
        (one.subject, one.name): one.amount for one in tally.since(connection, 0)
    } == {
        ("", "no answer"): 1.0,
        ("phone", "200"): 2.0,
        ("phone", "answered"): 2.0,
        ("phone", "answered_s"): 0.5,
    }


def test_old_hours_are_folded_into_their_days_once(
    connection: sqlite3.Connection,
) -> None:
    midnight_ms = NOON_MS // DAY_MS * DAY_MS
    for hour in range(49):
        at_ms = midnight_ms + hour * HOUR_MS
        counts = [Count(at_ms, "poll", name, "1", 1.0) for name in ("x", "y")]
        tally.add(connection, counts)

    for _ in range(2):
        tally.fold(connection, midnight_ms + DAY_MS)

    found = connection.execute(
        "SELECT hour_ms, amount FROM tally WHERE subject = 'x' ORDER BY hour_ms"
    )
    first, *rest = [tuple(row) for row in found]
    assert first == (midnight_ms, 24.0)
    assert rest == [(midnight_ms + hour * HOUR_MS, 1.0) for hour in range(24, 49)]
    assert {one.amount for one in tally.since(connection, 0)} == {49.0}
