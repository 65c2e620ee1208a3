"""An embedded exchange and Discord whose time stands until a test moves it.

BTCUSDT falls twice, ETHUSDT is calm throughout. Exchange time begins at one of the
moments below and goes on at its ordinary speed, so what a process sees there does not
depend on how long it took to start.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from candles import HOUR_MS, START_MS, calm, with_move
from liqmon.archive.bars import Bars
from liqmon.clock import SystemClock
from liqmon.core.model import Candles
from liqmon.sim.markets import Market, Markets, OpenInterest
from liqmon.sim.plan import FaultPlan
from liqmon.sim.server import SimServer
from liqmon.sim.tape import Tape

HOURS: Final = 90
MINUTE_MS: Final = 60_000
_FALL_BARS: Final = 4

CALM_MS: Final = START_MS + 84 * HOUR_MS
"""Nothing has happened yet."""

FALLEN_MS: Final = CALM_MS + HOUR_MS + (_FALL_BARS + 1) * MINUTE_MS
"""The first fall is over, and its bars are closed."""

FALLEN_AGAIN_MS: Final = FALLEN_MS + 2 * HOUR_MS
"""So is the second one, long after the first."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The server, and what may be done to it from outside."""

    server: SimServer

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings that lead a process here."""
        return {
            "LIQMON_EXCHANGE__BASE_URL": self.server.base_url,
            "LIQMON_DISCORD__BASE_URL": self.server.base_url,
            "LIQMON_DISCORD__WEBHOOK_URL": self.server.webhook_url,
            # an attempt's wait is paid for in real time
            "LIQMON_RETRY__WAITS_S": "[0.1]",
            "LIQMON_WATCH__POLL_INTERVAL_S": "1",
        }

    def let(self, *faults: str) -> None:
        """From now on these go wrong, and nothing else."""
        plan = FaultPlan.parse(faults)
        self.server.plan = self.server.exchange._plan = plan

    def skip_to(self, exchange_ms: int) -> None:
        self.server.time.start_ms += exchange_ms - self.server.now_ms()

    def posts(self) -> int:
        """Return how often Discord was asked to take a message, in vain or not."""
        return sum(asked.method == "POST" for asked in self.server.discord.requests)

    def arrived(self) -> list[str]:
        """Return every message that Discord took, as text."""
        return [str(message.payload) for message in self.server.discord.messages]


@asynccontextmanager
async def a_stage(
    start_ms: int = FALLEN_MS, *faults: str, btc: Candles | None = None, port: int = 0
) -> AsyncIterator[Stage]:
    """Serve both markets until the block ends; ``btc`` replaces the one that falls."""
    made = {
        "BTCUSDT": falling() if btc is None else btc,
        "ETHUSDT": calm(HOURS, timeframe_ms=MINUTE_MS),
    }
    server = SimServer(
        markets=Markets(
            by_symbol={symbol: _market(symbol, made[symbol]) for symbol in made},
            start_ms=start_ms,
        ),
        clock=SystemClock(),
        plan=FaultPlan.parse(faults),
        port=port,
    )
    async with server:
        yield Stage(server)


def falling() -> Candles:
    """Return the candles of a market that is calm but for its two falls."""
    candles = calm(HOURS, timeframe_ms=MINUTE_MS)
    for end_ms in (FALLEN_MS, FALLEN_AGAIN_MS):
        first = (end_ms - START_MS) // MINUTE_MS - _FALL_BARS - 1
        candles = with_move(candles, first, bars=_FALL_BARS, change=-0.05, times=20.0)
    return candles


def _market(symbol: str, candles: Candles) -> Market:
    interest = OpenInterest(candles.open_ms[:1], np.array([1_000.0]))
    return Market.of(symbol, Tape(_bars(symbol, candles)), interest)


def _bars(symbol: str, candles: Candles) -> Bars:
    return Bars(
        symbol=symbol,
        timeframe="1m",
        open_ms=candles.open_ms,
        open=candles.open,
        high=candles.high,
        low=candles.low,
        close=candles.close,
        volume=candles.volume,
    )
