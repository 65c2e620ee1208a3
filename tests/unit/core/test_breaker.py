"""The conformance table C01-C32, and any interleaving against a simple model."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from liqmon.core.breaker import Breaker, BreakerPolicy, Change, Permit, Verdict
from liqmon.core.events import BreakerState

CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN
HALF_OPEN, DEAD = BreakerState.HALF_OPEN, BreakerState.DEAD
SUCCESS, FAILURE = Verdict.SUCCESS, Verdict.FAILURE
NEUTRAL, FATAL = Verdict.NEUTRAL, Verdict.FATAL

WALL_MS = 1_700_000_000_000


def permitted(breaker: Breaker, now: float) -> Permit:
    permit = breaker.acquire(now)
    assert permit is not None
    return permit


def call(
    breaker: Breaker, verdict: Verdict, now: float = 0.0, why: str = "HTTP 500"
) -> Change | None:
    return breaker.settle(permitted(breaker, now), verdict, why, now)


def fresh() -> Breaker:
    return Breaker(BreakerPolicy())


def opened(policy: BreakerPolicy | None = None, *, now: float = 0.0) -> Breaker:
    breaker = Breaker(policy or BreakerPolicy())
    while breaker.state is CLOSED:
        call(breaker, FAILURE, now)
    return breaker


def half_open(*, now: float = 300.0) -> tuple[Breaker, Permit]:
    breaker = opened(now=now - 300)
    return breaker, permitted(breaker, now)


def restarted(
    breaker: Breaker, *, now: float, then: float = 0.0, wall_passed_s: float = 0.0
) -> Breaker:
    """Return another process's breaker; JSON is what lies between them."""
    saved = json.loads(json.dumps(breaker.export(now, WALL_MS), allow_nan=False))
    after = fresh()
    after.restore(saved, then, WALL_MS + round(wall_passed_s * 1000))
    return after


@contextmanager
def asked(breaker: Breaker, now: float) -> Iterator[Permit]:
    """How a caller holds a permit: whatever interrupts the call frees the slot."""
    permit = permitted(breaker, now)
    try:
        yield permit
    finally:
        breaker.settle(permit, NEUTRAL, "interrupted", now)


# the four of the system this grew from


def test_it_opens_after_three_failures() -> None:
    breaker = fresh()

    changes = [call(breaker, FAILURE) for _ in range(3)]

    assert changes == [None, None, Change(CLOSED, OPEN, "HTTP 500", 300.0)]


def test_nothing_is_let_through_while_it_is_open() -> None:
    breaker = opened()

    assert [breaker.acquire(float(now)) for now in range(300)] == [None] * 300


def test_it_closes_after_the_open_time() -> None:
    breaker = opened()

    change = call(breaker, SUCCESS, 300.0, "HTTP 200")

    assert change == Change(HALF_OPEN, CLOSED, "HTTP 200")
    assert breaker.state is CLOSED


def test_a_success_resets_the_count() -> None:
    breaker = fresh()
    for verdict in (FAILURE, FAILURE, SUCCESS):
        call(breaker, verdict)

    assert breaker.failures == 0


# the conformance table


def test_c01_it_starts_closed_and_tells_of_no_change() -> None:
    breaker = fresh()

    assert breaker.state is CLOSED
    assert permitted(breaker, 0.0).change is None


@pytest.mark.parametrize("threshold", [1, 2, 3, 7])
def test_c02_the_nth_failure_in_a_row_opens_it(threshold: int) -> None:
    breaker = Breaker(BreakerPolicy(failure_threshold=threshold))

    for _ in range(threshold - 1):
        assert call(breaker, FAILURE) is None
    change = call(breaker, FAILURE)

    assert change is not None
    assert breaker.state is OPEN


def test_c03_failures_with_a_success_between_them_do_not_open_it() -> None:
    breaker = fresh()

    for verdict in (FAILURE, FAILURE, SUCCESS, FAILURE, FAILURE):
        assert call(breaker, verdict) is None

    assert breaker.state is CLOSED
    assert call(breaker, FAILURE) is not None


def test_c04_the_call_that_trips_it_keeps_its_own_error() -> None:
    breaker = Breaker(BreakerPolicy(failure_threshold=1))
    permit = permitted(breaker, 0.0)

    def trip() -> None:
        try:
            raise ConnectionResetError("its own")
        finally:
            breaker.settle(permit, FAILURE, "reset", 0.0)

    with pytest.raises(ConnectionResetError, match="its own"):
        trip()
    assert breaker.state is OPEN


