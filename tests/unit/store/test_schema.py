"""The tables, and how a database becomes a current one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

import liqmon
from liqmon.errors import NewerSchema
from liqmon.store import schema


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as it:
        yield it


def tables(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {row[0] for row in found} - {"sqlite_sequence"}


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def writer(connection: sqlite3.Connection) -> str:
    found = connection.execute("SELECT value FROM meta WHERE key = 'writer'")
    return str(found.fetchone()[0])


def test_an_empty_database_becomes_a_current_one(
    connection: sqlite3.Connection,
) -> None:
    assert schema.version_of(connection) == 0
    schema.migrate(connection)

    assert schema.version_of(connection) == schema.VERSION
    assert tables(connection) == {
        "outbox",
        "receiver",
        "detection",
        "journal",
        "meta",
        "episode",
        "post",
        "post_episode",
        "price_path",
        "silence",
        "tally",
    }
    assert writer(connection) == f"liqmon {liqmon.__version__}"


def test_no_column_could_hold_the_webhook(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)

    assert columns(connection, "receiver") == {
        "fingerprint",
        "breaker",
        "not_before_ms",
        "gate_reason",
        "opened_ms",
        "dead_letters",
        "dead_reason",
    }


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    connection.execute(
        "INSERT INTO journal (at_ms, kind, market, body) VALUES (1, 'x', '', '{}')"
    )
    schema.migrate(connection)

    assert connection.execute("SELECT count(*) FROM journal").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("CREATE TABLE meta (unlike TEXT)")
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection)

    assert tables(connection) == {"meta"}
    assert schema.version_of(connection) == 0


def test_a_newer_schema_is_refused_and_its_writer_named(
    connection: sqlite3.Connection,
) -> None:
    schema.migrate(connection)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.execute("UPDATE meta SET value = 'liqmon 9.9'")

    for refused in (schema.version_of, schema.migrate):
        with pytest.raises(NewerSchema, match=r"written by liqmon 9\.9") as caught:
            refused(connection)
        assert "--state-dir" in caught.value.hint
    assert writer(connection) == "liqmon 9.9"


@pytest.mark.parametrize("statement", ["DROP TABLE meta", "DELETE FROM meta"])
def test_a_newer_schema_without_a_writer_is_refused_too(
    connection: sqlite3.Connection, statement: str
) -> None:
    schema.migrate(connection)
    connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")

    with pytest.raises(NewerSchema, match="written by a newer liqmon"):
        schema.version_of(connection)


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "rumour"), ("state", "lost"), ("episode", None)]
)
def test_the_outbox_takes_known_words_only(
    connection: sqlite3.Connection, column: str, value: str | None
) -> None:
    schema.migrate(connection)
    row = {
        "dedup_key": "k",
        "episode": "",
        "kind": "finding",
        "severity": 1,
        "created_ms": 0,
        "expires_ms": 1,
        "state": "pending",
        "payload": "{}",
    } | {column: value}
    names, marks = ", ".join(row), ", ".join("?" * len(row))

    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            f"INSERT INTO outbox ({names}) VALUES ({marks})",  # noqa: S608 - our own names
            tuple(row.values()),
        )
