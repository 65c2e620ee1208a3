"""A watch of the most active markets, a day later on an exchange that has changed."""

import asyncio
from dataclasses import replace

from fakes import FakeClock
from liqmon.app.parts import opened
from liqmon.app.run import Run, empty_board
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scanner
from liqmon.settings.models import Settings
from liqmon.sim.generated import generated
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer

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
        bulletin = Bulletin(clock, empty_board(run, clock))

        def watched() -> set[str]:
            return {row.market.name for row in bulletin.snapshot.rows.values()}

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
                tend=roster.tend,
            )
            await scanner.once()
            assert watched() == {"BTCUSDT", "SOLUSDT"}

            # a market is listed that trades more than all others
            sim.exchange._markets = MARKETS
            exchange_clock.push(12 * 3600)
            await scanner.once()
            assert watched() == {"BTCUSDT", "SOLUSDT"}

            exchange_clock.push(12 * 3600)
            await scanner.once()
            await scanner.once()
            await asyncio.sleep(0)
            assert "ETHUSDT" in watched()
            assert len(watched()) == 2

            rows = bulletin.snapshot.rows.values()
            assert all(row.price is not None for row in rows)
