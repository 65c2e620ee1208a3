"""Once a day, at its hour, over restarts: the sign of life."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.core.model import Phase, Severity
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.daily import DailyDigest
from liqmon.monitor.letters import letter
from liqmon.monitor.reports import ReportBox
from liqmon.monitor.scanner import Scan
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry

HOUR_S = 3_600.0
SCAN = Scan("bybit", asked=2, answered=2, took_s=0.1, interval_s=5.0)


def at(text: str, zone: tzinfo = UTC) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)


class Enough(Exception):
    """The test has seen what it wants to see."""


@dataclass
class Box:
    """A real outbox that can be out of reach."""

    box: ReportBox
    is_full: bool = False

    async def enqueue(self, entry: OutboxEntry, *, now_ms: int) -> bool:
        if self.is_full:
            raise StoreUnavailable("database or disk is full")
        return await self.box.enqueue(entry, now_ms=now_ms)


@dataclass
class Diary:
    """A digest and the clock it goes by; ``woken`` counts the couriers' wake-ups."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    zone: tzinfo = UTC
    woken: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bulletin = Bulletin(self.clock, BoardSnapshot("1", "1m", 0.0))
        self.bulletin.show_markets("bybit", (MARKET, ETH))
        self.box = Box(ReportBox(self.store, [""]))

    def begins(self, hour: str = "08:00") -> DailyDigest:
        """Return the digest of a run that begins now and has scanned once."""
        daily = DailyDigest(
            hour,
            clock=self.clock,
            bulletin=self.bulletin,
            outbox=self.box,
            on_report=lambda: self.woken.append(None),
            zone=self.zone,
        )
        daily.scanned(SCAN)
        return daily

    async def passes(self, daily: DailyDigest, hours: float) -> None:
        """Let time pass in the steps in which it looks."""
        for _ in range(round(hours * 60)):
            self.clock.push(60.0)
            daily.scanned(SCAN)
            await daily.look()

    async def keys(self) -> list[str]:
        return [row.dedup_key for row in await self.store.entries()]

    async def texts(self) -> list[str]:
        rows = await self.store.entries()
        return [str(letter(row, now_ms=self.clock.now_ms())) for row in rows]


@pytest.fixture
async def diary() -> AsyncIterator[Diary]:
    store = await Store.in_memory()
    yield Diary(store, FakeClock(wall_ms=at("2026-11-20T05:00")))
    await store.close()


async def test_it_reports_at_its_hour_once_a_day(diary: Diary) -> None:
    daily = diary.begins()
    await diary.passes(daily, 2.9)
    assert await diary.keys() == []

    await diary.passes(daily, 48.0)
    assert await diary.keys() == ["daily:2026-11-20@", "daily:2026-11-21@"]
    assert len(diary.woken) == 2


async def test_a_restart_sends_no_second_one(diary: Diary) -> None:
    await diary.passes(diary.begins(), 3.1)
    await diary.passes(diary.begins(), 1.0)

    assert await diary.keys() == ["daily:2026-11-20@"]
    assert len(diary.woken) == 1


async def test_a_restart_at_the_hour_makes_up_for_it(diary: Diary) -> None:
    diary.clock.push(3.5 * HOUR_S)
    await diary.begins().look()

    assert await diary.keys() == ["daily:2026-11-20@"]


async def test_a_first_start_in_the_afternoon_waits_for_tomorrow(diary: Diary) -> None:
    diary.clock.push(9 * HOUR_S)
    daily = diary.begins()
    await diary.passes(daily, 2.0)
    assert await diary.keys() == []

    await diary.passes(daily, 24.0)
    assert await diary.keys() == ["daily:2026-11-21@"]


async def test_a_host_that_slept_over_the_hour_reports_when_it_wakes(
    diary: Diary,
) -> None:
    daily = diary.begins()
    diary.clock.push(8 * HOUR_S)
    await daily.look()

    assert await diary.keys() == ["daily:2026-11-20@"]


