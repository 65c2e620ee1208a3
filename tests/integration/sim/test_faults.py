"""What each fault of the exchange looks like to ccxt, and what it does on the wire.

The expected outcomes are those measured with ccxt against servers of another make.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
import pytest

from liqmon.clock import SystemClock
from liqmon.sim.exchange_faults import FAULTS
from liqmon.sim.generated import START_MS, generated
from liqmon.sim.markets import Markets
from liqmon.sim.plan import FaultPlan
from liqmon.sim.server import SimServer

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BTC = "BTC/USDT:USDT"
KLINE = {
    "bybit": "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&limit=5",
    "binanceusdm": "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=5",
}


@pytest.fixture(scope="module")
def markets() -> Markets:
    return generated(1)


@asynccontextmanager
async def serving(markets: Markets, *faults: str) -> AsyncIterator[SimServer]:
    async with SimServer(
        markets=markets, clock=SystemClock(), plan=FaultPlan.parse(faults)
    ) as sim:
        yield sim


@asynccontextmanager
async def opened(venue: str, sim: SimServer) -> AsyncIterator[Any]:
    one = getattr(ccxt, venue)({"enableRateLimit": False, "timeout": 300})
    one.timeout_on_exit = 0
    one.urls["api"] = json.loads(
        json.dumps(one.urls["api"])
        .replace("https://api.{hostname}", sim.base_url)
        .replace("https://fapi.binance.com", sim.base_url)
    )
    try:
        yield one
    finally:
        await one.close()


async def outcome(venue: str, markets: Markets, fault: str) -> Any:
    """Return the rows that ccxt makes of the fault, or the error it raises."""
    async with (
        serving(markets, f"{fault}:BTCUSDT") as sim,
        opened(venue, sim) as exchange,
    ):
        # the fault is that of one market: the list of markets is in order
        await exchange.load_markets(
            params={"types": ["linear"]} if venue == "bybit" else {}
        )
        try:
            return await exchange.fetch_ohlcv(BTC, "1m", limit=5)
        except ccxt.BaseError as error:
            return error


RAISED: dict[str, tuple[type[Exception], type[Exception]]] = {
    "http-400": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "http-401": (ccxt.AuthenticationError, ccxt.AuthenticationError),
    "http-404": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "http-408": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "http-422": (ccxt.ExchangeError, ccxt.ExchangeError),
    "http-500": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "http-502": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "http-503": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "http-504": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "http-520": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "429": (ccxt.RateLimitExceeded, ccxt.DDoSProtection),
    "418": (ccxt.DDoSProtection, ccxt.DDoSProtection),
    "403": (ccxt.RateLimitExceeded, ccxt.ExchangeNotAvailable),
    "403-country": (ccxt.RateLimitExceeded, ccxt.ExchangeNotAvailable),
    "451": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "maintenance": (ccxt.ExchangeError, ccxt.OperationFailed),
    "truncated": (ccxt.ExchangeError, ccxt.ExchangeError),
    "bad-gzip": (ccxt.ExchangeError, ccxt.ExchangeError),
    "hang": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "slow": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "reset": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
}


@pytest.mark.parametrize("place", [0, 1], ids=["bybit", "binanceusdm"])
@pytest.mark.parametrize("fault", RAISED)
async def test_a_fault_raises_what_the_matrix_says(
    markets: Markets, fault: str, place: int
) -> None:
    found = await outcome(("bybit", "binanceusdm")[place], markets, fault)

    assert type(found) is RAISED[fault][place] or (
        isinstance(found, RAISED[fault][place])
        and RAISED[fault][place] is ccxt.OperationFailed
    ), found


# no exception, and nothing to be used: it takes a validation to notice
SILENT = ("http-524", "http-523", "html-200", "empty-200", "cut-json", "empty-rows")


@pytest.mark.parametrize("fault", SILENT)
async def test_a_broken_body_is_silent_on_bybit(markets: Markets, fault: str) -> None:
    assert await outcome("bybit", markets, fault) == []


@pytest.mark.parametrize("fault", SILENT[:5])
async def test_a_broken_body_is_rows_of_nothing_on_binance(
    markets: Markets, fault: str
) -> None:
    rows = await outcome("binanceusdm", markets, fault)

    assert isinstance(rows, list)
    assert all(None in row for row in rows)


@pytest.mark.parametrize("venue", KLINE)
async def test_candles_without_numbers(markets: Markets, venue: str) -> None:
    rows = await outcome(venue, markets, "null-rows")

    assert len(rows) == 5
    assert {cell for row in rows for cell in row[1:]} == {None}


@pytest.mark.parametrize("venue", KLINE)
@pytest.mark.parametrize(
    ("fault", "off_ms"), [("future", HOUR_MS), ("off-grid", 1_000)]
)
async def test_candles_of_another_time(
    markets: Markets, venue: str, fault: str, off_ms: int
) -> None:
    assert (await outcome(venue, markets, fault))[-1][0] == START_MS + off_ms


@pytest.mark.parametrize("venue", KLINE)
async def test_candles_without_a_price(markets: Markets, venue: str) -> None:
    rows = await outcome(venue, markets, "zero-price")

    assert {cell for row in rows for cell in row[1:5]} == {0.0}


async def rows_on_the_wire(markets: Markets, venue: str, fault: str) -> list[list[Any]]:
    """Return the rows as they come, oldest first: ccxt would sort them."""
    async with (
        serving(markets, fault) as sim,
        aiohttp.ClientSession() as session,
        session.get(sim.base_url + KLINE[venue]) as answer,
    ):
        found = await answer.json()
    return list(found["result"]["list"][::-1] if venue == "bybit" else found)


@pytest.mark.parametrize("venue", KLINE)
async def test_candles_out_of_order(markets: Markets, venue: str) -> None:
    rows = await rows_on_the_wire(markets, venue, "unordered")
    opened = [int(row[0]) for row in rows]

    assert opened != sorted(opened)
    assert len(set(opened)) == 5


@pytest.mark.parametrize("venue", KLINE)
async def test_a_candle_that_comes_twice(markets: Markets, venue: str) -> None:
    rows = await rows_on_the_wire(markets, venue, "duplicate")

    assert len(rows) == 6
    assert rows[-1] == rows[-2]


async def test_every_fault_is_tried_here() -> None:
    here = {*RAISED, *SILENT, "null-rows", "future", "off-grid", "zero-price"}
    here |= {"unordered", "duplicate", "stale", "redirect", "huge"}
    # pages like those above
    pages = {
        f"http-{status}" for status in (405, 409, 410, 501, 521, 522, 525, 526, 530)
    }

    assert here | pages == FAULTS


@pytest.mark.parametrize(("venue", "header"), [("bybit", None), ("binanceusdm", "3")])
async def test_only_binance_says_when_to_come_back(
    markets: Markets, venue: str, header: str | None
) -> None:
    async with (
        serving(markets, "429") as sim,
        aiohttp.ClientSession() as session,
        session.get(sim.base_url + KLINE[venue]) as answer,
    ):
        assert answer.status == 429
        assert answer.headers.get("Retry-After") == header


async def test_a_redirect_leads_to_another_host(markets: Markets) -> None:
    async with serving(markets, "redirect") as sim, aiohttp.ClientSession() as session:
        address = sim.base_url + KLINE["bybit"]
        async with session.get(address, allow_redirects=False) as answer:
            where = answer.headers["Location"]
        async with session.get(address) as followed:
            assert "ends here" in await followed.text()

    assert answer.status == 302
    assert where.startswith("http://localhost:")


async def test_a_huge_answer_has_fifty_megabytes(markets: Markets) -> None:
    size = 0
    async with (
        serving(markets, "huge") as sim,
        aiohttp.ClientSession() as session,
        session.get(sim.base_url + KLINE["bybit"]) as answer,
    ):
        async for chunk in answer.content.iter_any():
            size += len(chunk)

    assert size > 50 * 1024 * 1024


async def test_a_client_may_hang_up_on_a_huge_answer(markets: Markets) -> None:
    async with serving(markets, "huge") as sim, aiohttp.ClientSession() as session:
        async with session.get(sim.base_url + KLINE["bybit"]) as answer:
            await answer.content.read(10)
        # the server is none the worse for it
        async with session.get(f"{sim.base_url}/sim/truth") as other:
            assert other.status == 200
