"""One ccxt exchange object: made, pointed, healed in place, closed.

The only module that holds ccxt. Importing it costs 0.4 s and 70 MiB, so whoever needs
it imports it when somebody really watches.
"""

import asyncio
import difflib
import logging
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support as ccxt

from liqmon.clock import Clock
from liqmon.core.model import TIMEFRAME_MS
from liqmon.errors import ConfigError
from liqmon.exchange.catalogue import venue
from liqmon.exchange.faults import judge
from liqmon.exchange.pace import Pace, urgently
from liqmon.exchange.session import guarded_session
from liqmon.exchange.verdict import Verdict
from liqmon.webhook import is_loopback

__all__ = ["Connection"]

log = logging.getLogger(__name__)

_PERPETUAL_TYPES: Final = frozenset({"swap", "linear", "inverse", "contract"})
"""Of ``options.fetchMarkets.types``; some of the others cost a request each."""


class Connection:
    """Make it inside the loop that uses it, and close it there, once."""

    def __init__(
        self, exchange_id: str, *, clock: Clock, base_url: str | None, timeout_s: float
    ) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._closing = False
        self._exchange = _created(exchange_id, timeout_s)
        _check_offers(self._exchange)
        known = venue(exchange_id)
        unit_s = (known.rate_limit_ms or self._exchange.rateLimit) / 1000
        self._exchange.throttle = Pace(clock, unit_s=unit_s)
        self.call_s: float = unit_s * known.call_cost
        if base_url is not None:
            _point(self._exchange, base_url)
        self._session = self._renewed()

    @property
    def has_time(self) -> bool:
        """Whether the exchange tells its time."""
        return bool(self._exchange.has.get("fetchTime"))

    async def markets(self) -> Mapping[str, Mapping[str, Any]]:
        """Load the markets anew; raises whatever ccxt does."""
        markets = await self._exchange.load_markets(True)  # noqa: FBT003 - ccxt's `reload`
        return markets if isinstance(markets, dict) else {}

    async def time_ms(self) -> object:
        """Return what the exchange says its time is; raises whatever ccxt does.

        Candles are judged by it, so it does not wait for theirs.
        """
        with urgently():
            return await self._exchange.fetch_time()

    def offers(self, what: str) -> bool:
        """Whether ccxt has this method for the exchange, such as ``fetchTickers``."""
        return bool(self._exchange.has.get(what))

    async def tickers(self, symbols: Sequence[str]) -> object:
        """Return ccxt's tickers of all these markets; raises whatever ccxt does."""
        # of hyperliquid's three kinds of markets, each a request; the others go by
        # the kind of the symbols
        only = {"type": "swap"} if self._exchange.id == "hyperliquid" else {}
        return await self._exchange.fetch_tickers(list(symbols), only)

    async def open_interests(self, symbols: Sequence[str]) -> object:
        """Return ccxt's open interests of all these markets; raises what ccxt does."""
        return await self._exchange.fetch_open_interests(list(symbols))

    async def open_interest(self, symbol: str) -> object:
        """Return ccxt's open interest of one market; raises whatever ccxt does."""
        return await self._exchange.fetch_open_interest(symbol)

    async def rows(
        self, symbol: str, timeframe: str, *, since_ms: int | None, limit: int
    ) -> object:
        """Return ccxt's candle rows, unchecked; raises whatever ccxt does.

        At most as many as the exchange gives in one call, where ccxt knows that.
        """
        most = self._exchange.feature_value(symbol, "fetchOHLCV", "limit")
        limit = min(limit, most or limit)
        return await self._exchange.fetch_ohlcv(symbol, timeframe, since_ms, limit)

    def verdict(self, error: BaseException) -> Verdict:
        """Return what to do about what a call raised.

        To be asked before anything else can run: ccxt keeps the headers of the last
        answer only.
        """
        return judge(
            error,
            exchange=self._exchange.id,
            headers=self._exchange.last_response_headers,
            now_ms=self._clock.now_ms(),
        )

    async def heal(self) -> bool:
        """Give ccxt a new session if its own is dead; return whether it was.

        In place, because a new object would forget the markets and what it owes to the
        rate limit. Not while closing: a session made then would never be closed.
        """
        async with self._lock:
            current = self._exchange.session
            alive = current is self._session and not self._session.closed
            if alive or self._closing:
                return False
            if current is not None and current is not self._session:
                await current.close()  # one that ccxt made itself, without our guards
            self._session = self._renewed()
            return True

    async def lose_session(self) -> None:
        """Close the session underneath ccxt, as a fault would."""
        await self._session.close()

    async def close(self) -> None:
        """Close for good; calling it again does nothing."""
        async with self._lock:
            if self._closing:
                return
            self._closing = True
            try:
                await self._exchange.close()
            except (
                ccxt.BaseError,
                aiohttp.ClientError,
                OSError,
                RuntimeError,
            ) as error:
                # the teardown of TLS is noisy, and nothing depends on it any more
                log.debug("closing %s: %s", self._exchange.id, error)
            await self._session.close()

    def _renewed(self) -> aiohttp.ClientSession:
        exchange = self._exchange
        if exchange.ssl_context is None:
            exchange.ssl_context = ssl.create_default_context(cafile=exchange.cafile)
        session = guarded_session(exchange.ssl_context)
        # Assigned, not passed to the constructor: so ccxt counts it as its own and
        # closes it. open() then finds it there, and only undoes an earlier close().
        exchange.session = session
        exchange.tcp_connector = None
        exchange.open()
        return session


