"""The failure matrix of ccxt: each row once, with real ccxt and real HTTP."""

import asyncio
import gc
import gzip
import socket
from dataclasses import dataclass, field

import aiohttp
import ccxt.async_support as ccxt
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fakes import FakeClock
from liqmon.core.events import FeedChanged, FeedState, GaveUp, Healed, Retrying
from liqmon.errors import (
    FeedBlocked,
    FeedCooling,
    FeedError,
    FeedRejected,
    FeedUnavailable,
)
from liqmon.exchange.connection import Connection
from liqmon.exchange.faults import judge
from liqmon.exchange.verdict import Action
from loopback import (
    Binance,
    Bybit,
    Okx,
    Reply,
    drip as dripping,
    gone,
    json_reply,
    page,
    raw,
    redirect,
    rigged,
    serving,
    silence,
    text_reply,
    until,
)


@dataclass
class HeldClock(FakeClock):
    """Sleeps until let go."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    sleepers: int = 0

    async def sleep(self, seconds: float) -> None:
        self.sleepers += 1
        await self.go.wait()
        await super().sleep(seconds)


class NoSuchHost(AbstractResolver):
    """A resolver for which no name exists."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def close(self) -> None:
        pass


# lifecycle


async def test_row_a_a_closed_session_is_rebuilt_and_the_call_made_again() -> None:
    async with rigged() as rig:
        await rig.ccxt.session.close()

        assert len(await rig.candles()) == 45
        assert [event.symbol for event in rig.told(Healed)] == ["BTC/USDT:USDT"]
        assert [event.attempt for event in rig.told(Retrying)] == [2]
        assert rig.told(GaveUp) == []
        assert len(await rig.candles()) == 45


async def test_row_a_healing_is_followed_by_the_two_second_wait() -> None:
    async with rigged() as rig:
        await rig.exchange.lose_session()
        await rig.candles()

        (retrying,) = rig.told(Retrying)
        assert 1.6 <= retrying.wait_s <= 2.4


async def test_row_a_prime_a_session_ccxt_was_given_dies_alike() -> None:
    session = aiohttp.ClientSession()
    exchange = ccxt.bybit({"session": session})
    await session.close()

    with pytest.raises(RuntimeError, match="Session is closed") as caught:
        await exchange.fetch_time()
    await exchange.close()

    assert judge(caught.value, exchange="bybit").action is Action.HEAL


async def test_row_a_second_a_session_ccxt_was_given_and_dropped_is_missing() -> None:
    session = aiohttp.ClientSession()
    exchange = ccxt.bybit({"session": session})
    exchange.timeout_on_exit = 0
    await exchange.close()
    exchange.open()

    with pytest.raises(AttributeError) as caught:
        await exchange.fetch_time()
    await exchange.close()
    await session.close()

    assert judge(caught.value, exchange="bybit").action is Action.HEAL


async def test_row_a_second_a_missing_session_is_replaced() -> None:
    async with rigged() as rig:
        await rig.ccxt.session.close()
        rig.ccxt.own_session = False
        rig.ccxt.session = None

        assert len(await rig.candles()) == 45
        rig.ccxt.own_session = True


async def test_row_b_a_closed_connector_is_healed() -> None:
    async with rigged() as rig:
        await rig.ccxt.session.connector.close()

        assert len(await rig.candles()) == 45
        assert len(rig.told(Healed)) == 1


@pytest.mark.parametrize("victim", ["connector", "session", "exchange"])
async def test_row_b_prime_what_is_closed_in_flight_is_healed(victim: str) -> None:
    async with rigged(timeout_s=5.0) as rig, asyncio.TaskGroup() as tasks:
        rig.fault(silence)
        call = tasks.create_task(rig.candles())
        await until(lambda: rig.candle_requests == 1)
        match victim:
            case "connector":
                await rig.ccxt.session.connector.close()
            case "session":
                await rig.ccxt.session.close()
            case _:
                await rig.ccxt.close()

        assert len(await call) == 45
        assert len(rig.told(Healed)) == 1


