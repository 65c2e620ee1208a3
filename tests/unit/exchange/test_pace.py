import asyncio

import pytest

from fakes import FakeClock
from liqmon.exchange.pace import Pace, urgently


class SteppingClock(FakeClock):
    """A wall clock that is set back by a day at every look."""

    def now_ms(self) -> int:
        self.wall_ms -= 86_400_000
        return super().now_ms()


async def test_calls_are_kept_apart_by_their_cost() -> None:
    clock = FakeClock()
    pace = Pace(clock, unit_s=0.02)
    for cost in (5.0, 5.0, None, 0.5):
        await pace(cost)

    assert clock.slept == pytest.approx([0.1, 0.1, 0.02])


async def test_a_pause_is_not_saved_up_for_a_burst() -> None:
    clock = FakeClock()
    pace = Pace(clock, unit_s=1.0)
    await pace()
    clock.push(100)
    await pace()
    await pace()

    assert clock.slept == [1.0]


async def test_p11_a_wall_clock_set_back_stalls_nobody() -> None:
    clock = SteppingClock()
    pace = Pace(clock, unit_s=0.1)
    for _ in range(5):
        clock.now_ms()
        await pace()

    assert clock.slept == pytest.approx([0.1] * 4)


async def test_calls_go_in_the_order_they_came() -> None:
    clock, order = FakeClock(), list[int]()
    pace = Pace(clock, unit_s=1.0)

    async def call(number: int) -> None:
        await pace()
        order.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(call(number))

    assert order == [0, 1, 2, 3, 4]


async def test_an_urgent_call_goes_before_all_that_wait() -> None:
    clock = FakeClock()
    pace = Pace(clock, unit_s=1.0)
    for _ in range(3):
        await pace(5.0)
    clock.slept.clear()

    with urgently():
        await pace(1.0)
    assert clock.slept == []

    await pace(1.0)
    # its cost is kept: the next one waits for it too
    assert clock.slept == [pytest.approx(6.0)]
