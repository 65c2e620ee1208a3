"""Exchanges on 127.0.0.1: scripted answers in the real wire formats, and real faults.

Each venue speaks just enough for its perpetuals, its time and its candles. ``fault``
queues answers for a path; when the queue is empty the venue speaks again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from aiohttp import web

from fakes import FakeClock
from liqmon.core.events import Event, FeedChanged
from liqmon.core.model import Candles, Market
from liqmon.exchange.client import Exchange
from liqmon.exchange.retry import RetryPolicy

_Event = TypeVar("_Event")

Reply: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

STEP_MS: Final = {"1m": 60_000, "5m": 300_000}


async def until(true: Callable[[], bool]) -> None:
    """Let other tasks run until it is so."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to pass")


# answers


def json_reply(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return reply


def text_reply(
    text: str,
    *,
    status: int = 200,
    kind: str = "text/html",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(
            text=text, status=status, content_type=kind, headers=headers
        )

    return reply


def page(status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An HTML page, as a proxy or a maintenance mode sends."""
    html = "<html><body>come back later</body></html>"
    return text_reply(html, status=status, headers=headers)


def redirect(location: str) -> Reply:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    return reply


def gone(*, after: bytes = b"", reset: bool = False) -> Reply:
    """Close the connection after some raw bytes, cleanly or with a reset."""

    async def reply(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        transport.write(after)
        await asyncio.sleep(0.01)
        transport.abort() if reset else transport.close()
        return web.Response()

    return reply


def raw(head: str, body: bytes = b"") -> Reply:
    return gone(after=f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)


async def silence(request: web.Request) -> web.StreamResponse:
    """Accept, then say nothing until the client goes away."""
    await asyncio.sleep(30)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    """Send a body at a crawl."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(600):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


def flood(megabytes: int) -> Reply:
    """Send a body that long, chunked, as fast as it is read."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(megabytes * 16):
            await response.write(b"1" * 65_536)
        return response

    return reply


# venues


@dataclass
class Venue:
    """What an exchange would say; ``now_ms`` is its clock.

    No bar opened before ``listed_ms``: a young listing.
    """

    now_ms: Callable[[], int]
    bases: Sequence[str] = ("BTC", "ETH")
    price: float = 100.0
    listed_ms: int = 0

    MARKETS: ClassVar[str]
    TIME: ClassVar[str]
    CANDLES: ClassVar[str]

    def routes(self) -> Mapping[str, Reply]:
        return {
            self.MARKETS: self._markets,
            self.TIME: self._time,
            self.CANDLES: self._candles,
        }

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    async def _time(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    def opens(self, step_ms: int, limit: int, since_ms: int | None = None) -> list[int]:
        """Return when the bars opened, oldest first, the forming one included."""
        newest = self.now_ms() // step_ms * step_ms
        listed = -(-self.listed_ms // step_ms) * step_ms
        oldest = max(newest - (limit - 1) * step_ms, listed)
        if since_ms is not None:
            oldest = max(-(-since_ms // step_ms) * step_ms, listed)
            newest = min(newest, oldest + (limit - 1) * step_ms)
        return list(range(oldest, newest + 1, step_ms))

    def bar(self, open_ms: int) -> list[str]:
        price = self.price
        return [str(x) for x in (open_ms, price, price + 1, price - 1, price, 7)]


class Bybit(Venue):
    """https://bybit-exchange.github.io/docs/v5/intro."""

    MARKETS: ClassVar = "/v5/market/instruments-info"
    TIME: ClassVar = "/v5/market/time"
    CANDLES: ClassVar = "/v5/market/kline"

    @staticmethod
    def ok(result: object) -> Reply:
        return json_reply({"retCode": 0, "retMsg": "OK", "result": result})

    @staticmethod
    def error(code: int, message: str = "", **options: Any) -> Reply:
        return json_reply({"retCode": code, "retMsg": message, "result": {}}, **options)

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        linear = request.query.get("category") == "linear"
        listed = self.bases if linear and "status" not in request.query else ()
        rows = [
            {
                "symbol": f"{base}USDT",
                "contractType": "LinearPerpetual",
                "status": "Trading",
                "baseCoin": base,
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
            }
            for base in listed
        ]
        result = {"category": request.query.get("category"), "list": rows}
        return await self.ok(result)(request)

    async def _time(self, request: web.Request) -> web.StreamResponse:
        return await json_reply(
            {
                "retCode": 0,
                "result": {
                    "timeSecond": str(self.now_ms() // 1000),
                    "timeNano": str(self.now_ms() * 1_000_000),
                },
                "time": self.now_ms(),
            }
        )(request)

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        step_ms = int(request.query["interval"]) * 60_000
        start = request.query.get("start")
        opens = self.opens(
            step_ms, int(request.query["limit"]), None if start is None else int(start)
        )
        rows = [[*self.bar(open_ms), "700"] for open_ms in reversed(opens)]
        return await self.ok({"symbol": request.query["symbol"], "list": rows})(request)


class Binance(Venue):
    """https://developers.binance.com/docs/derivatives/usds-margined-futures."""

    MARKETS: ClassVar = "/fapi/v1/exchangeInfo"
    TIME: ClassVar = "/fapi/v1/time"
    CANDLES: ClassVar = "/fapi/v1/klines"

    @staticmethod
    def error(code: int, message: str = "", *, status: int = 400) -> Reply:
        return json_reply({"code": code, "msg": message}, status=status)

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {
                "symbol": f"{base}USDT",
                "pair": f"{base}USDT",
                "contractType": "PERPETUAL",
                "status": "TRADING",
                "baseAsset": base,
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "filters": [],
            }
            for base in self.bases
        ]
        return await json_reply({"symbols": rows})(request)

    async def _time(self, request: web.Request) -> web.StreamResponse:
        return await json_reply({"serverTime": self.now_ms()})(request)

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        step_ms = STEP_MS[request.query["interval"]]
        start = request.query.get("startTime")
        opens = self.opens(
            step_ms, int(request.query["limit"]), None if start is None else int(start)
        )
        rows = [
            [at, *self.bar(at)[1:], at + step_ms - 1, "700", 5, "3", "300", "0"]
            for at in opens
        ]
        return await json_reply(rows)(request)


class Okx(Venue):
    """https://www.okx.com/docs-v5/en/."""

    MARKETS: ClassVar = "/api/v5/public/instruments"
    TIME: ClassVar = "/api/v5/public/time"
    CANDLES: ClassVar = "/api/v5/market/candles"

    @staticmethod
    def error(code: str, message: str = "", *, status: int = 200) -> Reply:
        return json_reply({"code": code, "msg": message, "data": []}, status=status)

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {
                "instType": "SWAP",
                "instId": f"{base}-USDT-SWAP",
                "uly": f"{base}-USDT",
                "instFamily": f"{base}-USDT",
                "settleCcy": "USDT",
                "ctVal": "0.01",
                "ctMult": "1",
                "ctValCcy": base,
                "ctType": "linear",
                "state": "live",
            }
            for base in self.bases
        ]
        return await json_reply({"code": "0", "msg": "", "data": rows})(request)

    async def _time(self, request: web.Request) -> web.StreamResponse:
        data = [{"ts": str(self.now_ms())}]
        return await json_reply({"code": "0", "msg": "", "data": data})(request)

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        step_ms = STEP_MS[request.query["bar"]]
        opens = self.opens(step_ms, int(request.query.get("limit", "100")))
        rows = [[*self.bar(at)[:5], "700", "7", "700", "1"] for at in reversed(opens)]
        return await json_reply({"code": "0", "msg": "", "data": rows})(request)


class Bitget(Venue):
    """https://www.bitget.com/api-doc/contract/intro."""

    MARKETS: ClassVar = "/api/v2/mix/market/contracts"
    TIME: ClassVar = "/api/v2/public/time"
    CANDLES: ClassVar = "/api/v2/mix/market/candles"

    @staticmethod
    def ok(data: object) -> Reply:
        return json_reply({"code": "00000", "msg": "success", "data": data})

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        listed = (
            self.bases if request.query.get("productType") == "USDT-FUTURES" else ()
        )
        rows = [
            {
                "symbol": f"{base}USDT",
                "baseCoin": base,
                "quoteCoin": "USDT",
                "supportMarginCoins": ["USDT"],
                "symbolType": "perpetual",
                "symbolStatus": "normal",
                "sizeMultiplier": "0.001",
                "pricePlace": "1",
                "priceEndStep": "1",
                "volumePlace": "3",
                "minTradeNum": "0.001",
            }
            for base in listed
        ]
        return await self.ok(rows)(request)

    async def _time(self, request: web.Request) -> web.StreamResponse:
        return await self.ok({"serverTime": str(self.now_ms())})(request)

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        step_ms = STEP_MS[request.query["granularity"]]
        opens = self.opens(step_ms, int(request.query.get("limit", "100")))
        return await self.ok([[*self.bar(at), "700"] for at in opens])(request)


# the server


@dataclass
class Loopback:
    """A venue with an address; ``requests`` are the paths asked for, in order."""

    url: str
    venue: Venue
    requests: list[str] = field(default_factory=list)
    queries: list[Mapping[str, str]] = field(default_factory=list)
    _queued: dict[str, deque[Reply]] = field(default_factory=lambda: defaultdict(deque))
    _always: dict[str, Reply] = field(default_factory=dict)

    def fault(self, path: str, *replies: Reply) -> None:
        """Answer the next requests for ``path`` so, one after the other."""
        self._queued[path].extend(replies)

    def always(self, path: str, reply: Reply | None) -> None:
        """Answer every request for ``path`` so, until given None."""
        self._always.pop(path, None)
        if reply is not None:
            self._always[path] = reply

    def count(self, path: str) -> int:
        return self.requests.count(path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.requests.append(path)
        self.queries.append(dict(request.query))
        routes = self.venue.routes()
        queued = self._queued[path]
        reply = queued.popleft() if queued else self._always.get(path, routes.get(path))
        if reply is None:
            return web.Response(status=404, text=f"nothing at {path}")
        return await reply(request)


@asynccontextmanager
async def serving(
    venue: Venue, *, host: str = "127.0.0.1", port: int = 0, ssl_context: Any = None
) -> AsyncIterator[Loopback]:
    """Serve ``venue`` on a port of its own."""
    server = Loopback("", venue)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=ssl_context)
    await site.start()
    bound = runner.addresses[0][1]
    scheme = "http" if ssl_context is None else "https"
    server.url = f"{scheme}://{host}:{bound}"
    try:
        yield server
    finally:
        await runner.cleanup()


# liqmon's side


@dataclass
class Rig:
    """An open exchange of liqmon's, pointed at a loopback venue."""

    server: Loopback
    exchange: Exchange
    clock: FakeClock
    events: list[Event]

    @property
    def market(self) -> Market:
        return self.exchange.market("BTCUSDT")

    @property
    def candle_requests(self) -> int:
        return self.server.count(self.server.venue.CANDLES)

    @property
    def ccxt(self) -> Any:
        """The real ccxt object underneath."""
        connection = self.exchange._connection
        assert connection is not None
        return connection._exchange

    def fault(self, *replies: Reply) -> None:
        self.server.fault(self.server.venue.CANDLES, *replies)

    def always(self, reply: Reply | None) -> None:
        self.server.always(self.server.venue.CANDLES, reply)

    async def candles(self, text: str = "BTCUSDT", **options: Any) -> Candles:
        asked: dict[str, Any] = {"limit": 45, "now_ms": self.clock.now_ms(), **options}
        return await self.exchange.candles(self.exchange.market(text), "1m", **asked)

    def told(self, kind: type[_Event]) -> list[_Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[str]:
        """What was told of the whole exchange, in order."""
        changes = self.told(FeedChanged)
        return [change.state.value for change in changes if not change.symbol]


VENUES: Final[Mapping[str, type[Venue]]] = {
    "bybit": Bybit,
    "binance": Binance,
    "binanceusdm": Binance,
    "okx": Okx,
    "bitget": Bitget,
}


@asynccontextmanager
async def rigged(
    exchange_id: str = "bybit",
    *,
    clock: FakeClock | None = None,
    policy: RetryPolicy | None = None,
    bases: Sequence[str] = ("BTC", "ETH"),
    timeout_s: float = 0.3,
    base_url: str | None = None,
    opened: bool = True,
) -> AsyncIterator[Rig]:
    """Serve a venue and open an exchange on it; every wait is on a fake clock."""
    clock = clock or FakeClock()
    venue = VENUES.get(exchange_id, Bybit)(clock.now_ms, bases)
    events: list[Event] = []
    async with serving(venue) as server:
        exchange = Exchange(
            exchange_id,
            clock=clock,
            retry=policy or RetryPolicy(),
            emit=events.append,
            base_url=base_url or server.url,
            timeout_s=timeout_s,
            interval_s=5.0,
        )
        async with exchange:
            if opened:
                await exchange.open()
                server.requests.clear()
                server.queries.clear()
            yield Rig(server, exchange, clock, events)