def _created(exchange_id: str, timeout_s: float) -> Any:
    """Return ccxt's object.

    Raises:
        ConfigError: ccxt knows no such exchange.
    """
    if exchange_id not in ccxt.exchanges:
        close = difflib.get_close_matches(exchange_id, ccxt.exchanges, n=3)
        # the same letters in another order are the likeliest slip
        close.sort(key=lambda name: sorted(name) != sorted(exchange_id))
        raise ConfigError(
            f"no exchange is called {exchange_id!r}",
            hint=f"did you mean {' or '.join(close or ['bybit'])}?",
        )
    exchange = getattr(ccxt, exchange_id)(
        {
            "enableRateLimit": True,
            "timeout": max(round(timeout_s * 1000), 1),
            # the last body would stay in memory: megabytes after the markets
            "enableLastHttpResponse": False,
            "enableLastJsonResponse": False,
        }
    )
    exchange.has = {**exchange.has, "fetchCurrencies": False}
    _ask_for_perpetuals(exchange.options)
    return exchange


def _ask_for_perpetuals(options: dict[str, Any]) -> None:
    """Narrow ``fetchMarkets.types``, a list or a mapping, where the venue has it."""
    choice = options.get("fetchMarkets")
    if not isinstance(choice, dict):
        return
    types = choice.get("types")
    narrowed: object
    if isinstance(types, dict):
        narrowed = {**types, "spot": False}
    elif isinstance(types, list):
        narrowed = [kind for kind in types if kind in _PERPETUAL_TYPES]
    else:
        return
    options["fetchMarkets"] = {**choice, "types": narrowed or types}


def _check_offers(exchange: Any) -> None:
    """Raise ConfigError unless the exchange has what liqmon lives on."""
    missing = [
        what
        for what, offered in (
            ("perpetual swaps", exchange.has.get("swap")),
            ("candles", exchange.has.get("fetchOHLCV")),
            *(
                (f"{timeframe} candles", timeframe in (exchange.timeframes or {}))
                for timeframe in TIMEFRAME_MS
            ),
        )
        if not offered
    ]
    if missing:
        raise ConfigError(
            f"{exchange.id} offers no {', no '.join(missing)} through ccxt",
            hint="choose an exchange with perpetual swaps, bybit for example",
        )


def _point(exchange: Any, base_url: str) -> None:
    """Put a loopback server in the place of the exchange's hosts, keeping paths.

    Raises:
        ConfigError: ``base_url`` is not on this machine.
    """
    if not is_loopback(base_url):
        raise ConfigError("a base URL must be a loopback address")
    exchange.urls = {**exchange.urls, "api": _pointed(exchange.urls["api"], base_url)}
    # ccxt waits 250 ms for TLS to wind down; plain HTTP has none
    exchange.timeout_on_exit = 0


def _pointed(urls: Any, base_url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _pointed(below, base_url) for name, below in urls.items()}
    if not isinstance(urls, str):
        return urls
    root = base_url.rstrip("/")
    parts = urlsplit(urls)
    if parts.scheme in {"ws", "wss"}:
        root = root.replace("http", "ws", 1)
    return root + parts.path
