"""A watch of the most active markets, a day later on an exchange that has changed."""

import asyncio
from dataclasses import replace

from fakes import FakeClock
from liqmon.app.run import Run
from liqmon.settings.models import Settings
from liqmon.sim.generated import generated
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer
from scanning import scanning

MARKETS = generated(1)


def without(markets: Markets, symbol: str) -> Markets:
    kept = {name: one for name, one in markets.by_symbol.items() if name != symbol}
    return replace(markets, by_symbol=kept)


async def test_the_board_follows_the_list_of_the_day() -> None:
    exchange_clock, clock = FakeClock(), FakeClock()
    async with SimServer(
        markets=without(MARKETS, "ETHUSDT"), clock=exchange_clock
    ) as sim:
        settings = Settings.model_validate(
            {"watch": {"top": 2}, "exchange": {"base_url": sim.base_url}}
        )
        run = Run(settings, (), None, dry_run=True)
        async with scanning(run, clock) as watch:
            bulletin = watch.parts.bulletin

            def watched() -> set[str]:
                return {row.market.name for row in bulletin.snapshot.rows.values()}

            await watch.scans()
            assert watched() == {"BTCUSDT", "SOLUSDT"}

            # a market is listed that trades more than all others
            sim.exchange._markets = MARKETS
            exchange_clock.push(12 * 3600)
            await watch.scans()
            assert watched() == {"BTCUSDT", "SOLUSDT"}

            exchange_clock.push(12 * 3600)
            await watch.scans(2)
            await asyncio.sleep(0)
            assert "ETHUSDT" in watched()
            assert len(watched()) == 2

            rows = bulletin.snapshot.rows.values()
            assert all(row.price is not None for row in rows)
