"""Counts by the hour of how the feeds do."""

import asyncio
from collections.abc import Sequence

import pytest

from couriers import SteppedClock
from factories import ETH, MARKET
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    FeedChanged,
    FeedState,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.tally import Tally, class_of
from liqmon.store.tally import HOUR_MS, Count

BTC = MARKET.key


class Pages:
    """Counts in memory, on a disk that can be full."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str], float] = {}
        self.hours: set[int] = set()
        self.full = False

    async def count(self, counts: Sequence[Count]) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        for one in counts:
            key = (one.kind, one.subject, one.name)
            self.counts[key] = self.counts.get(key, 0.0) + one.amount
            self.hours.add(one.hour_ms)


class Rig:
    """A tally that listens to a bulletin with two markets."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.pages = Pages()
        self.bulletin = Bulletin(self.clock, BoardSnapshot("0.1.0", "1m", 0.0))
        self.bulletin.show_markets("bybit", (MARKET, ETH))
        self.tally = Tally(
            self.pages, clock=self.clock, bulletin=self.bulletin, stale_after_s=60.0
        )

    def poll(self, *markets: object) -> None:
        self.bulletin.show_cycle("bybit", interval_s=5.0)
        for market in markets or (MARKET,):
            row = MarketRow(
                market,  # type: ignore[arg-type]
                Feed(FeedState.OK),
                updated_mono=self.clock.monotonic(),
            )
            self.bulletin.show_row(row, exchange_ms=1)

    def retry(self, attempt: int, symbol: str = MARKET.symbol) -> None:
        why = "no answer in time"
        self.bulletin.publish(Retrying(1, "bybit", symbol, attempt, 3, 1.0, why))

    async def counted(self, kind: str) -> dict[tuple[str, str], float]:
        await self.tally.write()
        return {
            key[1:]: amount
            for key, amount in self.pages.counts.items()
            if key[0] == kind
        }


@pytest.fixture
def rig() -> "Rig":
    return Rig()


async def test_a_poll_counts_by_the_attempt_that_brought_data(rig: Rig) -> None:
    with (
        rig.bulletin.listening(rig.tally.note),
        rig.bulletin.hearing_polls(rig.tally),
    ):
        rig.poll()
        rig.retry(2)
        rig.retry(3)
        rig.poll(ETH, MARKET)
        rig.retry(2)
        rig.bulletin.publish(GaveUp(1, "bybit", MARKET.symbol, 2, "unavailable"))
        rig.poll()
    rig.poll()

    assert await rig.counted("poll") == {
        (BTC, "1"): 2.0,
        (BTC, "3"): 1.0,
        (BTC, "gave up"): 1.0,
        (ETH.key, "1"): 1.0,
    }
    assert await rig.counted("error") == {
        ("bybit", "no answer in time"): 3.0,
        ("bybit", "unavailable"): 1.0,
    }


async def test_the_question_for_the_time_counts_when_it_had_to_be_repeated(
    rig: Rig,
) -> None:
    with (
        rig.bulletin.listening(rig.tally.note),
        rig.bulletin.hearing_polls(rig.tally),
    ):
        rig.bulletin.note_time("bybit", answered=True)
        rig.retry(2, symbol="")
        rig.bulletin.note_time("bybit", answered=True)
        # the next cycle may begin before a poll of this one is over
        rig.bulletin.show_cycle("bybit", interval_s=1.0)
        rig.poll()
        rig.retry(2, symbol="")
        rig.retry(3, symbol="")
        rig.bulletin.note_time("bybit", answered=False)
        rig.bulletin.show_row(MarketRow(MARKET), exchange_ms=1)

    assert await rig.counted("poll") == {
        ("bybit", "2"): 1.0,
        ("bybit", "gave up"): 1.0,
        (BTC, "1"): 2.0,
    }


async def test_errors_and_healed_sessions_count_by_their_kind(rig: Rig) -> None:
    refused = FeedChanged(1, "bybit", "", FeedState.COOLING, "rate limited (HTTP 429)")
    for event in (
        refused,
        refused,
        FeedChanged(1, "bybit", "", FeedState.OK),
        Healed(1, "bybit", MARKET.symbol, "the session was closed"),
        BreakerChanged(1, BreakerState.CLOSED, BreakerState.OPEN, "x"),
    ):
        rig.tally.note(event)

    assert await rig.counted("error") == {("bybit", "rate limited (HTTP 429)"): 2.0}
    assert await rig.counted("heal") == {("bybit", "the session was closed"): 1.0}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("no answer in time (HTTP 504)", "no answer in time (HTTP 504)"),
        ("a redirect was refused (a to b)", "a redirect was refused"),
        ("bar 17 has no close", "bar"),
        ("bybit is not available; try okx", "bybit is not available"),
        ("x" * 99, "x" * 60),
        ("404", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_is_particular_to_an_error_is_left_out(error: str, kind: str) -> None:
    assert class_of(error) == kind


async def test_time_without_data_counts_from_the_last_that_came(rig: Rig) -> None:
    rig.poll(MARKET, ETH)
    for second in range(10, 130, 10):
        rig.clock.push(10.0)
        if second != 70:
            rig.poll(ETH)
        rig.tally.look()
    rig.poll(MARKET)
    rig.clock.push(10.0)
    rig.tally.look()

    assert await rig.counted("feed") == {
        (BTC, "watched_s"): 130.0,
        (BTC, "stale"): 1.0,
        (BTC, "stale_s"): 120.0,
        (ETH.key, "watched_s"): 130.0,
    }


async def test_a_host_that_slept_has_watched_nothing(rig: Rig) -> None:
    rig.clock.push(3_600.0)
    rig.poll(MARKET, ETH)
    rig.tally.look()

    watched = await rig.counted("feed")
    assert watched[BTC, "watched_s"] == 30.0


async def test_a_market_that_is_given_up_is_not_watched(rig: Rig) -> None:
    rejected = FeedChanged(1, "bybit", MARKET.symbol, FeedState.REJECTED, "unknown")
    rig.bulletin.publish(rejected)
    rig.clock.push(10.0)
    rig.tally.look()

    assert set(await rig.counted("feed")) == {(ETH.key, "watched_s")}


async def test_what_a_full_disk_refuses_is_written_later(rig: Rig) -> None:
    rig.tally.polled(BTC)
    rig.pages.full = True
    assert await rig.counted("poll") == {}
    rig.tally.polled(BTC)
    rig.pages.full = False

    assert await rig.counted("poll") == {(BTC, "1"): 2.0}


async def test_it_looks_every_ten_seconds_and_writes_every_minute() -> None:
    clock = SteppedClock(ends_s=7_300.0)
    rig = Rig(clock)
    task = asyncio.create_task(rig.tally.run())
    await clock.reached.wait()
    task.cancel()
    written = rig.pages.counts["feed", BTC, "watched_s"]
    await rig.tally.finish()

    assert set(clock.slept) == {10.0}
    assert written == 7_260.0
    assert rig.pages.counts["feed", BTC, "watched_s"] == pytest.approx(7_300.0)
    assert {hour % HOUR_MS for hour in rig.pages.hours} == {0}
    assert len(rig.pages.hours) == 3