def test_c05_while_open_it_refuses_and_says_how_long() -> None:
    breaker = opened(now=1000.0)

    assert breaker.acquire(1100.0) is None
    assert breaker.retry_after(1100.0) == 200.0


def test_c06_it_is_half_open_exactly_when_the_open_time_is_over() -> None:
    breaker = opened(now=1000.1)

    assert breaker.acquire(1300.099) is None
    assert breaker.state is OPEN
    assert permitted(breaker, 1300.1).change == Change(
        OPEN, HALF_OPEN, "the open time is over"
    )


def test_c07_half_open_lets_exactly_one_of_fifty_through() -> None:
    breaker = opened()

    permits = [breaker.acquire(300.0) for _ in range(50)]

    assert [permit is not None for permit in permits] == [True] + [False] * 49
    assert permits[0] is not None
    assert permits[0].probe


def test_c08_a_lost_probe_is_replaced_after_its_time() -> None:
    breaker, _lost = half_open(now=300.0)

    assert breaker.retry_after(300.0) == 30.0
    assert breaker.acquire(329.9) is None
    replacement = permitted(breaker, 330.0)
    assert replacement.probe
    assert replacement.change is None
    assert breaker.acquire(330.0) is None


def test_c09_a_good_probe_closes_it_and_zeroes_the_count() -> None:
    breaker, probe = half_open()

    breaker.settle(probe, SUCCESS, "HTTP 200", 300.0)

    assert (breaker.state, breaker.failures) == (CLOSED, 0)
    assert breaker.retry_after(300.0) == 0.0


def test_c10_a_failed_probe_opens_it_for_a_full_period() -> None:
    breaker, probe = half_open(now=300.0)

    change = breaker.settle(probe, FAILURE, "HTTP 502", 310.0)

    assert change == Change(HALF_OPEN, OPEN, "HTTP 502", 300.0)
    assert breaker.retry_after(310.0) == 300.0


def test_c11_it_closes_after_several_failed_rounds() -> None:
    breaker = opened()
    for now in (300.0, 600.0, 900.0):
        assert call(breaker, FAILURE, now) is not None
        assert breaker.acquire(now + 299) is None

    assert call(breaker, SUCCESS, 1200.0) is not None
    assert breaker.state is CLOSED


def test_c12_after_closing_the_count_starts_afresh() -> None:
    breaker, probe = half_open()
    breaker.settle(probe, SUCCESS, "HTTP 200", 300.0)

    assert [call(breaker, FAILURE, 300.0) for _ in range(2)] == [None, None]


def waits(policy: BreakerPolicy, rounds: int) -> list[float | None]:
    """Return the announced open periods of an outage that does not end."""
    breaker, now = Breaker(policy), 0.0
    announced: list[float | None] = []
    while len(announced) < rounds:
        change = call(breaker, FAILURE, now)
        if change is not None:
            announced.append(change.wait_s)
        now += breaker.retry_after(now)
    return announced


def test_c13_a_schedule_grows_per_failed_round_and_its_last_entry_repeats() -> None:
    policy = BreakerPolicy(open_schedule_s=(30, 60, 120, 300))

    assert waits(policy, 6) == [30, 60, 120, 300, 300, 300]
    assert set(waits(policy, 1000)[3:]) == {300}


def test_c13_without_a_schedule_every_round_is_as_long() -> None:
    assert waits(BreakerPolicy(open_s=10), 4) == [10, 10, 10, 10]


