"""A watch whose cycles a test makes: all of it is real but the time between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fakes import FakeClock
from liqmon.app.parts import Parts, opened
from liqmon.app.run import Run, empty_board
from liqmon.core.events import Event, FindingRaised
from liqmon.core.model import Finding
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scanner


@dataclass
class Scanning:
    """The open parts, what scans, and everything that has happened so far."""

    parts: Parts
    scanner: Scanner
    events: list[Event] = field(default_factory=list)

    async def scans(self, times: int = 1) -> None:
        for _ in range(times):
            await self.scanner.once()

    def findings(self) -> list[Finding]:
        return [one.finding for one in self.events if isinstance(one, FindingRaised)]


@asynccontextmanager
async def scanning(run: Run, clock: FakeClock) -> AsyncIterator[Scanning]:
    """Open the parts of a run, and what scans its first exchange."""
    bulletin = Bulletin(clock, empty_board(run, clock))
    (exchange_id, *_) = run.settings.exchange.ids
    async with (
        opened(run, clock=clock, bulletin=bulletin) as parts,
        parts.exchange(exchange_id) as exchange,
    ):
        await exchange.open()
        roster = parts.roster(exchange)
        await roster.begin()
        scanner = Scanner(
            exchange,
            roster.watchers,
            clock=clock,
            bulletin=bulletin,
            poll_interval_s=run.settings.watch.poll_interval_s,
            # an embedded exchange keeps its own time
            tells_skew=False,
            tend=roster.tend,
        )
        watch = Scanning(parts, scanner)
        with bulletin.listening(watch.events.append):
            yield watch
