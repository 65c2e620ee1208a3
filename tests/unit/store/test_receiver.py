"""What is known of a webhook."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from liqmon.store import files, receiver, schema
from liqmon.store.receiver import ReceiverState

STATE = ReceiverState(
    fingerprint="272ab690e7bd",
    breaker={"state": "open", "failures": 3, "until_ms": 1_700_000_300_000},
    not_before_ms=1_700_000_900_000,
    gate_reason="blocked at the edge",
    opened_ms=1_700_000_000_000,
    dead_letters=2,
    dead_reason="",
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def test_what_was_saved_is_loaded(connection: sqlite3.Connection) -> None:
    receiver.save(connection, STATE)

    assert receiver.load(connection, STATE.fingerprint) == STATE


def test_the_last_state_counts(connection: sqlite3.Connection) -> None:
    receiver.save(connection, STATE)
    fresh = ReceiverState(fingerprint=STATE.fingerprint)
    receiver.save(connection, fresh)

    assert receiver.load(connection, STATE.fingerprint) == fresh


def test_f09_another_webhook_begins_afresh(connection: sqlite3.Connection) -> None:
    receiver.save(connection, STATE)

    assert receiver.load(connection, "0123456789ab") is None


def test_a_forgotten_webhook_is_unknown(connection: sqlite3.Connection) -> None:
    receiver.save(connection, STATE)

    assert receiver.forget(connection, STATE.fingerprint)
    assert receiver.load(connection, STATE.fingerprint) is None
    assert not receiver.forget(connection, STATE.fingerprint)


def test_a_breaker_that_cannot_be_read_is_a_fresh_one(
    connection: sqlite3.Connection,
) -> None:
    receiver.save(connection, STATE)
    connection.execute("UPDATE receiver SET breaker = '{broken'")
    loaded = receiver.load(connection, STATE.fingerprint)

    assert loaded is not None
    assert loaded.breaker == {}
    assert loaded.gate_reason == STATE.gate_reason
