"""All of it or nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from liqmon.store.transaction import transaction


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as it:
        it.execute("CREATE TABLE t (x INTEGER UNIQUE)")
        yield it


def rows(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT x FROM t ORDER BY x")]


def insert(connection: sqlite3.Connection, table: str, *values: int) -> None:
    with transaction(connection):
        for value in values:
            connection.execute(f"INSERT INTO {table} VALUES (?)", (value,))  # noqa: S608 - our own name


def insert_and_stumble(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError


def test_the_writes_of_a_block_are_committed_together(
    connection: sqlite3.Connection,
) -> None:
    insert(connection, "t", 1, 2)

    assert rows(connection) == [1, 2]
    assert not connection.in_transaction


def test_an_error_undoes_all_of_them(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(connection, "t", 1, 1)

    assert rows(connection) == []
    assert not connection.in_transaction


def test_a_bug_in_the_block_undoes_all_of_them_too(
    connection: sqlite3.Connection,
) -> None:
    with pytest.raises(ZeroDivisionError):
        insert_and_stumble(connection)

    assert rows(connection) == []


def test_a_commit_that_fails_leaves_no_transaction_open(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(
        "CREATE TABLE child (y REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError):
        insert(connection, "child", 7)

    assert not connection.in_transaction
    insert(connection, "t", 1)
    assert rows(connection) == [1]
