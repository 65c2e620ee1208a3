"""Old data are said to be old, once; no data at all is told to Discord, once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from factories import ETH, MARKET
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.events import Event, FeedChanged, FeedState
from liqmon.core.model import Market
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.health import Sentinel, health_of
from liqmon.monitor.letters import letter
from liqmon.monitor.suspension import Timekeeper
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry


@dataclass
class Box:
    """A real outbox that can be out of reach."""

    store: Store
    is_full: bool = False

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        if self.is_full:
            raise StoreUnavailable("database or disk is full")
        return await self.store.enqueue(entry, now_ms=now_ms)


@dataclass
class Watched:
    clock: FakeClock
    bulletin: Bulletin
    box: Box
    sentinel: Sentinel
    events: list[Event] = field(default_factory=list)

    def fresh(self, market: Market, feed: FeedState = FeedState.OK) -> None:
        now = self.clock.monotonic()
        row = MarketRow(market, feed=Feed(feed, now), updated_mono=now)
        self.bulletin.show_row(row, exchange_ms=0)

    def stale(self) -> list[str]:
        return [
            event.symbol
            for event in self.events
            if isinstance(event, FeedChanged) and event.state is FeedState.STALE
        ]

    async def reports(self) -> list[str]:
        rows = await self.box.store.entries()
        posts = [letter(row, now_ms=self.clock.now_ms()) for row in rows]
        return [str(post["content"]) for post in posts]

    async def look_after(self, seconds: float) -> None:
        self.clock.push(seconds)
        await self.sentinel.look()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    store = await Store.in_memory()
    clock = FakeClock(seconds=1_000.0)
    bulletin = Bulletin(clock, BoardSnapshot("1", "1m", 1_000.0))
    bulletin.show_markets("bybit", (MARKET, ETH))
    box = Box(store)
    sentinel = Sentinel(
        clock=clock,
        bulletin=bulletin,
        outbox=box,
        on_report=lambda: None,
        stale_after_s=60.0,
    )
    whole = Watched(clock, bulletin, box, sentinel)
    with bulletin.listening(whole.events.append):
        yield whole
    await store.close()


async def test_a_market_without_new_data_is_called_stale_once(
    watched: Watched,
) -> None:
    watched.fresh(MARKET)
    watched.fresh(ETH)

    await watched.look_after(50)
    watched.fresh(ETH)
    await watched.look_after(20)
    await watched.look_after(20)

    assert watched.stale() == [MARKET.symbol]
    assert watched.bulletin.snapshot.rows[MARKET.key].feed.state is FeedState.STALE
    assert await watched.reports() == []


async def test_who_polls_seldom_is_not_stale_between_two_polls(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.bulletin.show_cycle("bybit", interval_s=300.0)
    watched.fresh(MARKET)
    watched.fresh(ETH)
    await watched.look_after(599)
    assert watched.stale() == []

    watched.fresh(ETH)
    await watched.look_after(2)
    assert watched.stale() == [MARKET.symbol]
    assert "BTCUSDT: no data for more than 600 s" in caplog.text


async def test_after_data_came_back_a_second_silence_is_told_again(
    watched: Watched,
) -> None:
    watched.fresh(MARKET)
    watched.fresh(ETH)
    for _ in range(2):
        await watched.look_after(50)
        watched.fresh(ETH)
        await watched.look_after(30)
        watched.fresh(MARKET)
        watched.fresh(ETH)
        await watched.look_after(1)

    assert watched.stale() == [MARKET.symbol, MARKET.symbol]


async def test_a_market_that_never_had_data_is_stale_from_the_start_on(
    watched: Watched,
) -> None:
    await watched.look_after(59)
    assert watched.stale() == []

    await watched.look_after(2)
    assert set(watched.stale()) == {MARKET.symbol, ETH.symbol}


@pytest.mark.parametrize("state", [FeedState.BLOCKED, FeedState.REJECTED])
async def test_a_market_that_was_given_up_is_not_called_stale(
    watched: Watched, state: FeedState
) -> None:
    watched.fresh(MARKET, state)
    watched.fresh(ETH)

    await watched.look_after(50)
    watched.fresh(ETH)
    await watched.look_after(50)

    assert watched.stale() == []


async def test_when_nothing_is_left_discord_is_told_once_and_once_when_it_is_back(
    watched: Watched,
) -> None:
    row = MarketRow(MARKET, feed=Feed(FeedState.STALE, reason="no answer within 10 s"))
    watched.bulletin.show_row(row, exchange_ms=0)
    for _ in range(5):
        await watched.look_after(30)
    assert len(await watched.reports()) == 1
    assert "No market data" in (await watched.reports())[0]

    watched.fresh(MARKET)
    for _ in range(3):
        await watched.look_after(1)

    assert len(await watched.reports()) == 2
    assert "Market data are back" in (await watched.reports())[1]


async def test_the_report_says_why(watched: Watched) -> None:
    watched.bulletin.publish(
        FeedChanged(
            0, "bybit", "", FeedState.UNAVAILABLE, "the name cannot be resolved"
        )
    )
    await watched.look_after(61)

    (row,) = await watched.box.store.entries()
    assert "the name cannot be resolved" in str(letter(row, now_ms=0))


async def test_an_exchange_that_was_never_reached_is_silence_too(
    watched: Watched,
) -> None:
    watched.bulletin.begin(watched.bulletin.snapshot)
    await watched.look_after(61)
    assert await watched.reports() == []

    watched.bulletin.publish(
        FeedChanged(0, "bybit", "", FeedState.UNAVAILABLE, "cannot connect")
    )
    await watched.look_after(1)

    assert len(await watched.reports()) == 1


async def test_a_report_that_the_disk_refuses_is_made_at_the_next_look(
    watched: Watched,
) -> None:
    watched.box.is_full = True
    await watched.look_after(61)
    watched.box.is_full = False
    await watched.look_after(10)

    assert len(await watched.reports()) == 1


async def test_it_looks_a_few_times_within_the_limit(watched: Watched) -> None:
    class Enough(Exception):
        pass

    async def sleep(seconds: float) -> None:
        watched.clock.slept.append(seconds)
        if len(watched.clock.slept) == 3:
            raise Enough

    watched.clock.sleep = sleep  # type: ignore[method-assign]

    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert watched.clock.slept == [5.0, 5.0, 5.0]


@dataclass
class Rounds(FakeClock):
    """A clock that stands still for a while during some nap, and ends the run."""

    blocked_s: dict[int, float] = field(default_factory=dict)
    naps: int = 3

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.push(self.blocked_s.get(len(self.slept), 0.0))
        if len(self.slept) > self.naps:
            raise Enough


class Enough(Exception):
    """The test has seen what it wants to see."""


def blocking(watched: Watched, naps: int, **blocked_s: float) -> Rounds:
    """Put a clock under everything that is blocked for so long in these naps."""
    clock = Rounds(
        watched.clock.seconds,
        blocked_s={int(nap.strip("_")): long_s for nap, long_s in blocked_s.items()},
        naps=naps,
    )
    watched.clock = watched.sentinel._clock = watched.bulletin._clock = clock
    watched.sentinel._timekeeper = Timekeeper(clock, boot=clock.monotonic)
    return clock


async def test_p13_a_loop_that_was_blocked_makes_no_feed_stale_and_is_told_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.fresh(MARKET)
    watched.fresh(ETH)
    blocking(watched, naps=4, _2=120.0)

    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert watched.stale() == []
    assert await watched.reports() == []
    assert [record.getMessage() for record in caplog.records] == [
        "nothing ran for 2 min; missed candles are fetched, no gap is read as a move"
    ]
    assert watched.bulletin.snapshot.banner == "nothing ran for 2 min"


async def test_a_feed_that_does_not_come_back_after_a_gap_is_stale_in_the_end(
    watched: Watched,
) -> None:
    watched.fresh(MARKET)
    watched.fresh(ETH)
    blocking(watched, naps=20, _2=120.0)

    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert set(watched.stale()) == {MARKET.symbol, ETH.symbol}
    assert len(await watched.reports()) == 1


async def test_a_gap_does_not_bring_back_data_that_were_missing_before(
    watched: Watched,
) -> None:
    await watched.look_after(61)
    assert len(await watched.reports()) == 1
    blocking(watched, naps=3, _2=120.0)

    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert len(await watched.reports()) == 1


async def test_a_gap_before_the_first_answer_is_no_silence_yet(
    watched: Watched,
) -> None:
    watched.bulletin.begin(watched.bulletin.snapshot)
    watched.bulletin.publish(FeedChanged(0, "bybit", "", FeedState.UNAVAILABLE, "no"))
    blocking(watched, naps=4, _2=120.0)

    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert await watched.reports() == []


async def test_a_gap_is_shown_for_five_minutes(watched: Watched) -> None:
    blocking(watched, naps=80, _2=20.0)
    with pytest.raises(Enough):
        await watched.sentinel.run()

    assert watched.bulletin.snapshot.banner == ""


def test_health_is_that_of_the_youngest_data() -> None:
    board = BoardSnapshot("1", "1m", 0.0)
    young = MarketRow(MARKET, updated_mono=97.0)
    old = MarketRow(ETH, updated_mono=30.0)

    def told(*rows: MarketRow) -> tuple[bool, str]:
        whole = replace(board, rows={row.market.key: row for row in rows})
        return health_of(whole, now_mono=100.0, stale_after_s=60.0)

    assert told() == (False, "0 of 0 markets have data")
    assert told(MarketRow(MARKET)) == (False, "0 of 1 markets have data")
    assert told(old) == (False, "0 of 1 markets have data, the newest 70 s old")
    assert health_of(
        replace(board, rows={ETH.key: old}, interval_s={"bybit": 50.0}),
        now_mono=100.0,
        stale_after_s=60.0,
    ) == (True, "1 of 1 markets have data, the newest 70 s old")
    assert told(old, young) == (True, "1 of 2 markets have data, the newest 3 s old")
