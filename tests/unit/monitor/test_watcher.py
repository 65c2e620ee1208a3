"""One market polled: what is judged, what is on disk before it is told, and shown."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from candles import calm, end_ms, with_move
from factories import MARKET
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.breadth import Voice
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.events import (
    Event,
    FeedChanged,
    FeedState,
    FindingRaised,
    GaveUp,
)
from liqmon.core.facts import state_from_facts
from liqmon.core.features import features
from liqmon.core.model import Candles, Market, Phase, PositionSide
from liqmon.errors import FeedRejected, FeedUnavailable, LiqmonError, StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.company import Company, Heard
from liqmon.monitor.watcher import Watcher
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry

POLICY = EpisodePolicy(threshold=12.0, cooldown_ms=1_800_000)
FALL = with_move(calm(90), 1_000, bars=3, change=-0.04, times=10)
BAR_MS = FALL.timeframe_ms


def at(bar: int) -> int:
    """Return the moment at which this bar of ``FALL`` has just closed."""
    return int(FALL.open_ms[bar]) + BAR_MS


@dataclass
class FakeVenue:
    """Answers from a series that it knows whole, or fails as told."""

    series: Candles = FALL
    error: LiqmonError | None = None

    async def candles(
        self,
        market: Market,
        timeframe: str,
        *,
        limit: int,
        now_ms: int,
        since_ms: int | None = None,
        deadline_mono: float | None = None,
    ) -> Candles:
        if self.error is not None:
            raise self.error
        upto = int(np.searchsorted(self.series.open_ms, now_ms, side="right"))
        known = self.series.rows(slice(0, upto, None))
        if since_ms is not None:
            later = known.since(since_ms)
            return later.rows(slice(0, limit, None))
        return known.rows(slice(max(len(known) - limit, 0), None, None))


@dataclass
class FullDisk:
    """Refuses as long as it is full; then it passes everything on to a real store."""

    store: Store
    is_full: bool = False
    commits: int = 0

    async def commit_findings(
        self,
        *,
        market_key: str,
        timeframe: str,
        state: Mapping[str, object],
        findings: Sequence[OutboxEntry],
        now_ms: int,
        told: Sequence[Mapping[str, object]] = (),
        progress: Mapping[str, object] | None = None,
    ) -> None:
        if self.is_full:
            raise StoreUnavailable("database or disk is full")
        self.commits += 1
        await self.store.commit_findings(
            market_key=market_key,
            timeframe=timeframe,
            state=state,
            findings=findings,
            now_ms=now_ms,
            told=told,
            progress=progress,
        )


@dataclass
class Watched:
    """A watcher with everything around it."""

    venue: FakeVenue
    disk: FullDisk
    bulletin: Bulletin
    clock: FakeClock
    events: list[Event] = field(default_factory=list)
    woken: int = 0
    routes: tuple[str, ...] = ("",)
    undurable: list[OutboxEntry] = field(default_factory=list)
    policy: EpisodePolicy = POLICY
    judges_forming: bool = False

    def watcher(self, state: EpisodeState | None = None) -> Watcher:
        return Watcher(
            MARKET,
            source=self.venue,
            store=self.disk,
            clock=self.clock,
            bulletin=self.bulletin,
            timeframe="5m",
            policy=self.policy,
            state=state or EpisodeState(judged_ms=at(990)),
            on_finding=self.wake,
            on_undurable=self.undurable.extend,
            routes_of=lambda _: self.routes,
            judges_forming=self.judges_forming,
        )

    def wake(self) -> None:
        self.woken += 1

    @property
    def row(self) -> MarketRow:
        return self.bulletin.snapshot.rows[MARKET.key]

    def phases(self) -> list[Phase]:
        return [
            event.finding.phase
            for event in self.events
            if isinstance(event, FindingRaised)
        ]

    def feeds(self) -> list[FeedState]:
        return [event.state for event in self.events if isinstance(event, FeedChanged)]


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    store = await Store.in_memory()
    clock = FakeClock()
    bulletin = Bulletin(clock, BoardSnapshot("1", "5m", 0.0))
    bulletin.show_markets(MARKET.exchange, (MARKET,))
    whole = Watched(FakeVenue(), FullDisk(store), bulletin, clock)
    with bulletin.listening(whole.events.append):
        yield whole
    await store.close()


async def polled(watcher: Watcher, *bars: int) -> None:
    for bar in bars:
        await watcher.step(at(bar), deadline_mono=0.0)


async def test_a_cascade_is_told_once_when_its_bar_has_closed(
    watched: Watched,
) -> None:
    await polled(watched.watcher(), *range(990, 1_006))

    assert watched.phases()[0] is Phase.ONSET
    assert watched.phases().count(Phase.ONSET) == 1
    assert watched.woken >= 1
    assert watched.row.finding is not None


async def test_what_is_told_is_on_disk_with_the_state_that_produced_it(
    watched: Watched,
) -> None:
    await polled(watched.watcher(), *range(990, 1_003))

    told = [e.finding for e in watched.events if isinstance(e, FindingRaised)]
    rows = await watched.disk.store.entries()
    states = await watched.disk.store.states("5m")
    kept = state_from_facts(states[MARKET.key])

    assert [row.episode for row in rows] == [finding.episode for finding in told]
    assert kept.episode is not None
    assert kept.episode.id == told[-1].episode


async def test_companions_that_fall_as_well_make_a_fall_a_cascade(
    watched: Watched,
) -> None:
    """The same candles: told in company, not told alone."""
    watched.venue.series = with_move(calm(90), 1_000, bars=1, change=-0.016, times=4)
    calm_around, falling = watched.watcher(), watched.watcher()

    await polled(calm_around, 1_000)
    assert watched.phases() == []

    ends = np.array([at(1_000)], dtype=np.int64)
    heard = {
        name: Heard(Voice(name, ends, np.array([-20.0])), at(1_000))
        for name in ("ETH", "SOL", "XRP")
    }
    company = Company([MARKET.key], heard, now_ms=at(1_000))
    await falling.step(at(1_000), deadline_mono=0.0, company=company)

    assert watched.phases() == [Phase.ONSET]
    assert heard[MARKET.key].voice.end_ms[-1] == at(1_000) + BAR_MS


async def test_companions_are_told_only_of_bars_whose_windows_are_whole(
    watched: Watched,
) -> None:
    heard: dict[str, Heard] = {}
    company = Company([MARKET.key], heard, now_ms=at(1_005))

    await watched.watcher().step(at(1_005), deadline_mono=0.0, company=company)

    voice, history = heard[MARKET.key].voice, features(FALL, FALL)
    same = np.isin(history.end_ms, voice.end_ms)
    assert voice.end_ms.size > 12
    assert np.array_equal(history.strength[same], voice.strength)


async def test_every_bar_since_the_last_judged_one_is_judged_after_a_pause(
    watched: Watched,
) -> None:
    """Nobody looked while it happened: it is told all the same."""
    await polled(watched.watcher(), 1_040)

    assert Phase.ONSET in watched.phases()


async def test_at_the_first_look_a_cascade_that_is_over_is_not_told(
    watched: Watched,
) -> None:
    """A fall, then a squeeze that is still going on: only that one is told."""
    fallen = with_move(calm(90), 1_000, bars=1, change=-0.04, times=10)
    watched.venue.series = with_move(fallen, 1_001, bars=1, change=0.05, times=10)

    await polled(watched.watcher(EpisodeState()), 1_001)

    told = [e.finding for e in watched.events if isinstance(e, FindingRaised)]
    assert {finding.liquidated for finding in told} == {PositionSide.SHORT}
    assert watched.phases()[0] is Phase.ONSET
    assert Phase.END not in watched.phases()


async def test_a_full_disk_delays_a_finding_and_loses_none(watched: Watched) -> None:
    watcher = watched.watcher()
    await polled(watcher, 995)
    watched.disk.is_full = True
    await polled(watcher, *range(996, 1_004))

    assert watched.phases() == []
    assert "not durable" in watched.bulletin.snapshot.banner
    assert watched.row.nearness is not None
    assert watched.row.nearness > 1

    watched.disk.is_full = False
    await polled(watcher, 1_004)

    assert watched.phases()[0] is Phase.ONSET
    assert watched.bulletin.snapshot.banner == ""


async def test_what_the_disk_did_not_take_is_handed_on_with_the_key_it_will_have(
    watched: Watched,
) -> None:
    watcher = watched.watcher()
    await polled(watcher, 995)
    watched.disk.is_full = True
    await polled(watcher, *range(996, 1_004))
    watched.disk.is_full = False
    await polled(watcher, 1_004)

    rows = await watched.disk.store.entries()
    assert {row.dedup_key for row in rows} <= {
        one.dedup_key for one in watched.undurable
    }
    assert len(rows) >= 1


async def test_a_finding_has_a_row_for_each_of_its_routes(watched: Watched) -> None:
    watched.routes = ("a", "b")
    await polled(watched.watcher(), *range(990, 1_003))

    rows = await watched.disk.store.entries()
    onsets = [row for row in rows if row.payload["phase"] == "onset"]
    assert [(row.route, row.dedup_key.rpartition("@")[2]) for row in onsets] == [
        ("a", "a"),
        ("b", "b"),
    ]
    assert watched.phases().count(Phase.ONSET) == 1


async def test_a_finding_that_goes_nowhere_is_told_and_journalled_all_the_same(
    watched: Watched,
) -> None:
    watched.routes = ()
    await polled(watched.watcher(), *range(990, 1_003))

    assert await watched.disk.store.entries() == []
    events = await watched.disk.store.events(kind="FindingRaised")
    assert len(events) == len(watched.phases()) >= 1


async def test_every_bar_of_an_episode_is_kept_as_its_progress(
    watched: Watched,
) -> None:
    watcher = watched.watcher()
    await polled(watcher, *range(990, 1_001))
    before, woken = await progress_of(watched), watched.woken

    await polled(watcher, 1_001)

    after = await progress_of(watched)
    assert after["volume_usd"] > before["volume_usd"]
    assert after["price_extreme"] < before["price_extreme"]
    assert watched.woken > woken

    await polled(watcher, *range(1_002, 1_040))
    assert (await progress_of(watched))["phase"] == "end"


async def progress_of(watched: Watched) -> dict[str, Any]:
    query = "SELECT facts FROM episode"
    text = await watched.disk.store._read(lambda c: c.execute(query).fetchone()[0])
    facts: dict[str, Any] = json.loads(text)
    return facts


async def test_calm_bars_are_noted_on_disk_a_few_times_an_hour_only(
    watched: Watched,
) -> None:
    watched.venue.series = calm(90)

    await polled(watched.watcher(), *range(991, 1_003))

    assert watched.disk.commits == 4


async def test_a_stopped_run_goes_on_from_what_is_on_disk(watched: Watched) -> None:
    await polled(watched.watcher(), *range(990, 1_003))
    told = watched.phases()
    states = await watched.disk.store.states("5m")

    await polled(
        watched.watcher(state_from_facts(states[MARKET.key])), *range(1_003, 1_012)
    )

    assert told.count(Phase.ONSET) == 1
    assert watched.phases().count(Phase.ONSET) == 1


async def test_the_row_shows_what_is_known(watched: Watched) -> None:
    await polled(watched.watcher(), 999)

    row = watched.row
    assert row.feed.state is FeedState.OK
    assert row.price == FALL.close[1_000]
    assert row.change == pytest.approx(FALL.close[1_000] / FALL.close[999] - 1)
    assert row.nearness is not None
    assert row.warmup is None
    assert row.spark == tuple(FALL.close[994:1_001])
    assert row.updated_mono == watched.clock.monotonic()


async def test_a_market_that_warms_up_says_how_far_it_is(watched: Watched) -> None:
    watched.venue.series = calm(11)
    watcher = watched.watcher(EpisodeState())

    await watcher.step(end_ms(watched.venue.series), deadline_mono=0.0)

    assert watched.row.warmup is not None
    assert watched.row.warmup.have_h == pytest.approx(11, abs=0.2)
    assert watched.row.nearness is None
    assert watched.row.price is not None


async def test_across_a_gap_the_change_is_unknown(watched: Watched) -> None:
    kept = np.ones(len(FALL), dtype=np.bool_)
    kept[998:1_000] = False
    watched.venue.series = FALL.rows(kept)

    await polled(watched.watcher(), 999)

    assert watched.row.change is None


async def test_trouble_with_the_feed_is_not_raised_and_leaves_the_row(
    watched: Watched,
) -> None:
    watcher = watched.watcher()
    await polled(watcher, 990)
    before = watched.row
    watched.venue.error = FeedUnavailable("no answer")

    await polled(watcher, 991)

    assert watched.row == before
    assert watcher.failed
    assert not watcher.busy


async def test_a_market_that_failed_is_not_waited_for(watched: Watched) -> None:
    watched.venue.error = FeedUnavailable("no answer")
    company = Company([MARKET.key], {}, now_ms=at(990))

    await watched.watcher().step(at(990), deadline_mono=0.0, company=company)

    heard = asyncio.ensure_future(company.crowd())
    for _ in range(5):
        await asyncio.sleep(0)
    assert heard.done()


async def test_a_feed_that_comes_back_says_so_once(watched: Watched) -> None:
    watcher = watched.watcher()
    await polled(watcher, 990)
    watched.bulletin.publish(
        GaveUp(0, MARKET.exchange, MARKET.symbol, 3, "no answer within 10 s")
    )

    await polled(watcher, 991, 992)

    assert watched.feeds() == [FeedState.OK]
    assert watched.row.feed.state is FeedState.OK


async def test_a_rejected_market_is_not_polled_again(watched: Watched) -> None:
    watched.venue.error = FeedRejected("bybit does not know this market")
    watcher = watched.watcher()

    await polled(watcher, 990)

    assert watcher.rejected
    assert watched.feeds() == [FeedState.REJECTED]
    assert watched.row.feed.state is FeedState.REJECTED


async def test_a_new_unit_of_price_is_said_and_raises_nothing(
    watched: Watched,
) -> None:
    factor = np.where(np.arange(len(FALL)) >= 1_000, 1_000.0, 1.0)
    thousand = calm(90)
    watched.venue.series = replace(
        thousand,
        open=thousand.open * factor,
        high=thousand.high * factor,
        low=thousand.low * factor,
        close=thousand.close * factor,
        volume=thousand.volume / factor,
    )

    await polled(watched.watcher(), *range(995, 1_020))

    assert watched.phases() == []
    assert "new unit" in watched.bulletin.snapshot.banner
    assert watched.row.warmup is not None


async def test_the_note_of_a_new_unit_goes_when_the_market_is_warm_again(
    watched: Watched,
) -> None:
    watched.venue.series = FALL
    watched.bulletin.show_banner(f"unit of {MARKET.key}", "a new unit")

    await polled(watched.watcher(), 990)

    assert watched.bulletin.snapshot.banner == ""


# before an episode, and before a bar has closed


WEAK = with_move(calm(90), 1_000, bars=1, change=-0.016, times=4)


async def test_what_is_building_is_told_and_taken_back_without_a_row_of_its_own(
    watched: Watched,
) -> None:
    watched.policy = replace(POLICY, builds_from=0.5)
    watched.venue.series = WEAK

    await polled(watched.watcher(), *range(990, 1_008))

    assert watched.phases() == [Phase.BUILDING, Phase.WITHDRAWN]
    assert watched.row.finding is None
    (row,) = await watched.disk.store.entries()
    assert (row.payload["phase"], row.severity) == ("building", 1)
    assert (await progress_of(watched))["phase"] == "withdrawn"
    assert len(await watched.disk.store.events(kind="FindingRaised")) == 2


async def test_what_built_and_fired_or_did_not_while_nobody_looked_is_told_as_one(
    watched: Watched,
) -> None:
    watched.policy = replace(POLICY, builds_from=0.3)
    await polled(watched.watcher(), 1_002)
    assert Phase.BUILDING not in watched.phases()
    assert watched.phases()[0] is Phase.ONSET

    watched.events.clear()
    watched.policy = replace(POLICY, builds_from=0.5)
    watched.venue.series = WEAK
    await polled(watched.watcher(), 1_008)
    assert watched.phases() == []


async def test_a_first_look_tells_what_is_building_still(watched: Watched) -> None:
    watched.policy = replace(POLICY, builds_from=0.5)
    watched.venue.series = WEAK

    await polled(watched.watcher(EpisodeState()), 1_001)

    assert watched.phases() == [Phase.BUILDING]


async def test_the_forming_bar_is_told_before_it_closes_and_not_again_after(
    watched: Watched,
) -> None:
    watched.judges_forming = True
    watcher = watched.watcher()
    await polled(watcher, 998)

    # bar 1,000 has just begun, and the venue knows already what it will be
    await polled(watcher, 999, 1_000)

    told = [e.finding for e in watched.events if isinstance(e, FindingRaised)]
    onsets = [one for one in told if one.phase is Phase.ONSET]
    assert [(one.early, one.decided_ms) for one in onsets] == [(True, at(999))]
    states = await watched.disk.store.states("5m")
    kept = state_from_facts(states[MARKET.key])
    assert kept.judged_ms == at(1_000)
    assert kept.episode is not None
    assert kept.episode.id == onsets[0].episode


async def test_unless_it_is_asked_for_no_forming_bar_is_judged(
    watched: Watched,
) -> None:
    watcher = watched.watcher()
    await polled(watcher, 999)

    await watcher.step(at(1_000) - 60_000, deadline_mono=0.0)

    assert watched.phases() == []
    assert watched.row.nearness is not None
    assert watched.row.nearness > 1