@pytest.mark.parametrize("by_hand", [False, True])
def test_c14_the_schedule_starts_over_after_a_good_probe_or_a_reset(
    *, by_hand: bool
) -> None:
    breaker = opened(BreakerPolicy(open_schedule_s=(30, 60)))
    call(breaker, FAILURE, 30.0)
    if by_hand:
        breaker.reset()
    else:
        call(breaker, SUCCESS, 90.0)

    changes = [call(breaker, FAILURE, 90.0) for _ in range(3)]

    assert changes[-1] == Change(CLOSED, OPEN, "HTTP 500", 30)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_c15_a_verdict_from_before_the_trip_changes_nothing(verdict: Verdict) -> None:
    breaker = fresh()
    late = permitted(breaker, 0.0)
    for _ in range(3):
        call(breaker, FAILURE)
    probe = permitted(breaker, 300.0)

    assert breaker.settle(late, verdict, "late", 301.0) is None
    assert breaker.state is HALF_OPEN
    assert breaker.acquire(301.0) is None
    assert breaker.settle(probe, SUCCESS, "HTTP 200", 302.0) is not None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_c15_the_verdict_of_a_replaced_probe_changes_nothing(verdict: Verdict) -> None:
    breaker, lost = half_open(now=300.0)
    permitted(breaker, 330.0)

    assert breaker.settle(lost, verdict, "late", 331.0) is None
    assert breaker.state is HALF_OPEN
    assert breaker.acquire(331.0) is None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_c15_no_permit_from_before_a_restart_is_known_after_it(
    verdict: Verdict,
) -> None:
    before, probe = half_open(now=300.0)
    after = restarted(before, now=300.0)
    permitted(after, 0.0)

    assert after.settle(probe, verdict, "late", 1.0) is None
    assert after.acquire(1.0) is None


def test_c15_no_permit_from_before_a_restore_in_place_is_known_after_it() -> None:
    breaker, probe = half_open(now=300.0)
    breaker.restore(breaker.export(300.0, WALL_MS), 300.0, WALL_MS)
    permitted(breaker, 300.0)

    assert breaker.settle(probe, SUCCESS, "late", 301.0) is None
    assert breaker.state is HALF_OPEN


def test_c15_a_permit_from_before_a_reset_does_not_count() -> None:
    breaker = Breaker(BreakerPolicy(failure_threshold=1))
    late = permitted(breaker, 0.0)

    assert breaker.reset() is None
    assert breaker.settle(late, FAILURE, "late", 1.0) is None
    assert breaker.state is CLOSED


def test_c16_a_late_failure_does_not_prolong_the_open_time() -> None:
    breaker = fresh()
    late = permitted(breaker, 0.0)
    for _ in range(3):
        call(breaker, FAILURE)

    breaker.settle(late, FAILURE, "late", 200.0)

    assert breaker.retry_after(200.0) == 100.0


def test_c17_a_neutral_verdict_neither_counts_nor_resets() -> None:
    breaker = fresh()

    for verdict in (FAILURE, NEUTRAL, FAILURE, NEUTRAL):
        assert call(breaker, verdict) is None
    assert breaker.failures == 2
    assert call(breaker, FAILURE) is not None


def test_c18_a_neutral_probe_frees_the_slot_and_stays_half_open() -> None:
    breaker, probe = half_open(now=300.0)

    assert breaker.settle(probe, NEUTRAL, "HTTP 429", 301.0) is None
    assert breaker.state is HALF_OPEN
    assert breaker.retry_after(301.0) == 0.0
    assert permitted(breaker, 301.0).probe
    assert breaker.acquire(301.0) is None


async def cancelled(coroutine: Awaitable[None], begun: asyncio.Event) -> bool:
    task = asyncio.ensure_future(coroutine)
    await begun.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def test_c19_a_cancelled_call_is_neutral_and_stays_cancelled() -> None:
    breaker, begun = opened(), asyncio.Event()

    async def hang() -> None:
        with asked(breaker, 300.0):
            begun.set()
            await asyncio.Event().wait()

    assert await cancelled(hang(), begun)
    assert breaker.state is HALF_OPEN
    assert permitted(breaker, 300.0).probe


async def test_c19_a_call_cancelled_before_it_began_leaves_no_trace() -> None:
    breaker, begun = fresh(), asyncio.Event()
    before = breaker.export(0.0, WALL_MS)

    async def wait_first() -> None:
        begun.set()
        await asyncio.Event().wait()
        permitted(breaker, 0.0)

    assert await cancelled(wait_first(), begun)
    assert breaker.export(0.0, WALL_MS) == before


def test_c20_settling_twice_counts_once() -> None:
    breaker = fresh()
    permit = permitted(breaker, 0.0)

    for _ in range(5):
        breaker.settle(permit, FAILURE, "HTTP 500", 0.0)

    assert breaker.failures == 1


