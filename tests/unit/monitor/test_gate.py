import math

import pytest

from liqmon.core.breaker import Breaker, BreakerPolicy, Verdict
from liqmon.core.events import BreakerState
from liqmon.discord.answers import Fate, Ruling, Streak
from liqmon.monitor.gate import Gate, Hold, Outage
from liqmon.store.receiver import ReceiverState

NOW_MS = 1_700_000_000_000

WELL = Ruling(Verdict.SUCCESS, Fate.SENT, "delivered")
FAILED = Ruling(Verdict.FAILURE, Fate.RETRY, "failing")
LIMITED = Ruling(Verdict.NEUTRAL, Fate.RETRY, "rate-limited", wait_s=30.0)
GONE = Ruling(Verdict.FATAL, Fate.RETRY, "gone")


def a_gate(*, enabled: bool = True) -> Gate:
    return Gate(Breaker(BreakerPolicy(enabled=enabled)), "fp")


def attempt(gate: Gate, ruling: Ruling, now: float = 0.0) -> None:
    gate.settle(gate.enter(now), ruling, now, NOW_MS + round(now * 1000))


def restored(saved: ReceiverState, now: float = 0.0, now_ms: int = NOW_MS) -> Gate:
    gate = a_gate()
    gate.restore(saved, now, now_ms)
    return gate


def opened() -> Gate:
    gate = a_gate()
    for _ in range(3):
        attempt(gate, FAILED)
    return gate


def test_nothing_holds_at_first() -> None:
    assert a_gate().hold(0.0) is None
    assert a_gate().pause_s(0.0) == 0.0


def test_an_open_breaker_holds_and_says_that_it_is_the_breaker() -> None:
    assert opened().hold(100.0) == Hold(200.0, "breaker open: failing", by_breaker=True)
    assert opened().hold(300.0) is None


def test_what_is_held_cannot_be_entered() -> None:
    with pytest.raises(RuntimeError, match="shut"):
        opened().enter(100.0)


def test_a_rate_limit_holds_without_counting_as_a_failure() -> None:
    gate = a_gate()
    attempt(gate, LIMITED)

    assert gate.hold(10.0) == Hold(20.0, "rate-limited", by_breaker=False)
    assert (gate.failures, gate.state) == (0, BreakerState.CLOSED)


def test_the_longest_of_several_waits_counts() -> None:
    gate = a_gate()
    first, second = gate.enter(0.0), gate.enter(0.0)
    gate.settle(first, LIMITED, 0.0, NOW_MS)
    gate.settle(second, Ruling(Verdict.NEUTRAL, Fate.RETRY, "x", wait_s=1), 0.0, NOW_MS)

    hold = gate.hold(0.0)
    assert hold is not None
    assert hold.wait_s == 30.0


@pytest.mark.parametrize("enabled", [True, False])
def test_a_webhook_that_is_gone_holds_for_ever(enabled: bool) -> None:
    gate = a_gate(enabled=enabled)
    attempt(gate, GONE)

    assert gate.hold(1e9) == Hold(math.inf, "gone", by_breaker=False)
    assert restored(gate.export(0.0, NOW_MS)).hold(0.0) == gate.hold(0.0)


def test_an_abandoned_attempt_says_nothing() -> None:
    gate = opened()
    gate.abandon(gate.enter(300.0), 300.0)

    assert gate.hold(300.0) is None
    assert gate.enter(300.0).probe


def test_an_outage_lasts_from_the_first_opening_to_the_good_probe() -> None:
    gate = opened()
    assert gate.outage == Outage(NOW_MS, "failing")

    attempt(gate, Ruling(Verdict.FAILURE, Fate.RETRY, "still failing"), 300.0)
    assert gate.outage == Outage(NOW_MS, "failing")

    attempt(gate, WELL, 600.0)
    assert gate.outage is None


def test_an_outage_survives_a_restart_with_the_reason_it_began_with() -> None:
    gate = opened()
    attempt(gate, LIMITED, 300.0)

    assert restored(gate.export(300.0, NOW_MS)).outage == Outage(NOW_MS, "failing")


@pytest.mark.parametrize(("later_ms", "left_s"), [(10_000, 20.0), (60_000, None)])
def test_a_rate_limit_survives_a_restart(later_ms: int, left_s: float | None) -> None:
    gate = a_gate()
    attempt(gate, LIMITED)

    hold = restored(gate.export(0.0, NOW_MS), 7.0, NOW_MS + later_ms).hold(7.0)
    assert (hold and hold.wait_s) == left_s


def test_a_wall_clock_that_jumped_back_costs_a_day_at_most() -> None:
    gate = a_gate()
    attempt(gate, LIMITED)

    hold = restored(gate.export(0.0, NOW_MS), 0.0, 0).hold(0.0)
    assert hold is not None
    assert hold.wait_s == 86_400.0


def test_an_untroubled_gate_saves_no_trouble() -> None:
    assert a_gate().export(5.0, NOW_MS) == ReceiverState(
        fingerprint="fp", breaker=a_gate().export(5.0, NOW_MS).breaker
    )


def test_three_messages_are_given_up_on_and_then_none_for_an_hour() -> None:
    gate = a_gate()
    assert [gate.bury(one, 0.0) for one in "ab"] == [True, True]
    assert gate.hold(0.0) is None

    assert gate.bury("c", 0.0)
    hold = gate.hold(0.0)
    assert hold == Hold(3600.0, "3 messages in a row were refused", by_breaker=False)
    assert not gate.bury("d", 3600.0)
    assert not restored(gate.export(0.0, NOW_MS)).bury("d", 0.0)


def test_a_delivery_in_between_allows_three_more() -> None:
    gate = a_gate()
    for one in "ab":
        gate.bury(one, 0.0)
    attempt(gate, WELL)

    assert [gate.bury(one, 0.0) for one in "cdef"] == [True, True, True, False]


def test_an_empty_bucket_is_a_pause_not_a_hold() -> None:
    gate = a_gate()
    attempt(gate, Ruling(Verdict.SUCCESS, Fate.SENT, "delivered", wait_s=1.2))

    assert gate.hold(0.0) is None
    assert gate.pause_s(0.0) == pytest.approx(1.2)


def test_the_streak_of_one_answer_is_there_for_the_next() -> None:
    gate = a_gate()
    streak = Streak("edge", 2)
    attempt(gate, Ruling(Verdict.FAILURE, Fate.RETRY, "edge", streak=streak))

    assert gate.streak == streak


def test_reviving_forgets_all_that_stood_in_the_way() -> None:
    gate = a_gate()
    for one in "abc":
        gate.bury(one, 0.0)
    gate.revive()
    attempt(gate, GONE)
    change = gate.revive()

    assert change is not None
    assert change.new is BreakerState.CLOSED
    assert gate.hold(0.0) is None
    assert gate.bury("c", 0.0)
