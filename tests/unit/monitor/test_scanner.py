"""One exchange scanned: cycles, overlap, pace, and what a bad clock is told."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from factories import ETH, MARKET
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot
from liqmon.core.breadth import ALONE, Voice
from liqmon.core.events import Event, FeedChanged
from liqmon.core.model import Market
from liqmon.errors import FeedUnavailable, UserError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.company import Company
from liqmon.monitor.scanner import Scan, Scanner
from liqmon.monitor.systemd import Systemd
from notified import notified
from processes import until

BAR_END_MS = 1_700_000_040_000


@dataclass
class FakeExchange:
    """Tells a time, or fails."""

    clock: FakeClock
    id: str = "bybit"
    call_s: float = 0.1
    ahead_ms: int = 0
    down: bool = False

    async def now_ms(self) -> int:
        if self.down:
            raise FeedUnavailable("no answer")
        return self.clock.now_ms() + self.ahead_ms


@dataclass
class FakeWatcher:
    """Remembers when it was polled, and may take its time about it."""

    market: Market
    clock: FakeClock
    rejected: bool = False
    busy: bool = False
    failed: bool = False
    steps: list[tuple[int, float]] = field(default_factory=list)
    waits_for: asyncio.Event | None = None
    judged: asyncio.Event = field(default_factory=asyncio.Event)
    strength: float | None = None
    heard: list[float] | None = None
    crashes: int = 0

    async def step(
        self, now_ms: int, *, deadline_mono: float, company: Company
    ) -> None:
        self.steps.append((now_ms, deadline_mono))
        if len(self.steps) <= self.crashes:
            company.leave(self.market.key)
            raise TypeError("a bug")
        if self.waits_for is not None:
            self.busy = True
            await self.waits_for.wait()
            self.busy = False
        if self.strength is None:
            company.leave(self.market.key)
            return
        end_ms = np.array([BAR_END_MS], dtype=np.int64)
        voice = Voice(self.market.base, end_ms, np.array([self.strength]))
        company.speak(self.market.key, voice)
        self.heard = (await company.crowd()).around(voice).tolist()
        self.judged.set()


class Done(Exception):
    """Raised by the clock when the test has seen enough."""


@dataclass
class ClockFor(FakeClock):
    """A clock whose ``naps``-th sleep ends the run."""

    naps: int = 3

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if len(self.slept) >= self.naps:
            raise Done


def a_bulletin(clock: FakeClock) -> Bulletin:
    return Bulletin(clock, BoardSnapshot("1", "1m", 0.0))


def a_scanner(
    clock: FakeClock,
    *watchers: FakeWatcher,
    exchange: FakeExchange | None = None,
    bulletin: Bulletin | None = None,
    tells_skew: bool = True,
) -> Scanner:
    return Scanner(
        exchange or FakeExchange(clock),
        watchers,
        clock=clock,
        bulletin=bulletin or a_bulletin(clock),
        poll_interval_s=5.0,
        tells_skew=tells_skew,
    )


async def run_until_done(scanner: Scanner) -> None:
    with pytest.raises(ExceptionGroup) as stopped:
        await scanner.run()
    assert stopped.group_contains(Done)


@dataclass
class Counts:
    """Hears of the question for the time and of polls."""

    times: list[bool] = field(default_factory=list)

    def timed(self, exchange: str, *, answered: bool) -> None:
        self.times.append(answered)

    def polled(self, market: str) -> None:
        pass


async def test_whether_the_exchange_told_its_time_is_counted() -> None:
    clock, counts = FakeClock(), Counts()
    exchange, bulletin = FakeExchange(clock), a_bulletin(clock)
    scanner = a_scanner(
        clock, FakeWatcher(MARKET, clock), exchange=exchange, bulletin=bulletin
    )
    with bulletin.hearing_polls(counts):
        await scanner.once()
        exchange.down = True
        await scanner.once()

    assert counts.times == [True, False]


async def test_every_market_is_polled_every_interval_at_the_exchanges_time() -> None:
    clock = ClockFor()
    btc, eth = FakeWatcher(MARKET, clock), FakeWatcher(ETH, clock)

    await run_until_done(a_scanner(clock, btc, eth))

    start_ms = clock.wall_ms
    expected = [start_ms, start_ms + 5_000, start_ms + 10_000]
    assert [at_ms for at_ms, _ in btc.steps] == expected
    assert [at_ms for at_ms, _ in eth.steps] == expected
    assert clock.slept == [5.0, 5.0, 5.0]


async def test_a_deadline_leaves_room_for_a_retry_after_a_timeout() -> None:
    clock = FakeClock()
    btc = FakeWatcher(MARKET, clock)

    await a_scanner(clock, btc).once()

    assert btc.steps == [(clock.wall_ms, 25.0)]


async def test_a_market_that_is_still_at_it_is_passed_over_and_holds_up_nobody() -> (
    None
):
    clock = ClockFor(naps=3)
    slow = FakeWatcher(MARKET, clock, waits_for=asyncio.Event())
    eth = FakeWatcher(ETH, clock)

    await run_until_done(a_scanner(clock, slow, eth))

    assert len(slow.steps) == 1
    assert len(eth.steps) == 3


async def test_all_markets_of_a_cycle_are_read_before_any_is_judged() -> None:
    clock = FakeClock()
    btc = FakeWatcher(MARKET, clock, strength=-9.0)
    eth = FakeWatcher(ETH, clock, strength=-5.0)

    await a_scanner(clock, btc, eth).once()

    assert btc.heard == [(3.0 + 5.0) / 2]
    assert eth.heard == [(3.0 + 9.0) / 2]


async def test_a_market_that_failed_holds_up_nobody_and_says_nothing() -> None:
    clock = FakeClock()
    btc, eth = FakeWatcher(MARKET, clock, strength=-9.0), FakeWatcher(ETH, clock)

    await a_scanner(clock, btc, eth).once()

    assert btc.heard == [ALONE]


@pytest.mark.parametrize(("age_s", "heard"), [(59.0, 4.0), (60.0, ALONE)])
async def test_the_last_reading_stands_in_for_less_than_a_minute(
    age_s: float, heard: float
) -> None:
    clock = FakeClock()
    btc = FakeWatcher(MARKET, clock, strength=-9.0)
    eth = FakeWatcher(ETH, clock, strength=-5.0)
    scanner = a_scanner(clock, btc, eth)
    await scanner.once()

    eth.strength = None
    clock.push(age_s)
    await scanner.once()

    assert btc.heard == [heard]


async def test_a_slow_market_is_waited_for_a_moment_only() -> None:
    """It is judged with the others when it comes."""
    clock = FakeClock()
    release = asyncio.Event()
    btc = FakeWatcher(MARKET, clock, strength=-9.0)
    slow = FakeWatcher(ETH, clock, strength=-5.0, waits_for=release)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(a_scanner(clock, btc, slow).once())
        await btc.judged.wait()
        assert slow.heard is None
        release.set()

    assert btc.heard == [ALONE]
    assert slow.heard == [(3.0 + 9.0) / 2]


async def test_a_rejected_market_is_left_out_and_takes_no_share_of_the_limit() -> None:
    clock = FakeClock()
    gone = FakeWatcher(MARKET, clock, rejected=True)
    scanner = a_scanner(
        clock, gone, FakeWatcher(ETH, clock), exchange=FakeExchange(clock, call_s=10.0)
    )

    await scanner.once()

    assert gone.steps == []
    assert scanner.interval_s == pytest.approx(12.0)


def test_the_interval_is_no_shorter_than_the_rate_limit_allows() -> None:
    clock = FakeClock()
    watchers = [FakeWatcher(MARKET, clock) for _ in range(100)]

    assert a_scanner(clock, *watchers).interval_s == pytest.approx(12.0)
    assert a_scanner(clock, *watchers[:2]).interval_s == 5.0


async def test_without_the_exchanges_time_a_cycle_is_skipped() -> None:
    clock = FakeClock()
    btc, bulletin = FakeWatcher(MARKET, clock), a_bulletin(clock)
    exchange = FakeExchange(clock, down=True)
    scanner = a_scanner(clock, btc, exchange=exchange, bulletin=bulletin)

    await scanner.once()
    assert btc.steps == []

    exchange.down = False
    await scanner.once()
    assert len(btc.steps) == 1
    assert bulletin.snapshot.cycles == 2
    assert bulletin.snapshot.interval_s == {"bybit": 5.0}


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (300_000, "this host's clock is 5 min behind bybit's"),
        (-180_000, "this host's clock is 3 min ahead of bybit's"),
        (60_000, ""),
    ],
)
async def test_e27_f12_a_host_whose_clock_is_off_is_told(
    ahead_ms: int, said: str
) -> None:
    clock = FakeClock()
    bulletin = a_bulletin(clock)
    exchange = FakeExchange(clock, ahead_ms=ahead_ms)
    scanner = a_scanner(clock, exchange=exchange, bulletin=bulletin)

    await scanner.once()
    assert bulletin.snapshot.banner == said

    exchange.ahead_ms = 0
    await scanner.once()
    assert bulletin.snapshot.banner == ""


async def test_an_exchange_that_keeps_its_own_time_on_purpose_is_believed() -> None:
    clock = FakeClock()
    bulletin = a_bulletin(clock)
    exchange = FakeExchange(clock, ahead_ms=-10_000_000_000)

    await a_scanner(
        clock, exchange=exchange, bulletin=bulletin, tells_skew=False
    ).once()

    assert bulletin.snapshot.banner == ""


# what the outside is told


def a_watched_scanner(
    clock: FakeClock,
    *watchers: FakeWatcher,
    scans: list[Scan],
    beats: list[float],
    exchange: FakeExchange | None = None,
    interval_s: float = 5.0,
) -> Scanner:
    return Scanner(
        exchange or FakeExchange(clock),
        watchers,
        clock=clock,
        bulletin=a_bulletin(clock),
        poll_interval_s=interval_s,
        on_scan=scans.append,
        on_beat=lambda _: beats.append(clock.monotonic()),
    )


async def test_a_scan_is_told_when_the_last_of_its_polls_is_over() -> None:
    clock, scans = FakeClock(), list[Scan]()
    release = asyncio.Event()
    slow = FakeWatcher(ETH, clock, waits_for=release, failed=True)
    scanner = a_watched_scanner(
        clock, FakeWatcher(MARKET, clock), slow, scans=scans, beats=[]
    )

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scanner.once())
        await until(lambda: slow.busy, lambda: "nobody polls")
        clock.push(7.0)
        assert scans == []
        release.set()

    assert scans == [Scan("bybit", asked=2, answered=1, took_s=7.0, interval_s=5.0)]


async def test_a_scan_without_the_exchanges_time_gave_no_data() -> None:
    clock, scans = FakeClock(), list[Scan]()
    scanner = a_watched_scanner(
        clock,
        FakeWatcher(MARKET, clock),
        scans=scans,
        beats=[],
        exchange=FakeExchange(clock, down=True),
    )

    await scanner.once()

    assert scans == [Scan("bybit", asked=1, answered=0, took_s=0.0, interval_s=5.0)]


async def test_a_scan_of_nothing_but_rejected_markets_is_over_at_once() -> None:
    clock, scans = FakeClock(), list[Scan]()
    gone = FakeWatcher(MARKET, clock, rejected=True)

    await a_watched_scanner(clock, gone, scans=scans, beats=[]).once()

    assert [(scan.asked, scan.answered) for scan in scans] == [(0, 0)]


async def test_a_loop_that_rests_for_long_comes_round_in_between() -> None:
    clock, beats = ClockFor(naps=5), list[float]()
    scanner = a_watched_scanner(
        clock, FakeWatcher(MARKET, clock), scans=[], beats=beats, interval_s=12.0
    )

    await run_until_done(scanner)

    assert clock.slept == [5.0, 5.0, 2.0, 5.0, 5.0]
    assert beats == [5.0, 10.0, 12.0, 17.0]


async def test_a_loop_whose_scans_no_longer_end_is_not_called_alive() -> None:
    clock, scans, beats = ClockFor(naps=40), list[Scan](), list[float]()
    hangs = FakeWatcher(MARKET, clock, waits_for=asyncio.Event())

    await run_until_done(a_watched_scanner(clock, hangs, scans=scans, beats=beats))

    assert scans == []
    # three times the shortest deadline; the run was 200 s long
    assert max(beats) == 75.0


async def test_a_market_that_hangs_alone_does_not_make_the_loop_look_dead() -> None:
    clock, beats = ClockFor(naps=40), list[float]()
    hangs = FakeWatcher(MARKET, clock, waits_for=asyncio.Event())
    works = FakeWatcher(ETH, clock)

    await run_until_done(a_watched_scanner(clock, hangs, works, scans=[], beats=beats))

    assert len(beats) == 39


async def test_p13_a_blocked_loop_feeds_no_watchdog(tmp_path: Path) -> None:
    """A minute in which nothing runs: systemd hears nothing, and kills."""
    clock = ClockFor(naps=4)

    class Blocking(FakeWatcher):
        async def step(
            self, now_ms: int, *, deadline_mono: float, company: Company
        ) -> None:
            await super().step(now_ms, deadline_mono=deadline_mono, company=company)
            heard.append(listening.told())
            if len(self.steps) == 2:
                clock.push(60.0)
                heard.append(listening.told())

    heard: list[list[str]] = []
    with notified(tmp_path / "notify") as listening:
        systemd = Systemd(listening.address, watchdog_s=60.0)
        systemd.ready(["bybit"])
        scanner = Scanner(
            FakeExchange(clock),
            [Blocking(MARKET, clock)],
            clock=clock,
            bulletin=a_bulletin(clock),
            poll_interval_s=5.0,
            on_beat=systemd.beat,
            beat_s=systemd.beat_s,
        )
        await run_until_done(scanner)

    assert heard == [["READY=1"], ["WATCHDOG=1"], [], ["WATCHDOG=1"], ["WATCHDOG=1"]]
    assert clock.monotonic() > 60.0


# P17: a rule with a bug


async def test_p17_a_market_that_crashes_three_times_is_left_out_and_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ClockFor(naps=5)
    bulletin = a_bulletin(clock)
    btc, eth = FakeWatcher(MARKET, clock, crashes=99), FakeWatcher(ETH, clock)
    told: list[Event] = []
    with bulletin.listening(told.append):
        await run_until_done(a_scanner(clock, btc, eth, bulletin=bulletin))

    said = (
        "BTCUSDT crashed (TypeError: a bug) 3 times in a row and is no longer watched"
    )
    assert (len(btc.steps), len(eth.steps)) == (3, 5)
    assert bulletin.snapshot.banner == said
    assert [event.reason for event in told if isinstance(event, FeedChanged)] == [said]
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 4
    assert caplog.messages[-1] == said


async def test_p17_a_crash_that_does_not_come_back_is_forgotten() -> None:
    clock = ClockFor(naps=6)
    bulletin = a_bulletin(clock)
    btc, eth = FakeWatcher(MARKET, clock, crashes=2), FakeWatcher(ETH, clock)

    await run_until_done(a_scanner(clock, btc, eth, bulletin=bulletin))

    assert len(btc.steps) == 6
    assert bulletin.snapshot.banner == ""


async def test_p17_when_no_market_is_left_the_scanner_itself_crashes() -> None:
    """Its supervisor begins anew, and gives up if that does not help either."""
    clock = ClockFor(naps=9)
    btc = FakeWatcher(MARKET, clock, crashes=99)

    with pytest.raises(ExceptionGroup) as crashed:
        await a_scanner(clock, btc).run()

    assert crashed.group_contains(TypeError)
    assert len(btc.steps) == 3


async def test_what_a_poll_raises_on_purpose_is_no_crash() -> None:
    class Refusing(FakeWatcher):
        async def step(self, *_: object, **__: object) -> None:
            raise UserError("a newer schema")

    clock = FakeClock()
    with pytest.raises(ExceptionGroup) as refused:
        await a_scanner(clock, Refusing(MARKET, clock), FakeWatcher(ETH, clock)).once()

    assert refused.group_contains(UserError)
