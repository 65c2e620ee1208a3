"""Prices after episodes, noted while somebody watches."""

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest

from candles import START_MS, from_closes
from couriers import MoodyStore, SteppedClock
from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.core.model import Candles
from liqmon.core.pricepath import PricePath, path_from_facts
from liqmon.monitor.aftermath import Aftermath
from liqmon.monitor.entries import finding_entry
from liqmon.store.database import Store

MINUTE_MS = 60_000
TOLD_MS = START_MS + 60 * MINUTE_MS


def bars(minutes: int) -> Candles:
    return from_closes(100.0 + np.arange(float(minutes)))


class Market:
    """Candles that come in as time goes by."""

    def __init__(self) -> None:
        self.minutes = 62

    def candles(self, key: str) -> Candles | None:
        return bars(self.minutes) if key == MARKET.key else None


async def told(store: Store, episode: str = "one", **changes: object) -> None:
    finding = a_finding(
        episode=episode, onset_ms=TOLD_MS - MINUTE_MS, decided_ms=TOLD_MS, **changes
    )
    await store.commit_findings(
        market_key=finding.market.key,
        timeframe="1m",
        state={},
        findings=[finding_entry(finding, "")],
        now_ms=TOLD_MS,
    )


async def path_of(store: Store) -> PricePath:
    (record,) = await store.recent(0)
    path = path_from_facts(record.path)
    assert path is not None
    return path


async def test_prices_are_added_until_the_hour_is_over() -> None:
    store, market = await MoodyStore.in_memory(), Market()
    aftermath = Aftermath(store, FakeClock(), market.candles)
    await told(store)

    await aftermath.look()
    first = await path_of(store)
    assert first.at(TOLD_MS) == pytest.approx(159.0, rel=1e-5)
    assert first.at(TOLD_MS + 15 * MINUTE_MS) is None
    assert len(await store.unfollowed()) == 1

    market.minutes = 130
    await aftermath.look()
    last = await path_of(store)
    assert last.at(TOLD_MS + 60 * MINUTE_MS) == pytest.approx(219.0, rel=1e-5)
    assert await store.unfollowed() == []
    await store.close()


async def test_what_nobody_watched_stays_unknown_and_is_left_alone_in_the_end() -> None:
    store, market = await MoodyStore.in_memory(), Market()
    whole = bars(16 * 60)
    late = whole.since(START_MS + 15 * 60 * MINUTE_MS)
    aftermath = Aftermath(store, FakeClock(), lambda _: late)
    await told(store)
    await told(store, "two", market=ETH)

    await Aftermath(store, FakeClock(), market.candles).look()
    await aftermath.look()

    paths = [path_from_facts(one.path) for one in await store.recent(0)]
    for path in paths:
        assert path is not None
        assert path.at(TOLD_MS + 60 * MINUTE_MS) is None
    assert await store.unfollowed() == []
    await store.close()


async def test_a_market_that_is_not_watched_or_has_no_candles_waits() -> None:
    store = await MoodyStore.in_memory()
    await told(store)
    for candles in ({}, {MARKET.key: Candles.empty(MINUTE_MS)}, {MARKET.key: bars(1)}):
        await Aftermath(store, FakeClock(), candles.get).look()

    (record,) = await store.recent(0)
    assert record.path == {}
    await store.close()


class CountingStore(MoodyStore):
    """A store that counts how often prices are written."""

    written = 0

    async def follow(
        self, episode: str, path: Mapping[str, object], *, is_over: bool
    ) -> None:
        self.written += 1
        await super().follow(episode, path, is_over=is_over)


async def test_the_same_prices_are_not_written_again() -> None:
    store, market = await CountingStore.in_memory(), Market()
    aftermath = Aftermath(store, FakeClock(), market.candles)
    await told(store)
    for _ in range(3):
        await aftermath.look()
    assert store.written == 1

    market.minutes += 1
    await aftermath.look()
    assert store.written == 2
    await store.close()


async def test_it_looks_every_half_minute_whatever_the_disk_does() -> None:
    store, clock = await MoodyStore.in_memory(), SteppedClock(ends_s=100.0)
    store.broken = frozenset({"unfollowed"})

    task = asyncio.create_task(Aftermath(store, clock, Market().candles).run())
    await clock.reached.wait()
    task.cancel()

    assert clock.slept == [30.0] * 3
    store.broken = frozenset()
    await store.close()
