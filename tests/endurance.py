"""A watch of one market whose minutes pass as fast as they can be polled."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fakes import FakeClock
from liqmon.app.run import Run
from liqmon.settings.models import ExchangeTable, Settings
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer
from scanning import scanning


@asynccontextmanager
async def a_hurried_watch(
    markets: Markets, symbol: str
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Yield what polls once a minute, for so many minutes."""
    exchange_clock, clock = FakeClock(), FakeClock()
    async with SimServer(markets=markets, clock=exchange_clock) as sim:
        settings = Settings(exchange=ExchangeTable(base_url=sim.base_url))
        run = Run(settings, (symbol,), None, dry_run=True)
        async with scanning(run, clock) as watch:

            async def polls(minutes: int) -> None:
                for _ in range(minutes):
                    await watch.scans()
                    exchange_clock.push(60)
                    clock.push(60)
                # what happened to them is not what the watch remembers
                sim.exchange.requests.clear()
                watch.events.clear()

            yield polls