async def test_row_b_second_a_call_waiting_for_a_connection_is_not_cancelled() -> None:
    async with rigged(timeout_s=0.8) as rig, asyncio.TaskGroup() as tasks:
        connector = rig.ccxt.session.connector
        connector._limit = 1
        rig.always(silence)
        # loading the markets left some connections to be used again
        calls = [tasks.create_task(rig.candles()) for _ in range(5)]
        await until(lambda: bool(connector._waiters))
        rig.always(None)
        await connector.close()

        assert [len(await call) for call in calls] == [45] * 5
        assert len(rig.told(Healed)) == 1


async def test_row_c0_a_call_queued_for_the_rate_limit_survives_a_close() -> None:
    clock = HeldClock()
    clock.go.set()
    async with rigged(clock=clock) as rig, asyncio.TaskGroup() as tasks:
        clock.go.clear()
        sleepers = clock.sleepers
        call = tasks.create_task(rig.candles())
        await until(lambda: clock.sleepers > sleepers)
        await rig.ccxt.close()
        clock.go.set()

        assert len(await call) == 45
        assert len(rig.told(Healed)) == 1


async def test_row_c0_a_call_queued_when_liqmon_shuts_down_opens_nothing() -> None:
    clock = HeldClock()
    clock.go.set()
    async with rigged(clock=clock) as rig, asyncio.TaskGroup() as tasks:
        clock.go.clear()
        sleepers = clock.sleepers
        call = tasks.create_task(refused(rig.candles()))
        await until(lambda: clock.sleepers > sleepers)
        await rig.exchange.close()
        clock.go.set()

        assert "closed" in await call
        assert rig.ccxt.session is None
        assert rig.candle_requests == 0
        assert rig.events == []


async def refused(answer: object) -> str:
    """Return the text of the FeedError that awaiting raises."""
    with pytest.raises(FeedError) as caught:
        await answer  # type: ignore[misc]
    return str(caught.value)


async def test_row_c1_a_call_after_ccxt_was_closed_is_healed() -> None:
    async with rigged() as rig:
        await rig.ccxt.close()

        assert len(await rig.candles()) == 45
        assert not rig.ccxt.session.closed


async def test_row_c1_after_liqmons_own_close_nothing_is_opened_again() -> None:
    async with rigged() as rig:
        await rig.exchange.close()
        await rig.exchange.close()

        with pytest.raises(FeedError, match="has been closed"):
            await rig.candles()
        assert rig.ccxt.session is None
        assert rig.candle_requests == 0


def test_row_i_an_exchange_of_another_event_loop_is_fatal() -> None:
    made: list[Connection] = []

    async def first() -> None:
        async with serving(Bybit(FakeClock().now_ms)) as server:
            made.append(
                Connection(
                    "bybit", clock=FakeClock(), base_url=server.url, timeout_s=0.3
                )
            )
            await made[0].markets()
            # keep a connection of this loop in the pool
            assert made[0]._session.connector is not None

    async def second() -> Action:
        with pytest.raises(RuntimeError) as caught:
            await made[0].time_ms()
        return made[0].verdict(caught.value).action

    asyncio.run(first())
    action = asyncio.run(second())
    asyncio.run(made[0].close())

    assert action is Action.FATAL


# transport


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_row_c_a_connection_lost_before_any_byte_is_retried(reset: bool) -> None:
    async with rigged() as rig:
        # aiohttp itself repeats a GET once on a connection that it had kept
        rig.fault(gone(reset=reset), gone(reset=reset))

        assert len(await rig.candles()) == 45
        (retrying,) = rig.told(Retrying)
        assert retrying.error == "disconnected before an answer"


BODY = b'{"retCode":0,"result":{"list":['
GZIP = "Content-Type: application/json\r\nContent-Encoding: gzip"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(raw("Content-Length: 5000", BODY), id="FIN mid-body"),
        pytest.param(
            raw("Transfer-Encoding: chunked", b"1000\r\n" + BODY), id="FIN mid-chunk"
        ),
        pytest.param(
            gone(
                after=b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + BODY,
                reset=True,
            ),
            id="RST mid-body",
        ),
        pytest.param(
            raw(f"{GZIP}\r\nContent-Length: 31", b"\x1f\x8b" + b"no gzip" * 5),
            id="bad gzip",
        ),
    ],
)
async def test_row_c_a_broken_connection_is_retried(reply: Reply) -> None:
    async with rigged() as rig:
        rig.fault(reply)

        assert len(await rig.candles()) == 45
        assert len(rig.told(Retrying)) == 1
        assert rig.told(Healed) == []


