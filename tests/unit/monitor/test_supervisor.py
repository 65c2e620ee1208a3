"""A crash is told and survived; five in a minute are not."""

import asyncio

import pytest

from fakes import FakeClock
from liqmon.cli.errors import ExitCode, guarded
from liqmon.errors import UserError
from liqmon.monitor.supervisor import kept_alive, supervised


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


# P19: one of several parts fails


class Scanner:
    """Scans every five seconds; says stop after so many scans."""

    def __init__(self, clock: FakeClock, scans: int) -> None:
        self.scans = 0
        self.stop = asyncio.Event()
        self._clock = clock
        self._enough = scans

    async def run(self) -> None:
        while True:
            self.scans += 1
            if self.scans == self._enough:
                self.stop.set()
            await self._clock.sleep(5.0)


async def test_p19_the_scanner_survives_a_sender_that_dies() -> None:
    clock = FakeClock()
    sender, scanner = Part(crashes=3), Scanner(clock, scans=100)
    told: list[tuple[str, str]] = []

    await kept_alive(
        {"sender": sender.work, "scanner": scanner.run},
        stop=scanner.stop,
        clock=clock,
        tell=lambda *what: told.append(what),
    )

    assert (sender.runs, scanner.scans) == (4, 100)
    assert told == [("sender", "sender crashed (TypeError: a bug); restarted")] * 3


async def test_p19_between_two_restarts_the_wait_doubles() -> None:
    part = Part(crashes=4)

    await told(part)

    assert part.clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_p19_a_sender_that_dies_five_times_in_a_minute_ends_it_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = FakeClock()
    sender = Part(crashes=99)
    scanner = Scanner(clock, scans=10_000)

    async def watch() -> None:
        await kept_alive(
            {"sender": sender.work, "scanner": scanner.run},
            stop=scanner.stop,
            clock=sender.clock,
            tell=lambda *_: None,
        )

    assert guarded(lambda: asyncio.run(watch())) == ExitCode.FAILED
    assert sender.runs == 5
    assert scanner.scans < 10_000
    assert "TypeError: a bug" in capsys.readouterr().err
