"""Everything on disk, behind one object whose methods never block the event loop.

One thread owns the connection and works through the calls in their order, because a
commit with ``synchronous=FULL`` may take tens of milliseconds. A call that was made is
carried out even if whoever waits for it is cancelled: a verdict that has been reached
must not be lost on the way to the disk.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from liqmon.errors import AlreadyRunning, StoreUnavailable, UserError
from liqmon.store import detection, files, journal, outbox, receiver, schema
from liqmon.store.journal import JournalEntry
from liqmon.store.lock import RunLock, ready_directory
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState, Settlement
from liqmon.store.receiver import ReceiverState
from liqmon.store.transaction import transaction

__all__ = ["Store"]

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_ALL = tuple(RowState)


class Store:
    """The state of one run; every method may raise StoreUnavailable.

    Open with ``Store.open`` or ``Store.in_memory`` and close with ``close``.
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

    @classmethod
    async def open(cls, directory: Path | None, *, exclusive: bool = True) -> Self:
        """Open the state in ``directory``; None keeps it in memory.

        An ``exclusive`` store holds the directory's lock until it is closed. Without
        it, commands can look into the state of a run that is going on.

        Raises:
            AlreadyRunning: another run holds the lock.
            UserError: the directory cannot be used, or holds a newer schema.
            StoreUnavailable: the database cannot be opened now.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        lock = RunLock(directory) if directory and exclusive else None
        try:
            connection = await _on(thread, partial(_connection, directory, lock))
        except BaseException:
            if lock is not None:
                # on the thread, for it may be about to take the lock
                thread.submit(lock.release)
            thread.shutdown(wait=False)
            raise
        return cls(connection, thread, lock)

    @classmethod
    async def in_memory(cls) -> Self:
        """Open a store that is forgotten when it is closed."""
        return await cls.open(None)

    async def close(self) -> None:
        """Carry out what was called for, then let go of the files and the lock."""
        try:
            await _on(self._thread, self._let_go)
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

    # findings, and the detection state that they come from

    async def states(self, timeframe: str) -> dict[str, Mapping[str, object]]:
        """Return the facts of every market's episode state, by market key."""
        return await self._read(detection.states, timeframe)

    async def commit_findings(
        self,
        *,
        market_key: str,
        timeframe: str,
        state: Mapping[str, object],
        findings: Sequence[OutboxEntry],
        now_ms: int,
    ) -> None:
        """Write a market's new state, its findings and their outbox rows, or nothing.

        A finding whose key is known was committed before and is not told again.
        """
        await self._write(
            _commit_findings,
            market_key=market_key,
            timeframe=timeframe,
            state=state,
            findings=findings,
            now_ms=now_ms,
        )

    # the outbox

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        """Write a row that no finding stands behind; False if its key is known."""
        return await self._write(outbox.add, entry, now_ms)

    async def due(self, now_ms: int, *, limit: int = 1) -> list[OutboxRow]:
        """Return what may be sent now: reports, then gravest first, one per episode."""
        return await self._read(outbox.due, now_ms, limit)

    async def oldest(self, now_ms: int) -> OutboxRow | None:
        """Return the pending row that has waited longest, whatever its retry time."""
        return await self._read(outbox.oldest, now_ms)

    async def next_due_ms(self, now_ms: int) -> int | None:
        """Return the earliest retry time of a pending row, None without a row."""
        return await self._read(outbox.next_due_ms, now_ms)

    async def begin_attempt(self, row_id: int) -> None:
        """Count an attempt, before the request is made."""
        await self._write(outbox.begin_attempt, row_id)

    async def settle(
        self,
        row_id: int,
        settlement: Settlement,
        *,
        now_ms: int,
        receiver: ReceiverState | None = None,
    ) -> None:
        """Write down what an attempt came to, and what it says of the receiver."""
        await self._write(_settle, row_id, settlement, now_ms, receiver)

    async def expire(self, now_ms: int) -> list[OutboxRow]:
        """Settle the rows whose time is over, and return them."""
        return await self._write(outbox.expire, now_ms)

    async def release(self) -> None:
        """Make every pending row due: the receiver is back."""
        await self._write(outbox.release)

    async def depth(self) -> int:
        """Return how many rows are pending."""
        return await self._read(outbox.depth)

    async def counts(self, *, kind: str | None = None) -> dict[RowState, int]:
        """Return how many rows (of one kind) are in each state, zeros included."""
        return await self._read(outbox.counts, kind)

    async def entries(
        self, states: Iterable[RowState] = _ALL, *, limit: int = 10_000
    ) -> list[OutboxRow]:
        """Return the newest ``limit`` rows in these states, oldest first."""
        return await self._read(outbox.entries, tuple(states), limit)

    # the receiver

    async def load_receiver(self, fingerprint: str) -> ReceiverState | None:
        """Return what is known of a webhook, None if nothing is."""
        return await self._read(receiver.load, fingerprint)

    async def save_receiver(self, state: ReceiverState) -> None:
        """Replace what is known of a webhook."""
        await self._write(receiver.save, state)

    async def revive_receiver(self, fingerprint: str) -> bool:
        """Forget that a webhook was dead, gated or failing; False if unknown.

        A run that is going on notices within a minute that it is dead no more.
        """
        return await self._write(receiver.forget, fingerprint)

    # the journal

    async def record(
        self, *, at_ms: int, kind: str, market: str, body: Mapping[str, object]
    ) -> None:
        """Append one event."""
        await self._write(
            journal.record, at_ms=at_ms, kind=kind, market=market, body=body
        )

    async def events(
        self, *, kind: str | None = None, since_ms: int = 0, limit: int = 1_000
    ) -> list[JournalEntry]:
        """Return the newest ``limit`` events, oldest first."""
        return await self._read(
            journal.events, kind=kind, since_ms=since_ms, limit=limit
        )

    async def _read(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **named: P.kwargs,
    ) -> T:
        return await _on(self._thread, partial(work, self._connection, *args, **named))

    async def _write(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **named: P.kwargs,
    ) -> T:
        def whole() -> T:
            with transaction(self._connection):
                return work(self._connection, *args, **named)

        return await _on(self._thread, whole)


async def _on(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Carry out ``work`` on the thread, to its end even if the caller is cancelled."""
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


def _connection(directory: Path | None, lock: RunLock | None) -> sqlite3.Connection:
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


def _commit_findings(
    connection: sqlite3.Connection,
    *,
    market_key: str,
    timeframe: str,
    state: Mapping[str, object],
    findings: Sequence[OutboxEntry],
    now_ms: int,
) -> None:
    detection.save(connection, market_key, timeframe, state, now_ms)
    for finding in findings:
        if outbox.add(connection, finding, now_ms):
            journal.record(
                connection,
                at_ms=now_ms,
                kind="FindingRaised",
                market=market_key,
                body=finding.payload,
            )


def _settle(
    connection: sqlite3.Connection,
    row_id: int,
    settlement: Settlement,
    now_ms: int,
    state: ReceiverState | None,
) -> None:
    outbox.settle(connection, row_id, settlement, now_ms)
    if state is not None:
        receiver.save(connection, state)