async def test_row_d_a_name_that_cannot_be_resolved_is_retried() -> None:
    async with rigged() as rig:
        rig.ccxt.session.connector._resolver = NoSuchHost()
        public = rig.ccxt.urls["api"]["public"]
        rig.ccxt.urls["api"]["public"] = "http://exchange.invalid"

        with pytest.raises(FeedUnavailable, match="cannot be resolved"):
            await rig.candles()
        rig.ccxt.urls["api"]["public"] = public

        assert len(rig.told(Retrying)) == 2
        assert len(await rig.candles()) == 45


async def test_row_d_a_refused_connection_is_retried() -> None:
    async with rigged(base_url=f"http://127.0.0.1:{free_port()}", opened=False) as rig:
        with pytest.raises(FeedUnavailable, match="cannot connect"):
            await rig.exchange.open()

        assert len(rig.told(Retrying)) == 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_row_d_tls_to_a_plain_port_is_retried() -> None:
    async with serving(Bybit(FakeClock().now_ms)) as plain:
        base_url = plain.url.replace("http:", "https:")
        async with rigged(base_url=base_url, opened=False) as rig:
            with pytest.raises(FeedUnavailable, match="cannot connect"):
                await rig.exchange.open()

            assert len(rig.told(Retrying)) == 2


@pytest.mark.parametrize("reply", [silence, dripping], ids=["hang", "slow drip"])
async def test_row_e_a_call_without_an_answer_in_time_is_retried(reply: Reply) -> None:
    async with rigged() as rig:
        rig.fault(reply)

        assert len(await rig.candles()) == 45
        (retrying,) = rig.told(Retrying)
        assert retrying.error == "no answer in time"


async def test_row_redirect_loop_is_fatal() -> None:
    async with rigged() as rig:
        rig.always(redirect(Bybit.CANDLES))

        with pytest.raises(FeedUnavailable, match="address is wrong"):
            await rig.candles()
        assert rig.told(Retrying) == []
        assert rig.states() == ["unavailable"]


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1"])
async def test_row_bad_url_or_scheme_is_fatal(url: str) -> None:
    async with rigged() as rig:
        rig.ccxt.urls["api"]["public"] = url

        with pytest.raises(FeedUnavailable, match="address is wrong"):
            await rig.candles()
        assert rig.told(Retrying) == []


async def test_row_redirect_to_another_host_is_refused() -> None:
    async with serving(Bybit(FakeClock().now_ms)) as other, rigged() as rig:
        rig.always(redirect(other.url + Bybit.CANDLES))

        with pytest.raises(FeedUnavailable, match="redirect to another host"):
            await rig.candles()
        assert other.requests == []


# limits and refusals


@pytest.mark.parametrize(
    ("exchange_id", "reply"),
    [
        pytest.param("bybit", Bybit.error(10006, "Too many visits!"), id="bybit 10006"),
        pytest.param(
            "bybit", Bybit.error(10006, "Too many", status=429), id="bybit 10006 as 429"
        ),
        pytest.param("bybit", Bybit.error(10018, "ip limit"), id="bybit 10018"),
        pytest.param("bybit", page(403), id="bybit 403"),
        pytest.param("binanceusdm", Binance.error(-1003, status=429), id="binance 429"),
        pytest.param("binanceusdm", Binance.error(-1003, status=418), id="binance 418"),
        pytest.param("okx", Okx.error("50011", "Too Many Requests"), id="okx 50011"),
        pytest.param("okx", page(429), id="okx HTML 429"),
        pytest.param("bitget", page(429), id="bitget 429"),
    ],
)
async def test_row_f_a_rate_limit_cools_the_whole_exchange_down(
    exchange_id: str, reply: Reply
) -> None:
    async with rigged(exchange_id) as rig:
        rig.always(reply)

        with pytest.raises(FeedCooling) as caught:
            await rig.candles()
        assert caught.value.wait_s > 0
        with pytest.raises(FeedCooling):
            await rig.candles("ETHUSDT")
        assert rig.candle_requests == 1
        assert rig.states() == ["cooling"]
        assert rig.told(Retrying) == []


