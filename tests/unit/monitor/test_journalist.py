import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from factories import a_finding
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FindingRaised,
    Healed,
    Retrying,
    Summary,
)
from liqmon.errors import StoreUnavailable
from liqmon.monitor.journalist import Journalist

HEALED = Healed(7, "bybit", "BTC/USDT:USDT", "session is closed")
OPENED = BreakerChanged(8, BreakerState.CLOSED, BreakerState.OPEN, "HTTP 500", 300.0)
HELD = Delivery(9, "a1b2c3d4", DeliveryStatus.HELD, "the breaker is open")
SENT = Delivery(9, "a1b2c3d4", DeliveryStatus.SENT)
RETRYING = Retrying(7, "bybit", "BTC/USDT:USDT", 2, 3, 1.0, "no answer in time")
CLOSING = Summary(9, 1.0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass
class Pages:
    """A journal in memory that can be full."""

    written: list[tuple[int, str, str, Mapping[str, object]]] = field(
        default_factory=list
    )
    full: bool = False

    async def record(
        self, *, at_ms: int, kind: str, market: str, body: Mapping[str, object]
    ) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        self.written.append((at_ms, kind, market, body))


async def kept(*events: Event) -> list[tuple[int, str]]:
    pages = Pages()
    journalist = Journalist(pages)
    for event in events:
        journalist.note(event)
    await journalist.finish()
    assert {entry[2] for entry in pages.written} <= {""}
    return [entry[:2] for entry in pages.written]


async def test_what_is_rare_is_written_in_its_order() -> None:
    assert await kept(OPENED, HELD) == [(8, "BreakerChanged"), (9, "Delivery")]


@pytest.mark.parametrize("event", [HEALED, RETRYING, SENT, CLOSING])
async def test_what_is_counted_or_written_elsewhere_is_not_written(
    event: Event,
) -> None:
    assert await kept(event, FindingRaised(7, a_finding())) == []


async def test_a_full_disk_costs_the_entry_and_nothing_else() -> None:
    pages = Pages(full=True)
    journalist = Journalist(pages)
    journalist.note(HELD)
    await journalist.finish()
    pages.full = False
    journalist.note(OPENED)
    await journalist.finish()

    assert [entry[1] for entry in pages.written] == ["BreakerChanged"]


async def test_a_disk_that_is_too_slow_loses_the_newest_and_holds_nobody_up() -> None:
    assert len(await kept(*[HELD] * 1_500)) == 1_000


async def test_while_it_runs_events_are_written_as_they_come() -> None:
    pages = Pages()
    journalist = Journalist(pages)
    task = asyncio.create_task(journalist.run())
    journalist.note(HELD)
    async with asyncio.timeout(5):
        while not pages.written:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    assert pages.written[0][3]["reason"] == "the breaker is open"
