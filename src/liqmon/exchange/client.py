"""One exchange, as the rest of liqmon sees it: markets, time, candles."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from liqmon.clock import Clock
from liqmon.core.events import Event
from liqmon.core.model import TIMEFRAME_MS, Candles, Market
from liqmon.errors import FeedUnavailable
from liqmon.exchange.activity import Activity
from liqmon.exchange.calls import Calls
from liqmon.exchange.candles import Expected, FutureRow, candles_from_rows
from liqmon.exchange.catalogue import ALIASES, venue
from liqmon.exchange.ranking import ranking
from liqmon.exchange.retry import Call, RetryPolicy
from liqmon.exchange.selection import Pick, Wanted, candidates, picked
from liqmon.exchange.symbols import Listing, Symbols, perpetuals, spot_pairs

if TYPE_CHECKING:
    from liqmon.exchange.connection import Connection

__all__ = ["Exchange"]

log = logging.getLogger(__name__)


class Exchange:
    """Open it inside the loop that uses it: ``async with`` first, then ``open()``.

    ``interval_s`` is how often markets are polled: the first wait of an exchange that
    is down.
    """

    def __init__(
        self,
        exchange_id: str,
        *,
        clock: Clock,
        retry: RetryPolicy,
        emit: Callable[[Event], None],
        base_url: str | None,
        timeout_s: float,
        interval_s: float,
    ) -> None:
        self.id = ALIASES.get(exchange_id, exchange_id)
        if self.id != exchange_id:
            log.warning("the perpetuals of %s are %s: using that", exchange_id, self.id)
        self._clock = clock
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._calls = Calls(
            self.id,
            healer=lambda: self._opened,
            clock=clock,
            retry=retry,
            emit=emit,
            interval_s=interval_s,
        )
        self._symbols = Symbols(self.id, ())
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Load the perpetuals.

        Raises:
            ConfigError: there is no such exchange, or it has no perpetuals or candles.
            FeedError: it did not answer; opening again is allowed.
        """
        if self._connection is None:
            connection = await asyncio.to_thread(_connection_class)
            self._connection = connection(
                self.id,
                clock=self._clock,
                base_url=self._base_url,
                timeout_s=self._timeout_s,
            )
        self._symbols = await self._calls.open(Call("", self.id), self._load_symbols)

    async def close(self) -> None:
        """Close the connection for good; calling it again does nothing."""
        self._calls.close()
        if self._connection is not None:
            await self._connection.close()

    async def lose_session(self) -> None:
        """Close the HTTP session underneath, on purpose: the next call heals it."""
        await self._opened.lose_session()

    @property
    def call_s(self) -> float:
        """Seconds of the exchange's rate limit that one small candle call takes."""
        return self._opened.call_s

    def market(self, text: str) -> Market:
        """Return the perpetual that ``text`` names, however it is spelled.

        Raises:
            UnknownSymbol: there is none; it suggests what was meant.
        """
        match = self._symbols.find(text)
        if match.note:
            log.warning("%s: %s", text, match.note)
        return match.market

    @property
    def listings(self) -> tuple[Listing, ...]:
        """All perpetuals it lists."""
        return self._symbols.listings

    def offers(self, what: str) -> bool:
        """Whether ccxt has this method for the exchange, such as ``fetchTickers``."""
        return self._opened.offers(what)

    @property
    def has_time(self) -> bool:
        """Whether the exchange tells its time."""
        return self._opened.has_time

    async def reload(self) -> None:
        """Load the perpetuals anew.

        Raises:
            FeedError: it did not answer; what was known stays.
        """
        call = Call("", self.id)
        self._symbols = await self._calls.make(call, self._load_symbols)

    async def select(
        self, wanted: Wanted, *, informed: bool = False
    ) -> tuple[Pick, ...]:
        """Return the markets that are wanted, watched or excluded, and why.

        ``informed``: rank and volume are told of named markets too.

        Raises:
            UnknownSymbol: a named one is none of its perpetuals.
            UserError: it does not tell what the markets are to be ranked by.
            FeedError: it did not answer.
        """
        markets = candidates(self.listings)
        known: Mapping[str, Activity] = {}
        if wanted.is_ranked or (informed and self.offers("fetchTickers")):
            known = await ranking(self._opened, self._calls, wanted, markets)
        return picked(wanted, markets, known, self.market)

    async def now_ms(self) -> int:
        """Return the exchange's time, or this machine's where it does not tell.

        Raises:
            FeedError: the exchange did not answer.
        """
        if not self._opened.has_time:
            return self._clock.now_ms()
        return await self._calls.urgent(Call("", self.id), self._read_time)

    async def candles(
        self,
        market: Market,
        timeframe: str,
        *,
        limit: int,
        now_ms: int,
        since_ms: int | None = None,
        deadline_mono: float | None = None,
    ) -> Candles:
        """Return at most ``limit`` candles, the newest or those from ``since_ms`` on.

        ``now_ms`` is exchange time. No attempt begins after ``deadline_mono``.

        Raises:
            FeedError: there are none that can be used.
        """
        expected = Expected(
            market,
            TIMEFRAME_MS[timeframe],
            now_ms,
            newest=since_ms is None,
            volume_in_contracts=venue(self.id).volume_in_contracts,
        )

        async def ask() -> Candles:
            rows = await self._opened.rows(
                market.symbol,
                timeframe,
                since_ms=since_ms,
                limit=limit,
            )
            try:
                return candles_from_rows(rows, expected)
            except FutureRow:
                # Either nonsense, or the cycle's time is old: a retry took long, or
                # the exchange is a replay that runs faster than life.
                now_ms = await self._read_time()
                return candles_from_rows(rows, replace(expected, now_ms=now_ms))

        name = f"{market.name} on {self.id}"
        call = Call(market.symbol, name, deadline_mono)
        return await self._calls.make(call, ask)

    @property
    def _opened(self) -> "Connection":
        if self._connection is None:
            raise RuntimeError("open() comes first")
        return self._connection

    async def _load_symbols(self) -> Symbols:
        markets = await self._opened.markets()
        listings = perpetuals(self.id, markets)
        if not listings:
            raise FeedUnavailable("the answer lists no perpetuals")
        return Symbols(self.id, listings, spot=spot_pairs(markets))

    async def _read_time(self) -> int:
        if not self._opened.has_time:
            return self._clock.now_ms()
        told = await self._opened.time_ms()
        if not isinstance(told, int) or told <= 0:
            raise FeedUnavailable("the answer holds no time")
        return told


def _connection_class() -> "type[Connection]":
    # ccxt costs 0.4 s and 70 MiB: in a thread, so that the table is drawn meanwhile,
    # and not at all for whoever only asks for help.
    from liqmon.exchange.connection import Connection  # noqa: PLC0415

    return Connection