def test_c21_an_interrupt_frees_the_slot() -> None:
    breaker = opened()

    with pytest.raises(KeyboardInterrupt), asked(breaker, 300.0):
        raise KeyboardInterrupt
    assert permitted(breaker, 300.0).probe


def test_c22_every_transition_is_told_once_and_in_order() -> None:
    breaker, told = fresh(), []
    for now, verdict in (
        (0, FAILURE),
        (0, FAILURE),
        (0, FAILURE),
        (300, NEUTRAL),
        (300, FAILURE),
        (600, SUCCESS),
        (600, SUCCESS),
        (600, FATAL),
    ):
        permit = permitted(breaker, now)
        told += [permit.change, breaker.settle(permit, verdict, "", now)]
    told += [breaker.condemn("again"), breaker.reset(), breaker.reset()]
    told += [breaker.isolate(), breaker.isolate()]

    steps = [(change.old, change.new) for change in told if change is not None]

    assert steps == [
        (CLOSED, OPEN),
        (OPEN, HALF_OPEN),
        (HALF_OPEN, OPEN),
        (OPEN, HALF_OPEN),
        (HALF_OPEN, CLOSED),
        (CLOSED, DEAD),
        (DEAD, CLOSED),
        (CLOSED, OPEN),
    ]


def test_c23_a_listener_that_raises_finds_the_change_already_made() -> None:
    breaker = Breaker(BreakerPolicy(failure_threshold=1))

    def listen(change: Change | None) -> None:
        raise ZeroDivisionError(change)

    with pytest.raises(ZeroDivisionError):
        listen(call(breaker, FAILURE))
    assert breaker.state is OPEN
    assert breaker.acquire(299.0) is None
    assert permitted(breaker, 300.0).probe


def test_c24_a_change_says_old_new_reason_and_wait() -> None:
    breaker = Breaker(BreakerPolicy(failure_threshold=1, open_s=12))

    assert call(breaker, FAILURE, why="no answer in time") == Change(
        old=CLOSED, new=OPEN, reason="no answer in time", wait_s=12
    )
    assert breaker.reason == "no answer in time"


def test_c25_reading_the_state_never_moves_it() -> None:
    breaker = opened()

    for now in (0.0, 299.0, 300.0, 1e9):
        assert breaker.retry_after(now) == max(300.0 - now, 0.0)
        assert (breaker.state, breaker.failures) == (OPEN, 3)


def dead() -> Breaker:
    breaker = fresh()
    call(breaker, FATAL, why="HTTP 404, code 10015")
    return breaker


def probing() -> Breaker:
    return half_open()[0]


def isolated() -> Breaker:
    breaker = fresh()
    breaker.isolate()
    return breaker


@pytest.mark.parametrize("begin", [opened, dead, isolated])
def test_c26_a_reset_closes_whatever_it_was(begin: Callable[[], Breaker]) -> None:
    breaker = begin()
    old = breaker.state

    assert breaker.reset() == Change(old, CLOSED, "reset by hand")
    assert permitted(breaker, 0.0).change is None
    assert breaker.failures == 0


@pytest.mark.parametrize("begin", [fresh, opened])
def test_c26_isolated_holds_beyond_any_time(begin: Callable[[], Breaker]) -> None:
    breaker = begin()
    breaker.isolate()

    assert breaker.acquire(1e12) is None
    assert breaker.retry_after(1e12) == math.inf
    assert restarted(breaker, now=5.0, wall_passed_s=1e9).acquire(1e12) is None


def test_c26_isolating_does_not_wake_the_dead() -> None:
    breaker = dead()

    assert breaker.isolate() is None
    assert breaker.state is DEAD


def test_c27_the_wall_clock_does_not_matter_in_process() -> None:
    breaker = opened()
    for wall_ms in (0, WALL_MS + 3_600_000, WALL_MS - 3_600_000):
        breaker.export(100.0, wall_ms)

    assert breaker.acquire(299.9) is None
    assert permitted(breaker, 300.0).probe


@pytest.mark.parametrize("now", [0.0, 17.3, 299.0])
def test_c28_an_open_breaker_goes_on_waiting_after_a_restart(now: float) -> None:
    after = restarted(opened(), now=now, then=5000.0, wall_passed_s=0.5)

    assert after.state is OPEN
    assert after.retry_after(5000.0) == pytest.approx(299.5 - now)
    assert after.reason == "HTTP 500"


