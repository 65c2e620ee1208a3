"""A market's history in pages: whole, in few calls, whatever the exchange is like."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from factories import MARKET
from fakes import FakeClock
from liqmon.app.pages import Page, Pages
from liqmon.core.model import Candles
from liqmon.errors import BadData, FeedCooling, FeedUnavailable

STEP_MS = 60_000
NOW_MS = 1_700_000_040_000
"""On the grid."""


@dataclass
class FakeVenue:
    """Has a candle a minute since it listed the market, but for a gap.

    ``most`` rows come in one answer. With ``windowed`` an answer is about so many
    minutes from ``since_ms`` on, else it holds so many rows.
    """

    listed_ms: int = 0
    gap: tuple[int, int] = (0, 0)
    most: int = 1000
    windowed: bool = False
    coolings: int = 0
    asked: list[int] = field(default_factory=list)

    async def candles(
        self,
        market: object,
        timeframe: str,
        *,
        limit: int,
        now_ms: int,
        since_ms: int | None = None,
        deadline_mono: float | None = None,
    ) -> Candles:
        assert since_ms is not None
        self.asked.append(since_ms)
        if self.coolings:
            self.coolings -= 1
            raise FeedCooling("too many requests", wait_s=7.0)
        most = min(limit, self.most)
        end_ms = since_ms + most * STEP_MS if self.windowed else now_ms + STEP_MS
        first_ms = max(since_ms, self.listed_ms)
        open_ms = np.arange(first_ms, min(end_ms, now_ms + STEP_MS), STEP_MS)
        open_ms = open_ms[(open_ms < self.gap[0]) | (open_ms >= self.gap[1])][:most]
        if open_ms.size < 10:
            raise BadData("only a few candles")
        price = np.full(open_ms.size, 100.0)
        return Candles(STEP_MS, open_ms, price, price, price, price, price)


async def fetched(
    venue: FakeVenue, minutes: int, clock: FakeClock | None = None
) -> list[Page]:
    """Return the pages of the last minutes, which must join without a seam."""
    pages = Pages(venue, MARKET, "1m", now_ms=NOW_MS, clock=clock or FakeClock())
    start_ms = NOW_MS - minutes * STEP_MS
    got = [page async for page in pages.back(start_ms, NOW_MS)]
    edges = [NOW_MS, *(page.start_ms for page in got)]
    assert [page.end_ms for page in got] == edges[:-1]
    assert edges[-1] == start_ms
    return got


def opens(pages: list[Page]) -> list[int]:
    return [open_ms for page in pages[::-1] for open_ms in page.candles.open_ms]


def minutes(first_ms: int, end_ms: int) -> list[int]:
    return list(range(first_ms, end_ms, STEP_MS))


@pytest.mark.parametrize("windowed", [False, True])
@pytest.mark.parametrize("most", [1000, 300, 150])
async def test_the_whole_stretch_is_fetched_once(most: int, windowed: bool) -> None:
    venue = FakeVenue(most=most, windowed=windowed)

    pages = await fetched(venue, 2500)

    assert opens(pages) == minutes(NOW_MS - 2500 * STEP_MS, NOW_MS)


async def test_a_thousand_rows_a_call_take_few_calls() -> None:
    venue = FakeVenue()

    await fetched(venue, 9000)

    assert len(venue.asked) == 10


async def test_a_few_minutes_are_asked_for_among_more() -> None:
    venue = FakeVenue()

    assert len(opens(await fetched(venue, 2))) == 2
    assert len(venue.asked) == 1


@pytest.mark.parametrize("windowed", [False, True])
async def test_a_gap_is_no_reason_to_stop(windowed: bool) -> None:
    begin_ms, end_ms = NOW_MS - 1500 * STEP_MS, NOW_MS - 1300 * STEP_MS
    venue = FakeVenue(gap=(begin_ms, end_ms), windowed=windowed)

    pages = await fetched(venue, 2500)

    assert opens(pages) == [
        *minutes(NOW_MS - 2500 * STEP_MS, begin_ms),
        *minutes(end_ms, NOW_MS),
    ]


@pytest.mark.parametrize("windowed", [False, True])
async def test_a_gap_longer_than_a_page_is_no_listing(windowed: bool) -> None:
    begin_ms, end_ms = NOW_MS - 4000 * STEP_MS, NOW_MS - 1000 * STEP_MS
    venue = FakeVenue(gap=(begin_ms, end_ms), windowed=windowed)

    pages = await fetched(venue, 6000)

    assert opens(pages) == [
        *minutes(NOW_MS - 6000 * STEP_MS, begin_ms),
        *minutes(end_ms, NOW_MS),
    ]


@pytest.mark.parametrize("windowed", [False, True])
async def test_before_the_listing_nothing_is_asked_page_by_page(
    windowed: bool,
) -> None:
    listed_ms = NOW_MS - 1200 * STEP_MS
    venue = FakeVenue(listed_ms=listed_ms, windowed=windowed)

    pages = await fetched(venue, 100_000)

    assert opens(pages) == minutes(listed_ms, NOW_MS)
    assert len(venue.asked) <= 6


async def test_an_answer_that_is_no_data_is_not_taken_for_an_empty_page() -> None:
    venue = FakeVenue(gap=(NOW_MS - 5000 * STEP_MS, NOW_MS + STEP_MS))

    with pytest.raises(BadData):
        await fetched(venue, 3000)


async def test_a_rate_limit_is_waited_for() -> None:
    clock = FakeClock()

    pages = await fetched(FakeVenue(coolings=3), 100, clock)

    assert len(opens(pages)) == 100
    assert clock.slept == [7.0, 7.0, 7.0]


async def test_a_rate_limit_without_end_is_not() -> None:
    with pytest.raises(FeedCooling):
        await fetched(FakeVenue(coolings=100), 100)


async def test_what_was_fetched_before_a_failure_is_whole() -> None:
    class Failing(FakeVenue):
        async def candles(self, *words: object, **options: object) -> Candles:
            if len(self.asked) == 2:
                raise FeedUnavailable("down")
            return await super().candles(*words, **options)  # type: ignore[arg-type]

    pages = Pages(Failing(), MARKET, "1m", now_ms=NOW_MS, clock=FakeClock())
    got: list[Page] = []

    async def fetch() -> None:
        async for page in pages.back(NOW_MS - 5000 * STEP_MS, NOW_MS):
            got.append(page)  # noqa: PERF401 - a list of all would not be had

    with pytest.raises(FeedUnavailable):
        await fetch()

    assert opens(got) == minutes(NOW_MS - 1800 * STEP_MS, NOW_MS)
