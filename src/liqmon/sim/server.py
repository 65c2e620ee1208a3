"""Two exchanges and a Discord behind one port on loopback."""

import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from liqmon.clock import Clock
from liqmon.errors import UserError
from liqmon.sim.discord import StrictDiscord
from liqmon.sim.exchange import VENUES, Asked, LoopbackExchange
from liqmon.sim.exchange_time import ExchangeTime
from liqmon.sim.markets import Markets
from liqmon.sim.plan import FaultPlan
from liqmon.sim.truth import Truth

__all__ = ["SimServer"]

_HOST: Final = "127.0.0.1"

# A request that hangs on purpose must not hold up the end.
_SHUTDOWN_S: Final = 0.1


class SimServer:
    """``async with`` serves it; exchange time begins on entering.

    ``start_ms`` defaults to what the markets say, ``port`` 0 takes any free one.

    Raises:
        UserError: nothing happens after ``start_ms``, or the port is in use.
    """

    def __init__(
        self,
        *,
        markets: Markets,
        clock: Clock,
        speed: float = 1.0,
        start_ms: int | None = None,
        plan: FaultPlan | None = None,
        port: int = 0,
    ) -> None:
        start_ms = markets.start_ms if start_ms is None else start_ms
        _check_start(markets, start_ms)
        self.markets = markets
        self.time = ExchangeTime(clock, start_ms, speed)
        self.plan = plan or FaultPlan()
        self.exchange = LoopbackExchange(
            markets=markets, time=self.time, plan=self.plan, clock=clock
        )
        self.discord = StrictDiscord(
            clock=clock, fault=lambda: self.plan.discord(self.time.elapsed_s)
        )
        self._port = port
        self._stack = AsyncExitStack()
        self.base_url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([*self.exchange.routes(), *self.discord.routes()])
        app.add_routes([web.get("/sim/truth", self._show_truth)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, _HOST, self._port)
            try:
                await site.start()
            except OSError as error:
                raise _no_port(self._port, error) from error
            self._stack = stack.pop_all()
        self.base_url = f"http://{_HOST}:{runner.addresses[0][1]}"
        self.time.begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def webhook_url(self) -> str:
        """A webhook's address as Discord gives it; for use with ``base_url``."""
        return f"https://discord.com{StrictDiscord.webhook_path}"

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What the exchanges were asked, oldest first."""
        return tuple(self.exchange.requests)

    @property
    def truth(self) -> Truth:
        """What really happens in the markets, the future included."""
        return self.markets.truth

    def now_ms(self) -> int:
        """Return the exchange's time."""
        return self.time.now_ms

    def ready(self) -> dict[str, Any]:
        """Return the line that says that the server is ready, as JSON."""
        return {
            "schema": 1,
            "event": "ready",
            "base_url": self.base_url,
            "webhook_url": self.webhook_url,
            "venues": list(VENUES),
            "symbols": list(self.markets.by_symbol),
            "timeframe": self.markets.timeframe,
            "start_ms": self.time.start_ms,
            "end_ms": self.markets.end_ms,
            "speed": self.time.speed,
        }

    async def _show_truth(self, _request: web.Request) -> web.Response:
        return web.json_response({"now_ms": self.now_ms(), **self.truth.as_json()})


def _check_start(markets: Markets, start_ms: int) -> None:
    first_ms, end_ms = markets.first_ms, markets.end_ms
    if not first_ms <= start_ms < end_ms:
        raise UserError(
            f"there are no candles at {_shown(start_ms)}",
            hint=f"start between {_shown(first_ms)} and {_shown(end_ms)}",
        )


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_port(port: int, error: OSError) -> UserError:
    reason = os.strerror(error.errno or 0).lower()
    return UserError(
        f"cannot listen on port {port}: {reason}",
        hint="choose another --port, or leave it out for any free one",
    )