def test_c28_failures_and_rounds_survive_a_restart() -> None:
    before = fresh()
    for _ in range(2):
        call(before, FAILURE)
    after = restarted(before, now=0.0)

    assert after.state is CLOSED
    assert call(after, FAILURE) is not None


def test_c28_the_schedule_goes_on_after_a_restart() -> None:
    policy = BreakerPolicy(open_schedule_s=(30, 60, 120))
    before = opened(policy)
    call(before, FAILURE, 30.0)
    after = Breaker(policy)
    after.restore(before.export(30.0, WALL_MS), 0.0, WALL_MS)

    assert after.retry_after(0.0) == 60
    assert call(after, FAILURE, 60.0) == Change(HALF_OPEN, OPEN, "HTTP 500", 120)


def test_c28_a_half_open_breaker_comes_back_as_one_that_waited_long_enough() -> None:
    before, _probe = half_open(now=300.0)
    after = restarted(before, now=300.0, then=7.0, wall_passed_s=-86_400)

    assert after.state is OPEN
    assert permitted(after, 7.0).probe


def test_c28_the_dead_stay_dead() -> None:
    after = restarted(dead(), now=0.0, wall_passed_s=1e8)

    assert after.state is DEAD
    assert after.acquire(1e12) is None
    assert after.reason == "HTTP 404, code 10015"


@pytest.mark.parametrize("jump_s", [-86_400, -1, 1, 86_400])
def test_c28_a_wall_clock_that_jumped_costs_one_open_period_at_most(
    jump_s: float,
) -> None:
    after = restarted(opened(), now=0.0, wall_passed_s=jump_s)

    assert 0 <= after.retry_after(0.0) <= 300


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"state": "ajar", "failures": "many"},
        {"state": None, "failures": -5, "rounds": 1.5, "until_ms": math.nan},
        {"state": ["open"], "reason": 7},
    ],
)
def test_c28_a_record_that_makes_no_sense_counts_as_none(
    saved: dict[str, object],
) -> None:
    breaker = fresh()
    breaker.restore(saved, 0.0, WALL_MS)

    assert (breaker.state, breaker.failures, breaker.reason) == (CLOSED, 0, "")
    assert permitted(breaker, 0.0).change is None


def test_c28_an_absurd_deadline_is_clamped() -> None:
    breaker = fresh()
    breaker.restore({"state": "open", "until_ms": 10**400}, 0.0, WALL_MS)

    assert breaker.retry_after(0.0) == 300


