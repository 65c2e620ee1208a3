"""The database as a file: made for its owner only, opened, doubted, set aside, copied.

A file that cannot be read as a database is renamed, never deleted, and a fresh one
takes its place: the monitor must not stay silent because of a broken disk block.
"""

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from liqmon.errors import UserError
from liqmon.store import schema

__all__ = ["DATABASE", "is_current", "opened", "prepared", "why_unreadable"]

log = logging.getLogger(__name__)

DATABASE: Final = "state.db"

_BUSY_S: Final = 5.0
_MOST_JOURNAL: Final = 1024 * 1024
"""Bytes of the write-ahead log that stay allocated; a burst may need more."""

_INCREMENTAL: Final = 2
"""What ``PRAGMA auto_vacuum`` answers: https://sqlite.org/pragma.html"""

_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def opened(path: Path | str) -> sqlite3.Connection:
    """Open the database as liqmon uses it; one that is not there is made."""
    if isinstance(path, Path):
        _make_private(path)
    # Transactions are begun and ended explicitly.
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_MOST_JOURNAL}")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepared(
    path: Path, migrations: Sequence[Sequence[str]] = schema.MIGRATIONS
) -> sqlite3.Connection:
    """Open the database in its current form, whatever is in the file.

    Only for the holder of the lock.

    Raises:
        NewerSchema: a newer liqmon wrote it.
    """
    try:
        connection = _sound(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        aside = _set_aside(path)
        log.warning(
            "%s is not readable (%s): it was renamed to %s and a new one begun; "
            "what waited for delivery in it is not sent",
            path,
            error,
            aside.name,
        )
        connection = opened(path)
    try:
        version = schema.version_of(connection, len(migrations))
        if 0 < version < len(migrations):
            _copy(connection, path.with_name(f"{path.name}.backup-v{version}"))
        schema.migrate(connection, migrations)
        _give_back(connection)
    except BaseException:
        # whatever it was: nobody else knows this connection
        connection.close()
        raise
    return connection


def _give_back(connection: sqlite3.Connection) -> None:
    """Make the file, if it is new or an old one, shrink when rows are deleted."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
        return
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        # it takes room to make room; the state is as good without
        log.info("the state cannot be made smaller now: %s", error)


def is_current(path: Path) -> bool:
    """Return whether the file can be used as it is, without the lock.

    Raises:
        NewerSchema: a newer liqmon wrote it.
    """
    if not path.exists():
        return False
    with closing(opened(path)) as connection:
        return schema.version_of(connection) == schema.VERSION


def why_unreadable(path: Path) -> str:
    """Return what keeps the file from being read as a database, '' if nothing does."""
    try:
        with closing(opened(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return ""


def _sound(path: Path) -> sqlite3.Connection:
    connection = opened(path)
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """SQLite would make it readable by everybody; its companions take after it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot use {path}: {error.strerror}",
            hint="name another directory with --state-dir or LIQMON_STATE_DIR",
        ) from error
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _set_aside(path: Path) -> Path:
    # when it was last written, which no clock needs to tell
    stamp = path.stat().st_mtime_ns // 1_000_000
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    while aside.exists():
        stamp += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    path.rename(aside)
    for companion in _COMPANIONS:
        beside = path.with_name(path.name + companion)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + companion))
    return aside


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    _make_private(path)
    with closing(sqlite3.connect(path)) as copy:
        connection.backup(copy)
    log.info("an older state was copied to %s before it was brought up to date", path)
