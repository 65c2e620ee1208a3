"""The database as a file."""

import logging
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from liqmon.errors import NewerSchema, UserError
from liqmon.store import files, schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / files.DATABASE


LATER = (*schema.MIGRATIONS, ("ALTER TABLE journal ADD COLUMN extra DEFAULT 7",))
"""What the next liqmon may know."""

BACKUP = f"{files.DATABASE}.backup-v{schema.VERSION}"


@contextmanager
def prepared(
    path: Path, migrations: Sequence[Sequence[str]] = schema.MIGRATIONS
) -> Iterator[sqlite3.Connection]:
    with closing(files.prepared(path, migrations)) as connection:
        yield connection


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fill(path: Path, rows: int = 500) -> None:
    """Write so much that the tables spread over many pages."""
    with prepared(path) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO journal (at_ms, kind, market, body) VALUES (?, 'x', '', ?)",
            [(at, "{}" + " " * 200) for at in range(rows)],
        )
        connection.execute("COMMIT")


def journal_size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.corrupt-*"))


def test_a_fresh_database_is_current_durable_and_for_its_owner_only(
    path: Path,
) -> None:
    with prepared(path) as connection:
        assert schema.version_of(connection) == schema.VERSION
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        connection.execute("INSERT INTO meta VALUES ('k', 'v')")
        companions = list(path.parent.iterdir())

        assert {f"{path.name}-wal", f"{path.name}-shm"} < {f.name for f in companions}
        assert {mode(file) for file in companions} == {0o600}


def test_an_open_mode_is_closed_again(path: Path) -> None:
    path.touch(0o644)
    with prepared(path):
        assert mode(path) == 0o600


def test_what_was_written_is_there_next_time(path: Path) -> None:
    fill(path, 3)
    with prepared(path) as connection:
        assert journal_size(connection) == 3
    assert set_aside(path) == []


def test_p10_a_zero_byte_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with prepared(path) as connection:
        assert schema.version_of(connection) == schema.VERSION
    assert set_aside(path) == []


def test_p10_a_file_that_is_no_database_is_set_aside(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    garbage = b"not a database, but long enough to be taken for one" * 50
    path.write_bytes(garbage)
    with prepared(path) as connection:
        assert journal_size(connection) == 0

    (aside,) = set_aside(path)
    assert aside.read_bytes() == garbage
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"renamed to {aside.name}" in record.getMessage()
    assert "is not sent" in record.getMessage()


def test_p10_a_database_with_a_damaged_page_is_set_aside(path: Path) -> None:
    fill(path)
    with path.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xff" * 4096 * 4)
    with prepared(path) as connection:
        assert journal_size(connection) == 0
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"

    assert len(set_aside(path)) == 1


def test_what_belongs_to_a_damaged_database_goes_with_it(path: Path) -> None:
    path.write_bytes(b"x" * 4096)
    path.with_name(f"{path.name}-shm").write_bytes(b"the index of the other one")
    with prepared(path):
        pass

    aside = set_aside(path)
    assert [file.name.removeprefix(aside[0].name) for file in aside] == ["", "-shm"]
    assert aside[1].read_bytes() == b"the index of the other one"


def test_a_second_damaged_database_does_not_replace_the_first(path: Path) -> None:
    for content in (b"a" * 4096, b"b" * 4096):
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        with prepared(path):
            pass

    assert {file.read_bytes()[:1] for file in set_aside(path)} == {b"a", b"b"}
    assert [file.name for file in set_aside(path)] == [
        f"{path.name}.corrupt-1700000000000",
        f"{path.name}.corrupt-1700000000001",
    ]


def test_p10_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    with prepared(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()

    with pytest.raises(NewerSchema):
        files.prepared(path)
    with pytest.raises(NewerSchema):
        files.is_current(path)
    assert path.read_bytes() == before
    assert set_aside(path) == []


def test_an_older_database_is_brought_up_to_date_after_a_backup(path: Path) -> None:
    fill(path, 3)
    with prepared(path, LATER) as connection:
        extra = connection.execute("SELECT DISTINCT extra FROM journal").fetchone()[0]
        assert (journal_size(connection), extra) == (3, 7)

    backup = path.with_name(BACKUP)
    assert mode(backup) == 0o600
    with closing(sqlite3.connect(backup)) as connection:
        assert journal_size(connection) == 3
        assert schema.version_of(connection) == schema.VERSION


def test_an_upgrade_that_fails_leaves_the_older_database(path: Path) -> None:
    fill(path, 3)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        files.prepared(path, (*LATER, ("DROP TABLE nowhere",)))

    assert files.is_current(path)
    with prepared(path) as connection:
        assert journal_size(connection) == 3
    assert path.with_name(BACKUP).exists()


def test_a_current_database_is_not_copied(path: Path) -> None:
    fill(path, 1)
    with prepared(path):
        assert not path.with_name(BACKUP).exists()


def test_a_symbolic_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"somebody's file")
    path.symlink_to(elsewhere)

    with pytest.raises(UserError, match=f"cannot use {path}") as caught:
        files.prepared(path)
    assert "--state-dir" in caught.value.hint
    assert elsewhere.read_bytes() == b"somebody's file"


def test_p08_a_directory_that_cannot_be_written_is_the_users_to_change(
    read_only: Path,
) -> None:
    with pytest.raises(UserError, match="Permission denied"):
        files.prepared(read_only / files.DATABASE)


def test_only_a_file_in_the_present_form_is_current(path: Path) -> None:
    assert not files.is_current(path)
    assert not path.exists(), "looking must not make one"
    path.touch()
    assert not files.is_current(path)
    fill(path, 1)
    assert files.is_current(path)


def test_trouble_that_may_pass_is_not_taken_for_damage(path: Path) -> None:
    fill(path, 1)
    path.with_name(f"{path.name}-wal").mkdir()

    with pytest.raises(sqlite3.OperationalError):
        files.prepared(path)
    assert set_aside(path) == []


def test_a_file_that_cannot_be_made_smaller_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / files.DATABASE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        # in a transaction SQLite refuses, as it does without room
        connection.execute("BEGIN")
        files._give_back(connection)

        assert connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 0