@pytest.mark.parametrize("number", [0, -1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "name", ["failure_threshold", "open_s", "probe_timeout_s", "open_schedule_s"]
)
def test_c29_a_policy_that_cannot_work_is_refused(name: str, number: float) -> None:
    value = (30, number) if name == "open_schedule_s" else number
    arguments: dict[str, object] = {name: value}

    with pytest.raises(ValueError, match="must be"):
        BreakerPolicy(**arguments)  # type: ignore[arg-type]


def test_c30_a_failure_or_two_a_day_do_not_open_it() -> None:
    breaker, day = fresh(), 86_400.0

    for n in range(30):
        for verdict in (FAILURE, FAILURE, SUCCESS):
            call(breaker, verdict, n * day)

    assert breaker.state is CLOSED


def test_c30_three_in_a_row_open_it_however_far_apart() -> None:
    breaker, day = fresh(), 86_400.0

    changes = [call(breaker, FAILURE, n * day) for n in range(3)]

    assert changes[-1] == Change(CLOSED, OPEN, "HTTP 500", 300.0)


@pytest.mark.parametrize(
    "begin",
    [fresh, opened, probing, isolated],
)
def test_c31_condemned_from_any_state_it_never_lets_anything_through(
    begin: Callable[[], Breaker],
) -> None:
    breaker = begin()
    old = breaker.state

    assert breaker.condemn("deleted") == Change(old, DEAD, "deleted")
    assert [breaker.acquire(now) for now in (0.0, 300.0, 1e12)] == [None] * 3
    assert breaker.retry_after(1e12) == math.inf


@pytest.mark.parametrize("begin", [fresh, opened])
def test_c31_a_fatal_verdict_condemns(begin: Callable[[], Breaker]) -> None:
    breaker = begin()

    call(breaker, FATAL, 300.0)

    assert breaker.state is DEAD


def test_c32_it_is_never_stuck() -> None:
    breaker = opened()

    for n in range(1, 100):
        now = n * 330.0
        assert permitted(breaker, now).probe  # and lose it


def test_switched_off_it_lets_everything_through_and_counts_nothing() -> None:
    breaker = Breaker(BreakerPolicy(enabled=False))
    breaker.restore(dead().export(0.0, WALL_MS), 0.0, WALL_MS)

    for verdict in (FAILURE, FAILURE, FAILURE, FATAL) * 5:
        assert call(breaker, verdict) is None
    assert (breaker.state, breaker.failures) == (CLOSED, 0)


# any interleaving


class AnyInterleaving(RuleBasedStateMachine):
    """A caller that loses, delays and repeats verdicts, and restarts at any moment.

    The model knows four things: how many failures in a row, until when nothing may go
    out, which call is the probe and since when, and whether the receiver is dead.
    """

    permits: Bundle[Permit] = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = fresh()
        self.failures = 0
        self.open_until: float | None = None
        self.probe: Permit | None = None
        self.probe_until = 0.0
        self.current: set[Permit] = set()
        self.dead = False

    def may_call(self) -> bool:
        if self.dead:
            return False
        if self.open_until is not None:
            return self.now >= self.open_until - 1e-3
        return self.probe is None or self.now >= self.probe_until - 1e-3

    @rule(target=permits)
    def acquire(self) -> Permit:
        expected = self.may_call()
        permit = self.breaker.acquire(self.now)
        assert (permit is not None) == expected
        if permit is None:
            return Permit()  # one that nobody gave
        half_open = self.open_until is not None or self.probing
        assert permit.probe == half_open
        if half_open:
            self.current, self.probe = set(), permit
            self.probe_until, self.open_until = self.now + 30, None
            self.probing = True
        self.current.add(permit)
        return permit

    probing = False

    @rule(permit=permits, verdict=st.sampled_from(list(Verdict)))
    def settle(self, permit: Permit, verdict: Verdict) -> None:
        counts = permit in self.current
        change = self.breaker.settle(permit, verdict, "why", self.now)
        if not counts:
            assert change is None
            return
        self.current.discard(permit)
        self.probe = None
        if verdict is SUCCESS:
            self.failures, self.probing = 0, False
        elif verdict is FATAL:
            self.dead, self.current = True, set()
        elif verdict is FAILURE:
            self.failures += 1
            if self.probing or self.failures >= 3:
                self.open_until, self.current = self.now + 300, set()
                self.probing = False

    @rule(permit=consumes(permits))
    def lose(self, permit: Permit) -> None:
        """A verdict that never comes."""

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 10.0, 29.0, 30.0, 299.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(jump_s=st.sampled_from([0, 0, 0, -86_400, 86_400]))
    def restart(self, jump_s: int) -> None:
        saved = json.loads(json.dumps(self.breaker.export(self.now, WALL_MS)))
        self.breaker = fresh()
        self.breaker.restore(saved, self.now, WALL_MS + jump_s * 1000)
        self.current, self.probe = set(), None
        if self.probing:
            self.probing, self.open_until = False, self.now
        if self.open_until is not None and jump_s:
            left = min(max(self.open_until - self.now, 0) - jump_s, 300)
            self.open_until = self.now + max(left, 0)

    @precondition(lambda self: self.dead)
    @rule()
    def new_webhook(self) -> None:
        self.breaker.reset()
        self.dead = self.probing = False
        self.failures, self.open_until = 0, None
        self.current, self.probe = set(), None

    @invariant()
    def the_state_is_what_the_model_says(self) -> None:
        if self.dead:
            assert self.breaker.state is DEAD
        elif self.open_until is not None:
            assert self.breaker.state is OPEN
        else:
            assert self.breaker.state is (HALF_OPEN if self.probing else CLOSED)
            assert self.breaker.failures == self.failures

    @invariant()
    def waiting_long_enough_always_lets_one_through(self) -> None:
        later = self.now + 330
        patient = fresh()
        patient.restore(self.breaker.export(self.now, WALL_MS), self.now, WALL_MS)
        assert (patient.acquire(later) is None) == self.dead
        assert (self.breaker.retry_after(later) > 0) == self.dead


AnyInterleaving.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
test_any_interleaving = AnyInterleaving.TestCase
