"""After an outage: what is told singly, and what a digest tells."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from liqmon.core.model import Severity
from liqmon.monitor.incidents import finding_in
from liqmon.monitor.reports import DISCORD, digest_of
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState

__all__ = ["BACKLOG", "Chosen", "Digester", "after_outage", "of_backlog"]

_FEW: Final = 2
"""So many findings are told one by one, however long they waited."""

BACKLOG: Final = 5
_BACKLOG_MS: Final = 60_000

_OUTAGE_MS: Final = 60_000
"""A gate that was shut for longer is an outage."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What goes into a digest: ``rows`` only there, episodes of ``also`` singly too."""

    rows: tuple[OutboxRow, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def since_ms(self) -> int | None:
        """When the first of them was raised."""
        return min((row.created_ms for row in self.rows), default=None)


def after_outage(pending: Sequence[OutboxRow], *, told: Collection[int] = ()) -> Chosen:
    """Choose among what has piled up; ``told`` (ids) are being settled already."""
    held = [row for row in _singles(pending) if row.id not in told]
    return Chosen() if len(held) <= _FEW else _chosen(held)


def of_backlog(pending: Sequence[OutboxRow], *, now_ms: int) -> Chosen:
    """Choose among what has waited for too long although nothing is in the way."""
    held = [
        row for row in _singles(pending) if abs(now_ms - row.created_ms) > _BACKLOG_MS
    ]
    return Chosen() if len(held) <= BACKLOG else _chosen(held)


def _singles(pending: Sequence[OutboxRow]) -> list[OutboxRow]:
    # what another version of liqmon wrote has no place in a list: it is told singly
    return [
        row
        for row in pending
        if row.kind == "finding"
        and row.digest is None
        and finding_in(row.payload) is not None
    ]


def _chosen(held: Sequence[OutboxRow]) -> Chosen:
    grave = [row for row in held if row.severity >= Severity.CRITICAL]
    return Chosen(
        rows=tuple(row for row in held if row not in grave),
        also=tuple(dict.fromkeys(row.episode for row in grave)),
    )


class Digester:
    """Has what piled up on these routes told by digests; times are wall clock.

    ``called`` is who could not be reached meanwhile.
    """

    def __init__(
        self, store: Store, routes: Sequence[str], called: str = DISCORD
    ) -> None:
        self._called = called
        self._store = store
        self._routes = routes
        self._held_since_ms: int | None = None

    def held(self, now_ms: int) -> None:
        """Take note that nothing may be sent now."""
        if self._held_since_ms is None:
            self._held_since_ms = now_ms

    async def open_again(self, *, now_ms: int, pending: int) -> None:
        """Make a digest if something held for long, or too much has been waiting.

        ``pending`` rows are there. What a breaker held, the ledger has seen to.

        Raises:
            StoreUnavailable: nothing was made.
        """
        since_ms = self._held_since_ms
        if since_ms is not None and now_ms - since_ms > _OUTAGE_MS:
            await self.after_outage(since_ms=since_ms, now_ms=now_ms)
        elif pending > BACKLOG:
            await self.of_backlog(now_ms=now_ms)
        self._held_since_ms = None

    async def after_outage(
        self, *, since_ms: int, now_ms: int, told: Collection[int] = ()
    ) -> bool:
        """Make a digest if it is worth one; return whether it was.

        Raises:
            StoreUnavailable: nothing was made.
        """
        chosen = after_outage(await self._pending(), told=told)
        expired = await self._store.uncounted(routes=self._routes)
        if not chosen.rows and not expired:
            return False
        return await self._fold(chosen, since_ms=since_ms, now_ms=now_ms)

    async def of_backlog(self, *, now_ms: int) -> bool:
        """Make a digest of what has waited for too long; return whether there was any.

        Raises:
            StoreUnavailable: nothing was made.
        """
        chosen = of_backlog(await self._pending(), now_ms=now_ms)
        if chosen.since_ms is None:
            return False
        return await self._fold(chosen, since_ms=chosen.since_ms, now_ms=now_ms)

    async def _pending(self) -> list[OutboxRow]:
        return await self._store.entries([RowState.PENDING], routes=self._routes)

    async def _fold(self, chosen: Chosen, *, since_ms: int, now_ms: int) -> bool:
        entry = digest_of(
            chosen.rows,
            route=chosen.rows[0].route if chosen.rows else self._routes[0],
            since_ms=since_ms,
            until_ms=now_ms,
            also=chosen.also,
            called=self._called,
        )
        ids = [row.id for row in chosen.rows]
        return await self._store.fold(entry, ids, now_ms=now_ms, routes=self._routes)