async def test_nothing_is_claimed_before_the_first_scan(diary: Diary) -> None:
    diary.clock.push(3.0 * HOUR_S)
    daily = DailyDigest(
        "08:00",
        clock=diary.clock,
        bulletin=diary.bulletin,
        outbox=diary.box,
        on_report=lambda: None,
        zone=UTC,
    )
    await daily.look()

    assert await diary.keys() == []


async def test_a_report_that_the_disk_refuses_is_made_at_the_next_look(
    diary: Diary,
) -> None:
    daily = diary.begins()
    diary.box.is_full = True
    await diary.passes(daily, 3.1)
    diary.box.is_full = False
    await daily.look()

    assert await diary.keys() == ["daily:2026-11-20@"]


async def test_the_hour_is_that_of_the_wall_in_summer_and_in_winter() -> None:
    zone = ZoneInfo("Europe/Berlin")
    store = await Store.in_memory()
    # the night in which summer time ends
    clock = FakeClock(wall_ms=at("2026-10-24T07:00", zone))
    diary = Diary(store, clock, zone)
    await diary.passes(diary.begins(), 26.5)
    rows = await store.entries()
    await store.close()

    local = [datetime.fromtimestamp(row.created_ms / 1000, zone) for row in rows]
    assert [f"{one:%d %H:%M %Z}" for one in local] == ["24 08:00 CEST", "25 08:00 CET"]


async def test_it_tells_what_happened_since_the_last_one(diary: Diary) -> None:
    daily = diary.begins()
    for event in (
        FindingRaised(0, a_finding(severity=Severity.HIGH)),
        FindingRaised(0, a_finding(severity=Severity.HIGH, phase=Phase.END)),
        Delivery(0, "a1", DeliveryStatus.SENT),
        Delivery(0, "a2", DeliveryStatus.HELD),
        Delivery(0, "a2", DeliveryStatus.DIGESTED),
        Delivery(0, "a3", DeliveryStatus.EXPIRED),
        Delivery(0, "", DeliveryStatus.SENT),
        BreakerChanged(0, BreakerState.CLOSED, BreakerState.OPEN, "", 300.0),
        BreakerChanged(0, BreakerState.OPEN, BreakerState.HALF_OPEN, ""),
        Retrying(0, "bybit", "", 2, 3, 1.0, "HTTP 503"),
        Healed(0, "bybit", "", "closed"),
        GaveUp(0, "bybit", "", 3, "HTTP 503"),
    ):
        daily.note(event)
    daily.scanned(Scan("bybit", asked=2, answered=0, took_s=1.0, interval_s=5.0))
    await diary.passes(daily, 3.0)
    [first] = await diary.texts()

    assert "Watching 2 markets" in first
    assert "1 HIGH'" in first
    assert "2 of 3 delivered, breaker opened 1 x" in first
    assert "1, 1 session healed, gave up 1 x" in first
    assert "99.4 % of polls" in first

    await diary.passes(daily, 24.0)
    second = (await diary.texts())[1]
    assert "HIGH" not in second
    assert "100 % of polls" in second


async def test_a_report_of_another_version_says_at_least_that_it_is_alive(
    diary: Diary,
) -> None:
    entry = OutboxEntry(
        dedup_key="daily:x",
        episode="",
        kind="report",
        severity=1,
        payload={"report": "daily", "version": 9, "day": {"unheard": 1}},
    )
    await diary.store.enqueue(entry, now_ms=diary.clock.now_ms())
    [text] = await diary.texts()

    assert "liqmon: alive; noted" in text


async def test_it_looks_more_than_once_a_minute(diary: Diary) -> None:
    daily = diary.begins()

    async def sleep(seconds: float) -> None:
        diary.clock.slept.append(seconds)
        raise Enough

    diary.clock.sleep = sleep  # type: ignore[method-assign]

    with pytest.raises(Enough):
        await daily.run()

    assert diary.clock.slept == [20.0]