async def test_row_f_a_403_of_bybit_pauses_for_ten_minutes() -> None:
    async with rigged() as rig:
        rig.fault(page(403))
        with pytest.raises(FeedCooling) as caught:
            await rig.candles()

        assert caught.value.wait_s == 600


GEO = "The distribution is configured to block access from your country."


@pytest.mark.parametrize(
    ("exchange_id", "reply"),
    [
        pytest.param("binanceusdm", page(451), id="451"),
        pytest.param(
            "binanceusdm",
            Binance.error(0, "Service unavailable from a restricted location"),
            id="binance restricted location",
        ),
        pytest.param("binanceusdm", page(403), id="binance 403"),
        pytest.param("okx", page(403), id="okx 403"),
        pytest.param("bitget", page(403), id="bitget 403"),
        pytest.param("bybit", text_reply(GEO, status=403), id="bybit 403 geo"),
        pytest.param("bybit", Bybit.error(10024, "compliance"), id="bybit 10024"),
    ],
)
async def test_row_g_a_refused_host_is_told_once_and_never_asks_again(
    exchange_id: str, reply: Reply
) -> None:
    async with rigged(exchange_id) as rig:
        rig.fault(reply)

        for text in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
            with pytest.raises(FeedBlocked, match="try --exchange"):
                await rig.candles(text)
            rig.clock.push(3600)
        assert rig.candle_requests == 1
        assert rig.told(FeedChanged) == rig.events
        assert rig.states() == ["blocked"]


async def test_row_g_the_words_name_exchange_status_and_a_way_out() -> None:
    async with rigged("binanceusdm") as rig:
        rig.fault(page(451))

        with pytest.raises(FeedBlocked) as caught:
            await rig.candles()
        assert str(caught.value) == (
            "binanceusdm is not available from this country (HTTP 451); "
            "try --exchange bybit, or a host in another region"
        )


# requests


async def test_row_h_a_market_ccxt_does_not_know_is_fatal_for_it_alone() -> None:
    async with rigged() as rig:
        market = rig.market
        rig.ccxt.markets.pop(market.symbol)
        rig.ccxt.markets_by_id.clear()

        with pytest.raises(FeedRejected, match="unknown there"):
            await rig.exchange.candles(
                market, "1m", limit=45, now_ms=rig.clock.now_ms()
            )
        assert rig.candle_requests == 0


@pytest.mark.parametrize(
    ("exchange_id", "reply"),
    [
        pytest.param(
            "binanceusdm", Binance.error(-1121, "Invalid symbol."), id="binance -1121"
        ),
        pytest.param("okx", Okx.error("51001", "does not exist"), id="okx 51001"),
        pytest.param("bybit", Bybit.error(10001, "params error"), id="bybit 10001"),
        pytest.param("bybit", page(400), id="400"),
        pytest.param("bybit", page(404), id="404"),
        pytest.param("bybit", page(405), id="405"),
        pytest.param("bybit", page(409), id="409"),
        pytest.param("bybit", page(410), id="410"),
        pytest.param("bybit", page(422), id="422"),
    ],
)
async def test_row_h_a_wrong_request_is_fatal_for_its_market_alone(
    exchange_id: str, reply: Reply
) -> None:
    async with rigged(exchange_id) as rig:
        rig.fault(reply)

        with pytest.raises(FeedRejected):
            await rig.candles()
        assert rig.events == []
        assert len(await rig.candles("ETHUSDT")) == 45


@pytest.mark.parametrize("status", [401, 407, 511])
async def test_row_401_refused_access_is_not_repeated(status: int) -> None:
    async with rigged() as rig:
        rig.fault(page(status))

        with pytest.raises(FeedUnavailable, match="access is refused"):
            await rig.candles()
        assert rig.candle_requests == 1
        assert rig.told(Retrying) == []
        assert rig.states() == ["unavailable"]


