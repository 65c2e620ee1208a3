"""Who joins and who leaves when the list of markets is made anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from factories import MARKET
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot
from liqmon.core.model import Market
from liqmon.errors import FeedUnavailable, UnknownSymbol
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.roster import Roster

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000


def coin(base: str) -> Market:
    return Market("bybit", f"{base}/USDT:USDT", base, "USDT")


A, B, C = coin("A"), coin("B"), coin("C")


@dataclass
class FakeWatcher:
    market: Market
    busy: bool = False
    rejected: bool = False
    has_open_episode: bool = False


@dataclass
class Selection:
    """Gives the next list, or fails."""

    lists: list[Sequence[Market] | Exception]
    made: int = 0
    holds: asyncio.Event | None = None

    async def __call__(self) -> Sequence[Market]:
        answer = self.lists[min(self.made, len(self.lists) - 1)]
        self.made += 1
        if self.holds is not None:
            await self.holds.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Rig:
    selection: Selection
    bulletin: Bulletin
    roster: Roster[FakeWatcher]
    left: list[str] = field(default_factory=list)

    @property
    def watched(self) -> list[str]:
        return [watcher.market.base for watcher in self.roster.watchers]

    @property
    def rows(self) -> list[str]:
        return [row.market.base for row in self.bulletin.snapshot.rows.values()]


async def rig(*lists: Sequence[Market] | Exception, renews: bool = True) -> Rig:
    selection = Selection(list(lists))
    bulletin = Bulletin(FakeClock(), BoardSnapshot("1", "1m", 0.0))
    left: list[str] = []
    roster = Roster(
        "bybit",
        select=selection,
        join=FakeWatcher,
        leave=lambda watcher: left.append(watcher.market.base),
        bulletin=bulletin,
        renews=renews,
    )
    await roster.begin()
    await roster.tend(START_MS)
    return Rig(selection, bulletin, roster, left)


async def test_the_list_is_made_anew_after_a_day_of_exchange_time() -> None:
    it = await rig([A, B], [B, C])

    await it.roster.tend(START_MS + 24 * HOUR_MS - 1)
    assert it.selection.made == 1

    await it.roster.tend(START_MS + 24 * HOUR_MS)
    assert it.selection.made == 2
    assert it.watched == ["B", "C"]
    assert it.rows == ["B", "C"]

    await it.roster.tend(START_MS + 25 * HOUR_MS)
    assert it.selection.made == 2


async def test_an_exchange_whose_clock_was_ahead_is_not_left_alone_for_that_long() -> (
    None
):
    it = await rig([A, B], [A, B], [B, C])
    await it.roster.tend(START_MS + 9_000 * HOUR_MS)
    assert it.selection.made == 2

    await it.roster.tend(START_MS + HOUR_MS)
    await it.roster.tend(START_MS + 25 * HOUR_MS)
    assert it.watched == ["B", "C"]


async def test_who_stays_keeps_its_watcher() -> None:
    it = await rig([A, B], [B, C])
    kept = it.roster.watchers[1]

    await it.roster.tend(START_MS + 24 * HOUR_MS)

    assert it.roster.watchers[0] is kept


async def test_the_scanner_s_list_is_changed_and_not_replaced() -> None:
    it = await rig([A], [B])
    held = it.roster.watchers

    await it.roster.tend(START_MS + 24 * HOUR_MS)

    assert held is it.roster.watchers
    assert it.watched == ["B"]


async def test_a_market_with_an_open_episode_is_seen_to_its_end() -> None:
    it = await rig([A, B], [B])
    it.roster.watchers[0].has_open_episode = True

    await it.roster.tend(START_MS + 24 * HOUR_MS)
    assert it.watched == ["A", "B"]

    it.roster.watchers[0].has_open_episode = False
    await it.roster.tend(START_MS + 25 * HOUR_MS)
    assert it.watched == ["B"]
    assert it.rows == ["B"]


async def test_a_market_that_was_delisted_in_the_middle_of_an_episode_leaves() -> None:
    it = await rig([A, B], [B])
    it.roster.watchers[0].has_open_episode = True
    it.roster.watchers[0].rejected = True

    await it.roster.tend(START_MS + 24 * HOUR_MS)

    assert it.watched == ["B"]
    assert it.left == ["A"]


async def test_a_market_that_is_being_polled_leaves_at_the_next_cycle() -> None:
    it = await rig([A, B], [B])
    it.roster.watchers[0].busy = True

    await it.roster.tend(START_MS + 24 * HOUR_MS)
    assert it.watched == ["A", "B"]

    it.roster.watchers[0].busy = False
    await it.roster.tend(START_MS + 24 * HOUR_MS + 5_000)
    assert it.watched == ["B"]


async def test_who_comes_back_before_it_has_left_stays() -> None:
    it = await rig([A, B], [B], [A, B])
    it.roster.watchers[0].has_open_episode = True
    await it.roster.tend(START_MS + 24 * HOUR_MS)

    await it.roster.tend(START_MS + 48 * HOUR_MS)
    it.roster.watchers[0].has_open_episode = False
    await it.roster.tend(START_MS + 49 * HOUR_MS)

    assert it.watched == ["A", "B"]


@pytest.mark.parametrize(
    "failure", [FeedUnavailable("no answer"), UnknownSymbol("'A' is no perpetual")]
)
async def test_a_selection_that_fails_keeps_the_old_list_and_is_made_again(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    it = await rig([A], failure, [B])

    await it.roster.tend(START_MS + 24 * HOUR_MS)
    assert it.watched == ["A"]
    assert f"the old list of markets stays: {failure}" in caplog.text

    await it.roster.tend(START_MS + 25 * HOUR_MS - 1)
    assert it.selection.made == 2
    await it.roster.tend(START_MS + 25 * HOUR_MS)
    assert it.watched == ["B"]


async def test_a_selection_that_takes_long_is_not_made_twice() -> None:
    it = await rig([A], [B])
    it.selection.holds = asyncio.Event()
    due_ms = START_MS + 24 * HOUR_MS

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(it.roster.tend(due_ms))
        await asyncio.sleep(0)
        await it.roster.tend(due_ms + 5_000)
        assert it.selection.made == 2
        it.selection.holds.set()

    assert it.watched == ["B"]


async def test_named_markets_are_not_selected_anew() -> None:
    it = await rig([A], [B], renews=False)

    await it.roster.tend(START_MS + 100 * HOUR_MS)

    assert it.selection.made == 1
    assert it.watched == ["A"]


async def test_a_list_that_did_not_change_changes_nothing() -> None:
    it = await rig([A, B], [B, A])

    await it.roster.tend(START_MS + 24 * HOUR_MS)

    assert it.watched == ["A", "B"]
    assert MARKET.key not in it.bulletin.snapshot.rows
