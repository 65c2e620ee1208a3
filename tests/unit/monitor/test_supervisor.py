"""A crash is told and survived; five in a minute are not."""

import asyncio

import pytest

from fakes import FakeClock
from liqmon.errors import UserError
from liqmon.monitor.supervisor import supervised


class Part:
    """Crashes a set number of times, then returns."""

    def __init__(self, crashes: int, takes_s: float = 0.0) -> None:
        self.runs = 0
        self.clock = FakeClock()
        self._crashes = crashes
        self._takes_s = takes_s

    async def work(self) -> None:
        self.runs += 1
        self.clock.push(self._takes_s)
        if self.runs <= self._crashes:
            raise TypeError("a bug")


async def told(part: Part) -> list[str]:
    lines: list[str] = []
    await supervised("part", part.work, clock=part.clock, tell=lines.append)
    return lines


async def test_a_crashed_part_is_restarted_and_the_user_is_told() -> None:
    part = Part(crashes=2)

    lines = await told(part)

    assert part.runs == 3
    assert lines == ["part crashed (TypeError: a bug); restarted"] * 2
    assert part.clock.slept == [0.5, 1.0]


async def test_five_crashes_in_a_minute_are_given_up_loudly() -> None:
    part = Part(crashes=99)

    with pytest.raises(TypeError):
        await told(part)

    assert part.runs == 5


async def test_rare_crashes_never_end_a_part() -> None:
    part = Part(crashes=20, takes_s=30.0)

    await told(part)

    assert part.runs == 21


async def test_what_the_user_can_fix_is_not_a_crash() -> None:
    async def work() -> None:
        raise UserError("no such market")

    with pytest.raises(UserError):
        await supervised("part", work, clock=FakeClock(), tell=print)


async def test_cancelling_is_not_a_crash() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await supervised("part", work, clock=FakeClock(), tell=print)
