"""``liqmon download``: the real ccxt, the embedded exchange, an archive on disk."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes import FakeClock
from liqmon.app.download import Download, Held, Progress, download
from liqmon.archive.bars import Bars
from liqmon.archive.months import shelves
from liqmon.core.features import LOOKBACK_MS
from liqmon.errors import FeedUnavailable, UnknownSymbol
from liqmon.exchange.selection import Wanted
from liqmon.settings.models import ExchangeTable, Settings
from liqmon.sim.markets import Markets
from liqmon.sim.plan import FaultPlan
from liqmon.sim.server import SimServer
from tapes import MIDNIGHT_MS, MINUTE_MS, bars, market

HOUR_MS = 60 * MINUTE_MS
DAYS = 21
NOW_MS = MIDNIGHT_MS + DAYS * 24 * HOUR_MS + 30_000
GAP = slice(27_000, 27_090)


def recording() -> Bars:
    """Return three weeks of minutes with a gap of an hour and a half."""
    rng = np.random.default_rng(5)
    count = DAYS * 1440 + 60
    price = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 4e-4, count)))
    whole = bars([*price.round(2).tolist()])
    kept = np.ones(count, dtype=np.bool_)
    kept[GAP] = False
    return whole.rows(np.flatnonzero(kept))


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    made = recording()
    markets = Markets(by_symbol={"BTCUSDT": market(made)}, start_ms=NOW_MS)
    async with SimServer(markets=markets, clock=FakeClock()) as server:
        yield server


def settings(sim: SimServer) -> Settings:
    return Settings(exchange=ExchangeTable(base_url=sim.base_url))


def wanted(root: Path, *, hours: float, exchange: str = "bybit") -> Download:
    return Download(
        selection=Wanted(named=("BTCUSDT",)),
        exchange=exchange,
        timeframe="1m",
        span_ms=round(hours * HOUR_MS),
        start_ms=None,
        root=root,
    )


async def fetched(
    sim: SimServer, what: Download, told: list[Progress] | None = None
) -> Held:
    (held,) = await download(
        what,
        settings(sim),
        clock=FakeClock(),
        tell=(told if told is not None else []).append,
        emit=lambda _: None,
    )
    return held


def archived(root: Path) -> list[int]:
    (shelf,) = shelves(root)
    parts = list(shelf.parts(0, 1 << 60))
    return [int(open_ms) for part in parts for open_ms in part.open_ms]


def candle_calls(sim: SimServer) -> int:
    return sum("kline" in request.path for request in sim.requests)


def expected(hours: float) -> list[int]:
    start_ms = NOW_MS - round(hours * HOUR_MS) - LOOKBACK_MS
    opens = recording().open_ms
    begin_ms = start_ms // MINUTE_MS * MINUTE_MS
    kept = opens[(opens >= begin_ms) & (opens + MINUTE_MS <= NOW_MS)]
    return [int(open_ms) for open_ms in kept]


@pytest.mark.parametrize("exchange", ["bybit", "binanceusdm"])
async def test_what_is_asked_for_and_what_judges_it_come_with_their_gaps(
    sim: SimServer, tmp_path: Path, exchange: str
) -> None:
    held = await fetched(sim, wanted(tmp_path, hours=24 * 3, exchange=exchange))

    assert archived(tmp_path) == expected(24 * 3)
    assert held.bars == held.fetched == len(expected(24 * 3))
    (gap,) = held.gaps
    assert (gap.start_ms, gap.bars) == (MIDNIGHT_MS + 27_000 * MINUTE_MS, 90)
    (shelf,) = shelves(tmp_path)
    assert shelf.label.exchange == exchange
    assert shelf.label.symbol == "BTC/USDT:USDT"


async def test_more_than_there_is_is_all_there_is(
    sim: SimServer, tmp_path: Path
) -> None:
    held = await fetched(sim, wanted(tmp_path, hours=24 * 60))

    closed = recording().open_ms + MINUTE_MS <= NOW_MS
    assert archived(tmp_path) == recording().open_ms[closed].tolist()
    assert held.first_ms == MIDNIGHT_MS
    assert len(held.gaps) == 1


async def test_what_is_there_is_not_fetched_again(
    sim: SimServer, tmp_path: Path
) -> None:
    await fetched(sim, wanted(tmp_path, hours=2))
    calls = candle_calls(sim)

    again = await fetched(sim, wanted(tmp_path, hours=2))
    assert candle_calls(sim) == calls
    assert again.fetched == 0

    more = await fetched(sim, wanted(tmp_path, hours=30))
    assert archived(tmp_path) == expected(30)
    assert more.fetched == 28 * 60


async def test_progress_ends_where_it_was_to_go(sim: SimServer, tmp_path: Path) -> None:
    told: list[Progress] = []

    await fetched(sim, wanted(tmp_path, hours=2), told)

    done = [progress.done for progress in told]
    assert done[0] == 0
    assert done == sorted(done)
    assert told[-1].done == told[-1].total


async def test_a_stop_keeps_what_has_been_fetched_and_goes_on_there(
    tmp_path: Path,
) -> None:
    made = recording()
    markets = Markets(by_symbol={"BTCUSDT": market(made)}, start_ms=NOW_MS)
    clock = FakeClock()
    plan = FaultPlan.parse(["http-503@50"])
    async with SimServer(markets=markets, clock=clock, plan=plan) as sim:

        def fail_after_four(progress: Progress) -> None:
            if progress.done > 3500:
                clock.push(60)

        with pytest.raises(FeedUnavailable):
            await download(
                wanted(tmp_path, hours=24),
                settings(sim),
                clock=FakeClock(),
                tell=fail_after_four,
                emit=lambda _: None,
            )
    kept = archived(tmp_path)
    assert 3500 < len(kept) < 5000
    assert kept == expected(24)[-len(kept) :]
    async with SimServer(markets=markets, clock=FakeClock()) as sim:
        rest = await fetched(sim, wanted(tmp_path, hours=24))

    assert archived(tmp_path) == expected(24)
    assert rest.fetched == len(expected(24)) - len(kept)


async def test_a_beginning_can_be_named(sim: SimServer, tmp_path: Path) -> None:
    start_ms = NOW_MS - 2 * HOUR_MS

    await fetched(sim, replace(wanted(tmp_path, hours=0), start_ms=start_ms))

    assert archived(tmp_path) == expected(2)


async def test_a_market_that_does_not_exist_is_an_error_with_suggestions(
    sim: SimServer, tmp_path: Path
) -> None:
    with pytest.raises(UnknownSymbol, match="BTCUSDC"):
        await fetched(
            sim,
            replace(wanted(tmp_path, hours=1), selection=Wanted(named=("BTCUSDC",))),
        )

    assert shelves(tmp_path) == []
