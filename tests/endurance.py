"""A watch of one market whose minutes pass as fast as they can be polled."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fakes import FakeClock
from liqmon.app.parts import opened
from liqmon.app.run import Run, empty_board
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scanner
from liqmon.settings.models import ExchangeTable, Settings
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer


@asynccontextmanager
async def a_hurried_watch(
    markets: Markets, symbol: str
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Yield what polls once a minute, for so many minutes."""
    exchange_clock, clock = FakeClock(), FakeClock()
    async with SimServer(markets=markets, clock=exchange_clock) as sim:
        settings = Settings(exchange=ExchangeTable(base_url=sim.base_url))
        run = Run(settings, (symbol,), None, dry_run=True)
        bulletin = Bulletin(clock, empty_board(run, clock))
        async with (
            opened(run, clock=clock, bulletin=bulletin) as parts,
            parts.exchange("bybit") as exchange,
        ):
            await exchange.open()
            roster = parts.roster(exchange)
            await roster.begin()
            scanner = Scanner(
                exchange,
                roster.watchers,
                clock=clock,
                bulletin=bulletin,
                poll_interval_s=5,
                tells_skew=False,
            )

            async def polls(minutes: int) -> None:
                for _ in range(minutes):
                    await scanner.once()
                    exchange_clock.push(60)
                    clock.push(60)
                # what the exchange remembers of them is not the watch's
                sim.exchange.requests.clear()

            yield polls
