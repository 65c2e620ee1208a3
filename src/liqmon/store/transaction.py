"""All of it or nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["transaction"]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit the block's writes together, or, if anything raises, none of them.

    IMMEDIATE takes the write lock at once: one that is asked for half-way through
    cannot be waited for.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # also after a COMMIT that met a full disk
        if connection.in_transaction:
            connection.execute("ROLLBACK")
