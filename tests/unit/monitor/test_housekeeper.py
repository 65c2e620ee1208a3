import asyncio

from couriers import MoodyStore, SteppedClock, entry
from liqmon.core.model import Severity
from liqmon.monitor.housekeeper import Housekeeper
from liqmon.store.outbox import RowState, Settlement

DAY_S = 86_400.0


async def test_it_tidies_up_at_the_start_and_every_hour() -> None:
    store, clock = await MoodyStore.in_memory(), SteppedClock(ends_s=9 * DAY_S)
    await store.enqueue(entry("dead"), now_ms=clock.now_ms())
    dead = Settlement(state=RowState.DEAD, error="refused")
    await store.settle(1, dead, now_ms=clock.now_ms())
    await store.enqueue(entry("off", severity=Severity.LOW), now_ms=clock.now_ms())

    task = asyncio.create_task(Housekeeper(store, clock).run())
    await clock.reached.wait()
    task.cancel()

    rows = {row.dedup_key: row.state for row in await store.entries()}
    assert rows == {"off": RowState.EXPIRED}
    assert set(clock.slept) == {3_600.0}
    await store.close()


async def test_a_disk_in_trouble_is_left_for_the_next_time() -> None:
    store, clock = await MoodyStore.in_memory(), SteppedClock()
    store.broken = frozenset({"retain"})

    await Housekeeper(store, clock).tidy()

    store.broken = frozenset()
    await store.close()
