"""The way to a connection: in memory, under the lock, or beside who holds it."""

import logging
import sqlite3
from pathlib import Path

from liqmon.errors import AlreadyRunning, UserError
from liqmon.store import files, outbox, schema
from liqmon.store.lock import RunLock, ready_directory
from liqmon.store.transaction import transaction

__all__ = ["connection_to"]

log = logging.getLogger(__name__)


def connection_to(directory: Path | None, lock: RunLock | None) -> sqlite3.Connection:
    """Return a connection to a current database; None for ``directory`` is memory.

    Raises:
        AlreadyRunning: another run holds the lock.
        UserError: the directory cannot be used, or holds a newer schema.
        sqlite3.Error: the database cannot be opened now.
    """
    if directory is None:
        return _in_memory()
    return _beside(directory) if lock is None else _locked(directory, lock)


def _in_memory() -> sqlite3.Connection:
    connection = files.opened(":memory:")
    schema.migrate(connection)
    return connection


def _locked(directory: Path, lock: RunLock) -> sqlite3.Connection:
    lock.acquire()
    try:
        connection = files.prepared(directory / files.DATABASE)
        with transaction(connection):
            doubted = outbox.doubt_unanswered(connection)
    except BaseException:
        # whatever it was: there is no store whose closing would give it back
        lock.release()
        raise
    if doubted:
        log.info(
            "attempts that the last stop cut off and may arrive twice: %d", doubted
        )
    return connection


def _beside(directory: Path) -> sqlite3.Connection:
    ready_directory(directory)
    path = directory / files.DATABASE
    if not files.is_current(path):
        _prepare_briefly(directory, path)
    return files.opened(path)


def _prepare_briefly(directory: Path, path: Path) -> None:
    try:
        with RunLock(directory):
            files.prepared(path).close()
    except AlreadyRunning as error:
        raise UserError(
            f"{error}, and its version of liqmon keeps the state in another form",
            hint="stop it, or use the liqmon that it runs on",
        ) from error
