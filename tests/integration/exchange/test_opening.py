"""Opening, asking and closing an exchange, with real ccxt and real HTTP."""

import asyncio
import subprocess
import sys

import pytest
from aiohttp import web

from fakes import FakeClock
from liqmon.core.events import FeedChanged, FeedState, Retrying
from liqmon.errors import (
    ConfigError,
    FeedBlocked,
    FeedCooling,
    FeedError,
    FeedUnavailable,
    UnknownSymbol,
)
from liqmon.exchange.connection import Connection
from liqmon.exchange.retry import RetryPolicy
from loopback import Bybit, page, rigged, serving, until


@pytest.mark.parametrize("exchange_id", ["bybit", "binanceusdm", "okx", "bitget"])
async def test_markets_time_and_candles_of_each_venue(exchange_id: str) -> None:
    async with rigged(exchange_id) as rig:
        now_ms = await rig.exchange.now_ms()
        candles = await rig.candles(now_ms=now_ms)

        assert rig.market.key == f"{exchange_id}:BTC/USDT:USDT"
        assert len(candles) == 45
        assert candles.open_ms[-1] == now_ms // 60_000 * 60_000
        assert candles.volume[-1] == 7.0
        assert rig.exchange.call_s > 0
        assert rig.events == []


async def test_candles_from_a_moment_on_need_not_reach_up_to_now() -> None:
    async with rigged() as rig:
        since_ms = rig.clock.now_ms() // 60_000 * 60_000 - 86_400_000
        candles = await rig.candles(since_ms=since_ms)

        assert candles.open_ms[0] == since_ms
        assert len(candles) == 45


async def test_no_more_rows_are_asked_for_than_one_call_gives() -> None:
    async with rigged() as rig:
        await rig.candles(limit=5_000)

        assert rig.server.queries[-1]["limit"] == "1000"


async def test_a_young_market_has_what_it_has() -> None:
    async with rigged() as rig:
        rig.server.venue.listed_ms = rig.clock.now_ms() - 15 * 60_000

        assert len(await rig.candles()) == 15


async def test_an_exchange_that_is_down_can_be_opened_later_and_is_told_back() -> None:
    async with rigged(opened=False) as rig:
        rig.server.always(Bybit.MARKETS, page(503))
        for _ in range(4):
            with pytest.raises(FeedUnavailable, match="HTTP 503"):
                await rig.exchange.open()
        assert rig.told(FeedChanged) == []
        rig.server.always(Bybit.MARKETS, None)
        await rig.exchange.open()

        assert rig.states() == [FeedState.OK]
        assert len(await rig.candles()) == 45


async def test_a_page_instead_of_the_markets_is_retried() -> None:
    async with rigged(opened=False) as rig:
        rig.server.fault(Bybit.MARKETS, *[page(200)] * 4)
        await rig.exchange.open()

        (retrying,) = rig.told(Retrying)
        assert (retrying.symbol, retrying.error) == (
            "",
            "the answer lists no perpetuals",
        )
        assert rig.states() == [FeedState.OK]
        assert rig.market.base == "BTC"


@pytest.mark.parametrize(
    ("exchange_id", "status", "error"),
    [("bybit", 429, FeedCooling), ("binanceusdm", 451, FeedBlocked)],
)
async def test_a_refusal_at_opening_is_raised_and_not_told(
    exchange_id: str, status: int, error: type[FeedError]
) -> None:
    async with rigged(exchange_id, opened=False) as rig:
        rig.server.always(rig.server.venue.MARKETS, page(status))

        with pytest.raises(error):
            await rig.exchange.open()
        assert rig.events == []


async def test_a_session_that_died_between_openings_is_healed() -> None:
    async with rigged() as rig:
        await rig.exchange.lose_session()
        await rig.exchange.open()

        assert rig.market.base == "BTC"


async def test_an_unknown_exchange_is_the_users_error() -> None:
    async with rigged("bibit", opened=False) as rig:
        with pytest.raises(ConfigError, match="no exchange is called 'bibit'"):
            await rig.exchange.open()


async def test_an_unknown_symbol_is_the_users_error() -> None:
    async with rigged() as rig:
        with pytest.raises(UnknownSymbol) as caught:
            rig.exchange.market("BTCUSTD")

        assert caught.value.suggestions[0] == "BTCUSDT"


async def test_a_coin_listed_by_the_thousand_is_announced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with rigged(bases=("BTC", "1000PEPE")) as rig:
        assert rig.exchange.market("PEPEUSDT").base == "1000PEPE"
    assert [record.message for record in caplog.records] == [
        "PEPEUSDT: 1000PEPE is what bybit lists: prices are those of 1000 PEPE"
    ]


async def test_few_calls_are_under_way_at_once_and_the_others_wait_their_turn() -> None:
    busy, most = 0, 0
    go = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await go.wait()
        busy -= 1
        return await rig.server.venue.routes()[Bybit.CANDLES](request)

    async with rigged(timeout_s=5.0) as rig, asyncio.TaskGroup() as tasks:
        rig.always(slow)
        calls = [tasks.create_task(rig.candles()) for _ in range(30)]
        await until(lambda: busy == 10)
        go.set()

        assert [len(await call) for call in calls] == [45] * 30
        assert most == 10


async def test_switched_off_a_dead_session_costs_one_cycle_and_no_more() -> None:
    async with rigged(policy=RetryPolicy(enabled=False)) as rig:
        await rig.exchange.lose_session()
        with pytest.raises(FeedUnavailable):
            await rig.candles()

        assert rig.told(Retrying) == []
        assert len(await rig.candles()) == 45


async def test_a_retry_for_the_exchange_itself_is_told_back_when_it_worked() -> None:
    async with rigged() as rig:
        rig.server.fault(Bybit.TIME, page(503))
        await rig.exchange.now_ms()
        await rig.exchange.now_ms()

        assert [event.symbol for event in rig.told(Retrying)] == [""]
        assert rig.states() == [FeedState.OK]


class NoisyConnector:
    """A connector whose teardown fails."""

    async def close(self) -> None:
        raise OSError("Event loop is closed, or some such")


async def test_a_noisy_teardown_is_nobodys_trouble() -> None:
    async with rigged() as rig:
        session = rig.ccxt.session
        rig.ccxt.tcp_connector = NoisyConnector()
        await rig.exchange.close()

        assert session.closed


async def test_a_body_can_be_looked_at_twice() -> None:
    async with serving(Bybit(FakeClock().now_ms)) as server:
        connection = Connection(
            "bybit", clock=FakeClock(), base_url=server.url, timeout_s=1.0
        )
        async with connection._session.get(server.url + Bybit.TIME) as response:
            assert await response.read() == await response.read() != b""
        await connection.close()


def test_ccxt_is_not_imported_before_an_exchange_is_opened() -> None:
    code = (
        "import sys, liqmon.exchange.client;"
        "sys.exit(any(name.startswith('ccxt') for name in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], check=False
    )

    assert done.returncode == 0
