"""Both venues over HTTP: who asks what, how often, and what goes wrong.

A request is written down, counted against its venue's rate limit, answered, and then
meets the fault of the moment, if there is one.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web

from liqmon.clock import Clock
from liqmon.sim import binance, bybit
from liqmon.sim.exchange_faults import ANSWERS, SPOILS, STALE, unspoilt
from liqmon.sim.exchange_rates import BinanceRates, BybitRates
from liqmon.sim.exchange_time import ExchangeTime
from liqmon.sim.markets import Markets
from liqmon.sim.plan import FaultPlan, Planned
from liqmon.sim.wire import Answer, Ask, Spoil

__all__ = ["VENUES", "Asked", "LoopbackExchange"]

VENUES: Final = ("bybit", "binanceusdm")
"""What ccxt calls the venues that are served."""

_KEPT: Final = 100_000
"""Requests that are remembered; the oldest are forgotten."""

Respond: TypeAlias = Callable[[str, Ask], Answer]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived, and the fault it met."""

    path: str
    query: Mapping[str, str]
    at_s: float
    fault: str | None


class _Venue(NamedTuple):
    respond: Respond
    rates: BybitRates | BinanceRates


class LoopbackExchange:
    """``routes()`` goes into an application; ``requests`` is what was asked so far."""

    def __init__(
        self, *, markets: Markets, time: ExchangeTime, plan: FaultPlan, clock: Clock
    ) -> None:
        self._markets = markets
        self._time = time
        self._plan = plan
        self._clock = clock
        self._bybit = _Venue(bybit.answer, BybitRates())
        self._binance = _Venue(binance.answer, BinanceRates())
        self.requests: deque[Asked] = deque(maxlen=_KEPT)

    def routes(self) -> list[web.RouteDef]:
        """Return every address that the two venues have."""
        return [
            web.get(path, self._answer, allow_head=False)
            for path in (*bybit.PATHS, *binance.PATHS)
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        at_s = self._time.elapsed_s
        fault = self._plan.exchange(at_s, request.query.get("symbol"))
        name = None if fault is None else fault.name
        query = dict(request.query)
        self.requests.append(Asked(request.path, query, at_s, name))
        whole = self._whole(request.path, query, fault)
        if name is not None and name in ANSWERS:
            return await ANSWERS[name](request, self._clock, whole)
        return whole

    def _whole(
        self, path: str, query: Mapping[str, str], fault: Planned | None
    ) -> web.Response:
        now_ms = self._time.now_ms
        venue = self._bybit if path in bybit.PATHS else self._binance
        answer = venue.rates.refusal(path, query, self._clock.monotonic())
        if answer is None:
            answer = venue.respond(path, self._ask(query, fault, now_ms))
        headers = {**venue.rates.headers(self._clock.now_ms()), **answer.headers}
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    def _ask(self, query: Mapping[str, str], fault: Planned | None, now_ms: int) -> Ask:
        bars_ms = now_ms
        spoil: Spoil = unspoilt
        if fault is not None and fault.name == STALE:
            bars_ms = self._time.at_ms(fault.start_s)
        if fault is not None and fault.name in SPOILS:
            spoil = SPOILS[fault.name]
        return Ask(self._markets, query, now_ms, bars_ms, spoil)
