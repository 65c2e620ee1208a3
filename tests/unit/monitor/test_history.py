"""Few calls, no holes: what a market's history asks for and what it holds."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from factories import MARKET
from liqmon.core.model import TIMEFRAME_MS, Candles
from liqmon.errors import FeedUnavailable
from liqmon.monitor.history import History

HOUR_MS = 3_600_000
NOW_MS = 1_700_000_000_000 // 300_000 * 300_000 + 90_000


@dataclass
class FakeVenue:
    """Answers like an exchange: the newest ``limit`` rows, or those from ``since``."""

    page: int = 1_000
    listed_ms: int = 0
    down: bool = False
    untraded_ms: int = 0
    asked: list[tuple[str, int, int | None]] = field(default_factory=list)

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
        self.asked.append((timeframe, limit, since_ms))
        if self.down:
            raise FeedUnavailable("down")
        step_ms = TIMEFRAME_MS[timeframe]
        count = min(limit, self.page)
        last_ms = now_ms // step_ms * step_ms
        first_ms = last_ms - (count - 1) * step_ms
        if since_ms is not None:
            first_ms = -(-since_ms // step_ms) * step_ms
            last_ms = min(last_ms, first_ms + (count - 1) * step_ms)
        open_ms = np.arange(max(first_ms, self.listed_ms), last_ms + 1, step_ms)
        open_ms = open_ms[(open_ms != self.untraded_ms) | (step_ms != 60_000)]
        price = np.full(open_ms.size, 100.0)
        return Candles(step_ms, open_ms, price, price, price, price, price)


async def refreshed(
    history: History, now_ms: int, judged_ms: int | None = None
) -> History:
    judged_ms = now_ms - 60_000 if judged_ms is None else judged_ms
    await history.refresh(now_ms, judged_ms=judged_ms, deadline_mono=0.0)
    return history


def holes(candles: Candles) -> int:
    return int((np.diff(candles.open_ms) != candles.timeframe_ms).sum())


async def test_a_minute_market_starts_with_one_call_for_each_series() -> None:
    venue = FakeVenue()

    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)

    assert [timeframe for timeframe, _, _ in venue.asked] == ["1m", "5m"]
    assert int(history.baseline.open_ms[0]) <= NOW_MS - 73 * HOUR_MS
    assert int(history.bars.open_ms[0]) <= NOW_MS - HOUR_MS // 2


async def test_a_poll_within_the_same_five_minutes_asks_for_minutes_only() -> None:
    venue = FakeVenue()
    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)
    venue.asked.clear()

    await refreshed(history, NOW_MS + 60_000)

    assert [timeframe for timeframe, _, _ in venue.asked] == ["1m"]
    assert all(limit < 100 for _, limit, _ in venue.asked)


async def test_the_baseline_grows_out_of_the_minutes_without_being_asked_for() -> None:
    venue = FakeVenue()
    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)
    venue.asked.clear()

    for step in range(1, 13):
        await refreshed(history, NOW_MS + step * 60_000)

    slot_ms = (NOW_MS + 12 * 60_000) // 300_000 * 300_000
    assert {timeframe for timeframe, _, _ in venue.asked} == {"1m"}
    assert int(history.baseline.open_ms[-1]) == slot_ms - 300_000
    assert holes(history.baseline) == 0
    # a minute's volume is 100 at this venue
    assert history.baseline.volume[-2:].tolist() == [500.0, 500.0]


async def test_the_baseline_holds_closed_candles_only() -> None:
    history = await refreshed(History(FakeVenue(), MARKET, "1m"), NOW_MS)

    assert int(history.baseline.open_ms[-1]) + 300_000 <= NOW_MS


async def test_the_baseline_is_asked_for_where_a_minute_is_missing() -> None:
    venue = FakeVenue()
    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)
    venue.asked.clear()
    venue.untraded_ms = NOW_MS // 300_000 * 300_000 + 120_000

    for step in range(1, 8):
        await refreshed(history, NOW_MS + step * 60_000)

    assert [timeframe for timeframe, _, _ in venue.asked].count("5m") == 1
    assert holes(history.baseline) == 0


async def test_after_an_outage_of_hours_the_minutes_fill_the_baseline() -> None:
    venue = FakeVenue()
    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)
    venue.asked.clear()

    await refreshed(history, NOW_MS + 5 * HOUR_MS, judged_ms=NOW_MS)

    assert {timeframe for timeframe, _, _ in venue.asked} == {"1m"}
    assert holes(history.baseline) == 0


async def test_minutes_are_kept_for_half_a_day_and_the_baseline_for_days() -> None:
    history = await refreshed(History(FakeVenue(), MARKET, "1m"), NOW_MS)
    for step in range(1, 60):
        await refreshed(history, NOW_MS + step * 30 * 60_000)

    assert len(history.bars) <= 14 * 60 + 1
    assert len(history.baseline) >= 72 * 12


async def test_short_pages_are_put_together_without_a_hole() -> None:
    venue = FakeVenue(page=300)

    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)

    assert int(history.baseline.open_ms[0]) <= NOW_MS - 73 * HOUR_MS
    assert holes(history.baseline) == 0


async def test_a_young_listing_ends_the_paging() -> None:
    venue = FakeVenue(page=300, listed_ms=(NOW_MS - 40 * HOUR_MS) // 300_000 * 300_000)

    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)

    assert int(history.baseline.open_ms[0]) >= venue.listed_ms
    assert len(venue.asked) <= 5
    assert holes(history.baseline) == 0


async def test_a_venue_that_repeats_its_page_is_asked_a_bounded_number_of_times() -> (
    None
):
    class Stuck(FakeVenue):
        async def candles(self, *args: object, **wanted: object) -> Candles:
            wanted["since_ms"] = None
            return await super().candles(*args, **wanted)  # type: ignore[arg-type]

    venue = Stuck(page=300)

    await refreshed(History(venue, MARKET, "1m"), NOW_MS)

    assert len(venue.asked) < 12


async def test_after_a_pause_the_minutes_reach_back_to_the_last_judged_one() -> None:
    history = await refreshed(History(FakeVenue(), MARKET, "1m"), NOW_MS)
    later_ms = NOW_MS + 5 * HOUR_MS

    await refreshed(history, later_ms, judged_ms=NOW_MS)

    assert holes(history.bars) == 0
    assert int(history.bars.open_ms[-1]) == later_ms // 60_000 * 60_000


async def test_five_minute_bars_are_their_own_baseline() -> None:
    venue = FakeVenue()

    history = await refreshed(History(venue, MARKET, "5m"), NOW_MS)

    assert history.bars is history.baseline
    days = (NOW_MS - int(history.bars.open_ms[0])) / 86_400_000
    assert days > 5
    assert len(venue.asked) == 2


async def test_a_failed_refresh_leaves_what_is_held() -> None:
    venue = FakeVenue()
    history = await refreshed(History(venue, MARKET, "1m"), NOW_MS)
    held = history.bars
    venue.down = True

    with pytest.raises(FeedUnavailable):
        await refreshed(history, NOW_MS + 60_000)

    assert history.bars is held
