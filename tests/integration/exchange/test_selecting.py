"""Markets by rank, from two venues' real wire formats, and the time before candles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes import FakeClock
from liqmon.errors import FeedUnavailable
from liqmon.exchange.client import Exchange
from liqmon.exchange.retry import RetryPolicy
from liqmon.exchange.selection import Wanted
from liqmon.sim.generated import generated
from liqmon.sim.server import SimServer
from loopback import json_reply, rigged, until

MARKETS = generated(1)


@asynccontextmanager
async def on_sim(exchange_id: str) -> AsyncIterator[tuple[Exchange, SimServer]]:
    async with SimServer(markets=MARKETS, clock=FakeClock()) as sim:
        exchange = Exchange(
            exchange_id,
            clock=FakeClock(),
            retry=RetryPolicy(enabled=False),
            emit=lambda _: None,
            base_url=sim.base_url,
            timeout_s=10.0,
            interval_s=5.0,
        )
        async with exchange:
            await exchange.open()
            yield exchange, sim


@pytest.mark.parametrize("exchange_id", ["bybit", "binanceusdm"])
async def test_both_embedded_venues_rank_their_markets_by_volume(
    exchange_id: str,
) -> None:
    async with on_sim(exchange_id) as (exchange, sim):
        asked = len(sim.requests)
        picks = await exchange.select(Wanted(top=2))

        volumes = [pick.activity.volume or 0.0 for pick in picks]
        assert [pick.rank for pick in picks] == [1, 2]
        assert volumes == sorted(volumes, reverse=True)
        assert min(volumes) > 1e6
        assert len(sim.requests) == asked + 1


@pytest.mark.parametrize(("exchange_id", "calls"), [("bybit", 1), ("binanceusdm", 4)])
async def test_open_interest_takes_one_call_or_one_for_each_on_the_shortlist(
    exchange_id: str, calls: int
) -> None:
    async with on_sim(exchange_id) as (exchange, sim):
        asked = len(sim.requests)
        picks = await exchange.select(Wanted(top=2, by="oi"))

        assert all(pick.activity.open_interest for pick in picks)
        assert len(sim.requests) - asked == calls


async def test_a_venue_that_lists_a_new_market_is_known_after_a_reload() -> None:
    async with rigged(bases=("BTC",)) as rig:
        assert len(rig.exchange.listings) == 1
        rig.server.venue.bases = ("BTC", "NEW")

        await rig.exchange.reload()

        assert rig.exchange.market("NEWUSDT").base == "NEW"


async def test_a_reload_that_fails_keeps_what_was_known() -> None:
    async with rigged(policy=RetryPolicy(enabled=False)) as rig:
        rig.server.always(rig.server.venue.MARKETS, json_reply({}))

        with pytest.raises(FeedUnavailable):
            await rig.exchange.reload()

        assert rig.exchange.market("BTCUSDT").base == "BTC"


async def test_the_exchange_s_time_does_not_queue_behind_candles() -> None:
    """Every place is taken by a candle call that is not answered, and more wait."""
    async with rigged(policy=RetryPolicy(enabled=False), timeout_s=10.0) as rig:
        answered = asyncio.Event()

        async def stuck(request: object) -> object:
            await answered.wait()
            return await json_reply({"retCode": 0, "result": {"list": []}})(request)  # type: ignore[arg-type]

        rig.always(stuck)  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as tasks:
            polls = [tasks.create_task(_refused(rig.candles())) for _ in range(30)]
            await until(lambda: rig.candle_requests == 10)

            assert await rig.exchange.now_ms() == pytest.approx(
                rig.clock.now_ms(), abs=1_000
            )
            assert rig.candle_requests == 10

            answered.set()
            await asyncio.wait(polls)


async def _refused(candles: object) -> None:
    with pytest.raises(FeedUnavailable):
        await candles  # type: ignore[misc]
