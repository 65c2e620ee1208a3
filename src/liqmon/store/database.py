"""Everything on disk, behind one object whose methods never block the event loop.

A commit with ``synchronous=FULL`` may take tens of milliseconds: it is made on another
thread.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

from liqmon.store import (
    attempts,
    detection,
    digests,
    outbox,
    posts,
    receiver,
    upkeep,
)
from liqmon.store.attempts import Attempt
from liqmon.store.digests import DigestContent
from liqmon.store.lock import RunLock
from liqmon.store.opening import connection_to
from liqmon.store.outbox import OutboxEntry, OutboxRow, Routes, RowState, Settlement
from liqmon.store.posts import StandingPost
from liqmon.store.receiver import ReceiverState
from liqmon.store.record import Record
from liqmon.store.worker import carried_out

__all__ = ["Store"]

_ALL = tuple(RowState)


class Store(Record):
    """The state of one run; every method may raise StoreUnavailable.

    Open with ``Store.open`` or ``Store.in_memory`` and close with ``close``. ``routes``
    None means all of them.
    """

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
            connection = await carried_out(
                thread, partial(connection_to, directory, lock)
            )
        except BaseException:
            # a cancellation too: the caller has no store to close
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
        told: Sequence[Mapping[str, object]] = (),
        progress: Mapping[str, object] | None = None,
    ) -> None:
        """Write a market's new state, its findings and their outbox rows, or nothing.

        A finding whose key is known was committed before and is not told again.
        ``told`` holds the facts of findings that go to no webhook, ``progress`` those
        of the episode that is going on.
        """
        await self._write(
            detection.commit,
            market=market_key,
            timeframe=timeframe,
            state=state,
            findings=findings,
            now_ms=now_ms,
            told=told,
            progress=progress,
        )

    # the outbox

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        """Write a row that no finding stands behind; False if its key is known."""
        return await self._write(outbox.add, entry, now_ms)

    async def due(
        self, now_ms: int, *, limit: int = 1, routes: Routes = None
    ) -> list[OutboxRow]:
        """Return what may be sent now: reports, then gravest first, one per episode."""
        return await self._read(outbox.due, now_ms, limit, routes)

    async def next_due_ms(self, now_ms: int, *, routes: Routes = None) -> int | None:
        """Return the earliest retry time of a pending row, None without a row."""
        return await self._read(outbox.next_due_ms, now_ms, routes)

    async def begin_attempt(
        self, *row_ids: int, receiver: ReceiverState | None = None
    ) -> None:
        """Count an attempt, for rows and receiver, before the request is made."""
        await self._write(attempts.begin, row_ids, receiver)

    async def settle(
        self,
        row_id: int,
        settlement: Settlement,
        *,
        now_ms: int,
        receiver: ReceiverState | None = None,
    ) -> None:
        """Write down what became of one row, and what it says of the receiver."""
        attempt = Attempt(settled={row_id: settlement}, receiver=receiver)
        await self._write(attempts.conclude, attempt, now_ms)

    async def conclude(self, attempt: Attempt, *, now_ms: int) -> list[OutboxRow]:
        """Write down all that an attempt came to; twice is once.

        Returns the rows that went the way of their digest.
        """
        return await self._write(attempts.conclude, attempt, now_ms)

    async def expire(self, now_ms: int, *, routes: Routes = None) -> list[OutboxRow]:
        """Settle the rows whose time is over, or that are too many; return them."""
        return await self._write(attempts.expire, now_ms, routes)

    async def release(self, *, routes: Routes = None) -> None:
        """Make every pending row due: the receiver is back."""
        await self._write(outbox.release, routes)

    async def depth(self, *, routes: Routes = None) -> int:
        """Return how many rows are pending."""
        return await self._read(outbox.depth, routes)

    async def counts(
        self, *, kind: str | None = None, routes: Routes = None
    ) -> dict[RowState, int]:
        """Return how many rows (of one kind) are in each state, zeros included."""
        return await self._read(outbox.counts, kind, routes)

    async def entries(
        self,
        states: Iterable[RowState] = _ALL,
        *,
        limit: int = 10_000,
        routes: Routes = None,
    ) -> list[OutboxRow]:
        """Return the newest ``limit`` rows in these states, oldest first."""
        return await self._read(outbox.entries, tuple(states), limit, routes)

    async def known(self, keys: Sequence[str]) -> list[OutboxRow]:
        """Return the rows with these keys, whatever their state."""
        return await self._read(outbox.known, keys)

    # digests

    async def fold(
        self,
        entry: OutboxEntry,
        row_ids: Sequence[int],
        *,
        now_ms: int,
        routes: Routes = None,
    ) -> bool:
        """Have these rows told by a digest, which also counts what has expired.

        Returns False, and does nothing, if its key is known.
        """
        return await self._write(digests.fold, entry, row_ids, now_ms, routes)

    async def uncounted(self, *, routes: Routes = None) -> int:
        """Return how many findings expired that no digest has counted."""
        return await self._read(digests.uncounted, routes)

    async def digest(self, row_id: int, *, also: Sequence[str] = ()) -> DigestContent:
        """Return what a digest tells, as of now; ``also`` names more episodes."""
        return await self._read(digests.content, row_id, also)

    # the messages on Discord that tell of episodes

    async def post_of(self, route: str, episode: str) -> StandingPost | None:
        """Return the message that tells of an episode on this route, if there is one.

        The message need not be one that can still be edited.
        """
        return await self._read(posts.standing_of, route, episode)

    async def editable(
        self, since_ms: int, *, routes: Routes = None
    ) -> list[StandingPost]:
        """Return the messages made since then whose episodes may go on."""
        return await self._read(posts.editable, since_ms, routes)

    # the receiver

    async def load_receiver(self, fingerprint: str) -> ReceiverState | None:
        """Return what is known of a webhook, None if nothing is."""
        return await self._read(receiver.load, fingerprint)

    async def revive_receiver(self, fingerprint: str) -> bool:
        """Forget that a webhook was dead, gated or failing; False if unknown.

        A run that is going on notices within a minute that it is dead no more.
        """
        return await self._write(receiver.forget, fingerprint)

    # upkeep

    async def retain(self, now_ms: int, *, keep_days: int = upkeep.KEEP_DAYS) -> int:
        """Delete what is final and old; return how many rows of the outbox."""
        return await self._write(upkeep.retain, now_ms, keep_days)

    async def shrink(self) -> None:
        """Give room that is not needed any more back to the file system."""
        await self._read(upkeep.shrink)

    async def adopt(self, routes: Sequence[str], *, heir: str) -> int:
        """Give what is pending on routes other than these to ``heir``."""
        return await self._write(upkeep.adopt, routes, heir)

    async def retry(self, row_ids: Sequence[int], *, now_ms: int) -> int:
        """Make dead and expired rows pending again; return how many of these were."""
        return await self._write(upkeep.retry, row_ids, now_ms)

    async def purge(self, states: Sequence[RowState]) -> int:
        """Delete all rows in these states; return how many."""
        return await self._write(upkeep.purge, states)