async def test_row_h_a_timeframe_ccxt_would_pass_on_unchecked_is_never_sent() -> None:
    async with rigged() as rig:
        with pytest.raises(KeyError):
            await rig.exchange.candles(
                rig.market, "7m", limit=45, now_ms=rig.clock.now_ms()
            )
        assert rig.server.requests == []


# server errors and bodies


@pytest.mark.parametrize(
    "status",
    [500, 501, 502, 503, 520, 521, 522, 525, 526, 530, 504, 408, 523, 524, 527],
)
async def test_row_k_a_server_error_is_retried(status: int) -> None:
    async with rigged() as rig:
        rig.fault(page(status))

        assert len(await rig.candles()) == 45
        assert len(rig.told(Retrying)) == 1


@pytest.mark.parametrize(
    ("exchange_id", "reply"),
    [
        pytest.param("bybit", Bybit.error(10000, "Server Timeout"), id="bybit 10000"),
        pytest.param("bybit", Bybit.error(10016, "Server error"), id="bybit 10016"),
        pytest.param(
            "binanceusdm",
            Binance.error(-1001, "disconnected", status=503),
            id="binance -1001",
        ),
        pytest.param("okx", Okx.error("50001", "unavailable"), id="okx 50001"),
        pytest.param("okx", Okx.error("50013", "busy"), id="okx 50013"),
        pytest.param("okx", Okx.error("50026", "system error"), id="okx 50026"),
        pytest.param("bitget", page(500), id="bitget 500"),
    ],
)
async def test_row_k_an_exchange_that_says_it_is_in_trouble_is_retried(
    exchange_id: str, reply: Reply
) -> None:
    async with rigged(exchange_id) as rig:
        rig.fault(reply)

        assert len(await rig.candles()) == 45
        assert len(rig.told(Retrying)) == 1


@pytest.mark.parametrize("exchange_id", ["bybit", "binanceusdm", "okx", "bitget"])
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(text_reply('{"retCode":0', kind="application/json"), id="cut"),
        pytest.param(text_reply("{]", kind="application/json"), id="malformed"),
        pytest.param(page(200), id="HTML"),
        pytest.param(text_reply("", kind="application/json"), id="empty"),
    ],
)
async def test_row_j_a_body_that_is_no_data_is_retried(
    exchange_id: str, reply: Reply
) -> None:
    async with rigged(exchange_id) as rig:
        rig.fault(reply)

        assert len(await rig.candles()) == 45
        assert len(rig.told(Retrying)) == 1


# all of it together


async def test_a_closed_session_under_twenty_markets_is_healed_for_all_of_them() -> (
    None
):
    bases = [f"C{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
    async with rigged(bases=bases, timeout_s=5.0) as rig:
        for _ in range(3):
            await rig.exchange.lose_session()
            async with asyncio.TaskGroup() as tasks:
                calls = [
                    tasks.create_task(rig.candles(f"{base}USDT")) for base in bases
                ]

            assert [len(call.result()) for call in calls] == [45] * 20
        assert rig.told(GaveUp) == []
        assert rig.states() == []
        assert 3 <= len(rig.told(Healed)) <= 6
    gc.collect()  # an "Unclosed client session" is an error here


async def test_a_market_that_gives_up_says_so_and_touches_no_other() -> None:
    async with rigged() as rig:
        rig.fault(*[page(200)] * 3)

        with pytest.raises(FeedUnavailable):
            await rig.candles()
        assert len(await rig.candles("ETHUSDT")) == 45
        (gave_up,) = rig.told(GaveUp)
        assert (gave_up.symbol, gave_up.attempts) == ("BTC/USDT:USDT", 3)
        assert rig.states() == []


def test_the_garbage_called_gzip_is_no_gzip() -> None:
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(b"\x1f\x8b" + b"no gzip" * 5)


async def test_the_exchange_is_told_back_when_it_answers_again() -> None:
    async with rigged() as rig:
        rig.always(json_reply({"retCode": 10006, "retMsg": "", "result": {}}))
        with pytest.raises(FeedCooling):
            await rig.candles()
        rig.always(None)
        rig.clock.push(6)
        await rig.exchange.now_ms()

        assert rig.states() == [FeedState.COOLING, FeedState.OK]
