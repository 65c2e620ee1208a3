import asyncio
from typing import Any

import aiohttp
import pytest

from fakes import FakeClock
from liqmon.clock import SystemClock
from liqmon.errors import UserError
from liqmon.sim.generated import START_MS, generated
from liqmon.sim.markets import Markets
from liqmon.sim.plan import FaultPlan
from liqmon.sim.server import SimServer
from tapes import MIDNIGHT_MS, MINUTE_MS, bars, markets

AGENT = {"User-Agent": "DiscordBot (https://example.org/tests, 1)"}
TIME = "/fapi/v1/time"


@pytest.fixture(scope="module")
def made() -> Markets:
    return generated(1)


async def got(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


async def test_it_says_where_it_is_and_what_it_has(made: Markets) -> None:
    async with SimServer(markets=made, clock=FakeClock(), speed=30) as sim:
        ready = sim.ready()

        assert ready == {
            "schema": 1,
            "event": "ready",
            "base_url": sim.base_url,
            "webhook_url": sim.webhook_url,
            "venues": ["bybit", "binanceusdm"],
            "symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"],
            "timeframe": "1m",
            "start_ms": START_MS,
            "end_ms": START_MS + 48 * 3_600_000,
            "speed": 30,
        }
        assert sim.base_url.startswith("http://127.0.0.1:")


async def test_exchange_time_runs_faster_than_the_clock(made: Markets) -> None:
    clock = FakeClock()
    async with SimServer(markets=made, clock=clock, speed=30) as sim:
        before = (await got(sim.base_url + TIME))["serverTime"]
        clock.push(2.5)
        after = (await got(sim.base_url + TIME))["serverTime"]

    assert (before, after) == (START_MS, START_MS + 75_000)


async def test_time_begins_on_entering_and_where_it_is_told_to(made: Markets) -> None:
    clock = FakeClock()
    sim = SimServer(markets=made, clock=clock, start_ms=START_MS - 60_000)
    clock.push(1_000)
    async with sim:
        assert sim.now_ms() == START_MS - 60_000


async def test_what_was_asked_is_remembered(made: Markets) -> None:
    clock = FakeClock()
    plan = FaultPlan.parse(["http-503@5+5:BTCUSDT"])
    async with SimServer(markets=made, clock=clock, plan=plan) as sim:
        clock.push(6)
        await got(sim.base_url + TIME)
        async with aiohttp.ClientSession() as session:
            for symbol in ("BTCUSDT", "ETHUSDT"):
                query = {"symbol": symbol}
                url = f"{sim.base_url}/fapi/v1/openInterest"
                async with session.get(url, params=query) as answer:
                    await answer.read()

    assert [(one.path, one.query, one.at_s, one.fault) for one in sim.requests] == [
        (TIME, {}, 6.0, None),
        ("/fapi/v1/openInterest", {"symbol": "BTCUSDT"}, 6.0, "http-503"),
        ("/fapi/v1/openInterest", {"symbol": "ETHUSDT"}, 6.0, None),
    ]


async def test_stale_candles_stop_while_time_goes_on(made: Markets) -> None:
    clock = FakeClock()
    plan = FaultPlan.parse(["stale@120+600"])
    async with SimServer(markets=made, clock=clock, plan=plan) as sim:
        url = f"{sim.base_url}/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1"
        seen = []
        for _ in range(3):
            clock.push(119)
            rows, time = await got(url), await got(sim.base_url + TIME)
            seen.append((rows[0][0] - START_MS, time["serverTime"] - START_MS))

    assert seen == [(60_000, 119_000), (120_000, 238_000), (120_000, 357_000)]


async def test_the_truth_can_be_asked_for(made: Markets) -> None:
    async with SimServer(markets=made, clock=FakeClock()) as sim:
        found = await got(f"{sim.base_url}/sim/truth")

        assert found == {"now_ms": START_MS, **sim.truth.as_json()}
        assert found["known"]
        assert found["cascades"][0]["symbol"] == "BTCUSDT"


async def test_discord_is_behind_the_same_port(made: Markets) -> None:
    clock = FakeClock()
    plan = FaultPlan.parse(["discord-500@10+5"])
    statuses = []
    async with (
        SimServer(markets=made, clock=clock, plan=plan) as sim,
        aiohttp.ClientSession(headers=AGENT) as session,
    ):
        url = sim.webhook_url.replace("https://discord.com", sim.base_url)
        for _ in range(3):
            async with session.post(url, json={"content": "x"}) as answer:
                statuses.append(answer.status)
            clock.push(6)

        assert statuses == [204, 204, 500]
        assert len(sim.discord.requests) == 3
        assert len(sim.discord.messages) == 2


async def test_other_addresses_are_not_there(made: Markets) -> None:
    async with (
        SimServer(markets=made, clock=FakeClock()) as sim,
        aiohttp.ClientSession() as session,
    ):
        for path in ("/", "/v5/order/create", "/fapi/v1/order"):
            async with session.get(sim.base_url + path) as answer:
                assert answer.status == 404


async def test_a_request_that_hangs_does_not_hold_up_the_end(made: Markets) -> None:
    plan = FaultPlan.parse(["hang"])
    async with aiohttp.ClientSession() as session:
        sim = SimServer(markets=made, clock=SystemClock(), plan=plan)
        async with asyncio.timeout(8), sim, asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_failed(session, sim.base_url + TIME))
            while not sim.requests:  # noqa: ASYNC110 - nothing tells of an arrival
                await asyncio.sleep(0.01)
            await sim.__aexit__(None, None, None)

    assert waiting.result()


async def _failed(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            await answer.read()
    except aiohttp.ClientError:
        return True
    return False


async def test_a_port_in_use_is_an_error_of_the_user(made: Markets) -> None:
    async with SimServer(markets=made, clock=FakeClock()) as sim:
        port = int(sim.base_url.rpartition(":")[2])
        with pytest.raises(
            UserError, match=f"cannot listen on port {port}: address already"
        ):
            async with SimServer(markets=made, clock=FakeClock(), port=port):
                pytest.fail("two servers on one port")


@pytest.mark.parametrize("off_min", [-1, 3])
def test_a_start_without_candles_is_refused(off_min: int) -> None:
    with pytest.raises(UserError, match="there are no candles at") as caught:
        SimServer(
            markets=markets(bars([1.0, 2.0, 3.0])),
            clock=FakeClock(),
            start_ms=MIDNIGHT_MS + off_min * MINUTE_MS,
        )

    assert caught.value.hint == (
        "start between 2024-01-01T00:00:00Z and 2024-01-01T00:03:00Z"
    )
