"""Three clocks tell sleep, a clock that was set, and a stall from each other."""

from dataclasses import dataclass, field

import pytest

from fakes import FakeClock
from liqmon.clock import boot_s
from liqmon.monitor.suspension import Gap, GapKind, Timekeeper

HOUR_S = 3_600.0


@dataclass
class Host(FakeClock):
    """A host that can sleep: only the wall clock and the boot clock go on."""

    asleep_s: float = 0.0
    during: list[tuple[str, float]] = field(default_factory=list)

    def boot(self) -> float | None:
        return self.seconds + self.asleep_s

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        for what, amount in self.during:
            if what == "sleep":
                self.asleep_s += amount
                self.wall_ms += round(amount * 1000)
            elif what == "set":
                self.wall_ms += round(amount * 1000)
            else:
                self.push(amount)
        self.during.clear()


async def napped(host: Host, **more: float) -> Gap | None:
    keeper = Timekeeper(host, boot=host.boot)
    host.during = list(more.items())
    return await keeper.nap(10.0)


async def test_an_ordinary_nap_is_no_gap() -> None:
    assert await napped(Host()) is None


async def test_p12_a_host_that_slept_is_recognised() -> None:
    gap = await napped(Host(), sleep=2 * HOUR_S + 13 * 60)

    assert gap == Gap(GapKind.SLEPT, 2 * HOUR_S + 13 * 60)
    assert str(gap) == "the host slept for 2 h 13 min"


@pytest.mark.parametrize(
    ("set_s", "said"),
    [
        (HOUR_S, "the host's clock jumped by +3600 s"),
        (-24 * HOUR_S, "the host's clock jumped by -86400 s"),
    ],
)
async def test_p11_a_wall_clock_that_was_set_is_recognised(
    set_s: float, said: str
) -> None:
    gap = await napped(Host(), set=set_s)

    assert gap == Gap(GapKind.JUMPED, set_s)
    assert str(gap) == said


async def test_p13_a_process_that_stood_still_is_recognised() -> None:
    gap = await napped(Host(), block=60.0)

    assert gap == Gap(GapKind.STALLED, 60.0)
    assert str(gap) == "nothing ran for 1 min"


async def test_sleep_explains_a_clock_that_was_set_with_it() -> None:
    gap = await napped(Host(), sleep=HOUR_S, set=-60.0, block=20.0)

    assert gap == Gap(GapKind.SLEPT, HOUR_S)


async def test_a_correction_of_the_clock_and_a_busy_machine_are_no_gap() -> None:
    assert await napped(Host(), set=-29.0, block=9.0) is None
    assert await napped(Host(), sleep=20.0, set=20.0) is None


async def test_each_gap_is_found_once() -> None:
    host = Host()
    keeper = Timekeeper(host, boot=host.boot)
    host.during = [("sleep", HOUR_S)]

    assert await keeper.nap(10.0) is not None
    assert await keeper.nap(10.0) is None


async def test_sleep_between_two_naps_is_found_too() -> None:
    host = Host()
    keeper = Timekeeper(host, boot=host.boot)
    host.asleep_s += HOUR_S
    host.wall_ms += round(HOUR_S * 1000)
    # a slow disk between two naps is no stall
    host.push(30.0)

    assert await keeper.nap(10.0) == Gap(GapKind.SLEPT, HOUR_S)


@pytest.mark.parametrize(
    ("set_s", "kind", "said"),
    [
        (
            HOUR_S,
            GapKind.UNSURE,
            "the host slept for 1 h, or its clock was set ahead",
        ),
        (-HOUR_S, GapKind.JUMPED, "the host's clock jumped by -3600 s"),
    ],
)
async def test_without_a_clock_that_counts_sleep_it_says_what_it_can_tell(
    set_s: float, kind: GapKind, said: str
) -> None:
    host = Host()
    keeper = Timekeeper(host, boot=lambda: None)
    host.during = [("set", set_s)]
    gap = await keeper.nap(10.0)

    assert gap == Gap(kind, set_s)
    assert str(gap) == said


def test_the_boot_clock_never_runs_backwards() -> None:
    first, second = boot_s(), boot_s()

    assert first is None or second is None or first <= second
