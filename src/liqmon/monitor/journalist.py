"""Writes down what happened, for history and statistics.

Findings are not among it: they are journalled in the transaction that raises them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from liqmon.core.events import Event, FindingRaised, Summary
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
        if not (isinstance(event, FindingRaised | Summary) or self._waiting.full()):
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
        body = asdict(event)
        exchange, symbol = body.get("exchange", ""), body.get("symbol", "")
        try:
            await self._journal.record(
                at_ms=event.at_ms,
                kind=type(event).__name__,
                market=f"{exchange}:{symbol}" if symbol else str(exchange),
                body=body,
            )
        except StoreUnavailable:
            # Statistics are not worth a word of their own: whoever stores findings
            # meets the same trouble and tells the user.
            return
