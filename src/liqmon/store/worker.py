"""One thread owns the connection and works through the calls in their order."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from liqmon.errors import StoreUnavailable
from liqmon.store.lock import RunLock
from liqmon.store.transaction import transaction

__all__ = ["Worker", "carried_out"]

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Works on one connection, on a thread of its own, until it is closed.

    A call that was made is carried out even if whoever waits for it is cancelled: a
    verdict that has been reached must not be lost on the way to the disk.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        thread: ThreadPoolExecutor,
        lock: RunLock | None,
    ) -> None:
        self._connection = connection
        self._thread = thread
        self._lock = lock

    async def close(self) -> None:
        """Carry out what was called for, then let go of the files and the lock."""
        try:
            await carried_out(self._thread, self._let_go)
        finally:
            self._thread.shutdown(wait=False)

    def _let_go(self) -> None:
        # on the thread, after the last write: a close that is cancelled must not
        # let the next run in before
        try:
            self._connection.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    async def _read(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **named: P.kwargs,
    ) -> T:
        return await carried_out(
            self._thread, partial(work, self._connection, *args, **named)
        )

    async def _write(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **named: P.kwargs,
    ) -> T:
        def whole() -> T:
            with transaction(self._connection):
                return work(self._connection, *args, **named)

        return await carried_out(self._thread, whole)


async def carried_out(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Do ``work`` on the thread, to its end even if the caller is cancelled.

    Raises:
        StoreUnavailable: the database refuses, or has been closed.
    """
    loop = asyncio.get_running_loop()
    try:
        future = loop.run_in_executor(thread, work)
    except RuntimeError as error:
        raise StoreUnavailable("the state has been closed") from error
    future.add_done_callback(_seen)
    try:
        return await asyncio.shield(future)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the state cannot be used: {error}") from error


def _seen(future: asyncio.Future[T]) -> None:
    """Take note of an error even if nobody waits for it any more."""
    if not future.cancelled():
        future.exception()
