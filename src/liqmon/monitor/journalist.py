"""Writes down what happened, for history and statistics.

Only what is rare and worth a row of its own. Findings are journalled in the transaction
that raises them, deliveries are rows of the outbox, and what happens with every poll is
counted (``Tally``): a market that fails all day would write ten thousand rows.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
)
from liqmon.errors import StoreUnavailable

__all__ = ["Journal", "Journalist"]

_MOST_WAITING = 1_000
"""Events waiting for a slow disk; beyond that the newest are not journalled."""


class Journal(Protocol):
    """Where events are kept."""

    async def record(
        self, *, at_ms: int, kind: str, market: str, body: Mapping[str, object]
    ) -> None:
        """Append one event, or raise StoreUnavailable."""
        ...


class Journalist:
    """``note`` takes an event without waiting; ``run`` writes them one by one."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(_MOST_WAITING)

    def note(self, event: Event) -> None:
        """Remember ``event`` for the journal."""
        if _is_kept(event) and not self._waiting.full():
            self._waiting.put_nowait(event)

    async def run(self) -> None:
        """Write what was noted, for ever."""
        while True:
            await self._write(await self._waiting.get())

    async def finish(self) -> None:
        """Write what is still waiting."""
        while not self._waiting.empty():
            await self._write(self._waiting.get_nowait())

    async def _write(self, event: Event) -> None:
        try:
            await self._journal.record(
                at_ms=event.at_ms,
                kind=type(event).__name__,
                market="",
                body=asdict(event),
            )
        except StoreUnavailable:
            # Statistics are not worth a word of their own: whoever stores findings
            # meets the same trouble and tells the user.
            return


def _is_kept(event: Event) -> bool:
    match event:
        case BreakerChanged(old=old, new=new):
            # the probes in between: one every five minutes for as long as it lasts
            return BreakerState.CLOSED in (old, new)
        case Delivery(status=status):
            return status is not DeliveryStatus.SENT
        case _:
            return False
