"""The real ccxt, unchanged, against the embedded exchange."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import ccxt.async_support as ccxt
import pytest

from fakes import FakeClock
from liqmon.sim.generated import START_MS, generated
from liqmon.sim.server import SimServer

MINUTE_MS = 60_000
BTC = "BTC/USDT:USDT"
VENUES = ("bybit", "binanceusdm")

pytestmark = pytest.mark.parametrize("venue", VENUES)


def moved(urls: Any, base: str) -> Any:
    """Return ccxt's addresses with another host."""
    match urls:
        case dict():
            return {key: moved(value, base) for key, value in urls.items()}
        case str() if urls.startswith("https://"):
            return base + urlsplit(urls).path
        case _:
            return urls


@asynccontextmanager
async def opened(venue: str, sim: SimServer) -> AsyncIterator[Any]:
    exchange = getattr(ccxt, venue)({"enableRateLimit": False})
    exchange.timeout_on_exit = 0
    exchange.urls["api"] = moved(exchange.urls["api"], sim.base_url)
    try:
        yield exchange
    finally:
        await exchange.close()


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    clock = FakeClock()
    async with SimServer(markets=generated(1), clock=clock, speed=60) as server:
        # half an hour and twenty seconds of the exchange's time
        clock.push(30 + 1 / 3)
        yield server


@pytest.fixture
async def exchange(venue: str, sim: SimServer) -> AsyncIterator[Any]:
    async with opened(venue, sim) as one:
        yield one


async def test_the_markets_are_perpetuals(exchange: Any) -> None:
    markets = await exchange.load_markets()

    assert set(markets) == {f"{b}/USDT:USDT" for b in ("BTC", "ETH", "SOL", "XRP")}
    assert markets[BTC]["swap"]
    assert markets[BTC]["linear"]
    assert markets[BTC]["active"]
    assert markets[BTC]["contractSize"] == 1
    assert markets[BTC]["precision"]["price"] == pytest.approx(0.1)


async def test_the_time_is_the_exchanges(exchange: Any, sim: SimServer) -> None:
    assert await exchange.fetch_time() == sim.now_ms() == START_MS + 1_820_000


@pytest.mark.parametrize(
    ("timeframe", "minutes"), [("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60)]
)
async def test_candles_are_the_newest_and_end_with_the_forming_one(
    exchange: Any, timeframe: str, minutes: int
) -> None:
    rows = await exchange.fetch_ohlcv(BTC, timeframe, limit=20)
    newest = START_MS + 30 // minutes * minutes * MINUTE_MS

    assert [row[0] for row in rows] == [
        newest - back * minutes * MINUTE_MS for back in range(19, -1, -1)
    ]
    for _, opens, high, low, close, volume in rows:
        assert low <= min(opens, close) <= max(opens, close) <= high
        assert volume > 0


async def test_minutes_are_the_generated_ones(exchange: Any, sim: SimServer) -> None:
    rows = await exchange.fetch_ohlcv(BTC, "1m", limit=30)
    bars = sim.markets.by_symbol["BTCUSDT"].tape.bars
    kept = bars.rows((bars.open_ms >= rows[0][0]).nonzero()[0][:29])

    assert [row[1:] for row in rows[:-1]] == [
        list(cells)
        for cells in zip(
            kept.open.tolist(),
            kept.high.tolist(),
            kept.low.tolist(),
            kept.close.tolist(),
            kept.volume.tolist(),
            strict=True,
        )
    ]


async def test_the_past_is_served_from_a_moment_on(exchange: Any) -> None:
    since = START_MS - 72 * 60 * MINUTE_MS
    rows = await exchange.fetch_ohlcv(BTC, "5m", since=since, limit=900)

    assert [row[0] for row in rows[:2]] == [since, since + 5 * MINUTE_MS]
    # 72 hours, half an hour and the forming one
    assert len(rows) == 72 * 12 + 7


async def test_a_cascade_reaches_the_client(exchange: Any, sim: SimServer) -> None:
    cascade = sim.truth.cascades[0]
    rows = await exchange.fetch_ohlcv(BTC, "1m", limit=40)
    fall = [row for row in rows if cascade.first_ms <= row[0] <= cascade.last_ms]

    assert cascade.symbol == "BTCUSDT"
    assert (fall[0][1], fall[-1][4]) == (cascade.price_from, cascade.price_to)


async def test_open_interest_funding_and_tickers(exchange: Any) -> None:
    interest = await exchange.fetch_open_interest(BTC)
    funding = await exchange.fetch_funding_rate(BTC)
    tickers = await exchange.fetch_tickers()

    assert interest["openInterestAmount"] > 1_000
    assert funding["fundingRate"] == pytest.approx(0.0001)
    assert len(tickers) == 4
    assert tickers[BTC]["last"] > 1_000
    assert tickers[BTC]["quoteVolume"] > 1e8


async def test_the_headers_tell_how_much_is_left(exchange: Any, venue: str) -> None:
    await exchange.fetch_time()
    found = {key.lower(): text for key, text in exchange.last_response_headers.items()}

    if venue == "bybit":
        assert found["x-bapi-limit-status"] == "599"
    else:
        assert found["x-mbx-used-weight-1m"] == "1"


async def test_an_unknown_symbol_or_interval_is_refused(exchange: Any) -> None:
    await exchange.load_markets()
    # ccxt passes on what it does not know, as the venue's own words
    with pytest.raises((ccxt.BadRequest, ccxt.BadSymbol)):
        await exchange.fetch_ohlcv(BTC, "7m")


async def test_who_asks_too_often_is_refused(exchange: Any, venue: str) -> None:
    await exchange.load_markets()
    if venue == "bybit":
        with pytest.raises(ccxt.RateLimitExceeded, match="access too frequent"):
            await asked(601, exchange.fetch_time)
    else:
        with pytest.raises(ccxt.DDoSProtection, match="Too many requests"):
            # each costs 40 of 2400
            await asked(61, exchange.fetch_tickers)


async def asked(times: int, call: Callable[[], Awaitable[object]]) -> None:
    for _ in range(times):
        await call()
