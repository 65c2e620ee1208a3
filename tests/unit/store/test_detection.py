"""Where each market's episode stands."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from liqmon.store import detection, files, schema

BTC, ETH = "bybit:BTC/USDT:USDT", "bybit:ETH/USDT:USDT"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def test_each_market_keeps_its_last_state(connection: sqlite3.Connection) -> None:
    detection.save(connection, BTC, "1m", {"open": True}, 1)
    detection.save(connection, ETH, "1m", {"open": False}, 2)
    detection.save(connection, BTC, "1m", {"open": False, "until_ms": 9}, 3)

    assert detection.states(connection, "1m") == {
        BTC: {"open": False, "until_ms": 9},
        ETH: {"open": False},
    }


def test_timeframes_are_judged_apart(connection: sqlite3.Connection) -> None:
    detection.save(connection, BTC, "1m", {"open": True}, 1)

    assert detection.states(connection, "5m") == {}


def test_a_state_that_cannot_be_read_is_a_fresh_one(
    connection: sqlite3.Connection,
) -> None:
    detection.save(connection, BTC, "1m", {"open": True}, 1)
    connection.execute("UPDATE detection SET state = '[]'")

    assert detection.states(connection, "1m") == {BTC: {}}
