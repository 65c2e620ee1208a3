from hypothesis import given, strategies as st

from liqmon.core.events import FeedState
from liqmon.exchange.standing import Permit, Standing


def standing() -> Standing:
    return Standing(interval_s=5.0)


def admitted(standing: Standing, now_mono: float) -> Permit:
    permit = standing.admit(now_mono)
    assert permit is not None
    return permit


def fail(standing: Standing, times: int, now_mono: float = 0.0) -> list[bool]:
    permits = [admitted(standing, now_mono) for _ in range(times)]
    return [standing.failed(permit, "HTTP 503", now_mono) for permit in permits]


def down() -> Standing:
    fresh = standing()
    fail(fresh, 5)
    return fresh


def test_a_new_exchange_may_be_asked_by_everybody_at_once() -> None:
    fresh = standing()

    assert all(fresh.admit(0.0) for _ in range(100))


def test_the_fifth_failure_in_a_row_closes_the_exchange_and_is_the_one_to_tell() -> (
    None
):
    fresh = standing()

    assert fail(fresh, 7) == [False, False, False, False, True, False, False]
    assert fresh.state is FeedState.UNAVAILABLE
    assert fresh.reason == "HTTP 503"
    assert fresh.admit(4.9) is None
    assert fresh.wait_s(1.0) == 4.0


def test_an_answer_in_between_starts_the_count_again() -> None:
    fresh = standing()
    fail(fresh, 4)
    assert not fresh.worked(admitted(fresh, 0.0))

    assert fail(fresh, 4) == [False] * 4
    assert fresh.state is FeedState.OK


def test_after_one_interval_a_single_call_probes() -> None:
    closed = down()

    assert admitted(closed, 5.0).probe
    assert closed.admit(5.0) is None
    assert closed.admit(500.0) is None


def test_a_failed_probe_doubles_the_wait_up_to_a_minute_and_is_not_told_again() -> None:
    closed, now_mono, waits = down(), 0.0, list[float]()
    for _ in range(6):
        now_mono += closed.wait_s(now_mono)
        assert not closed.failed(admitted(closed, now_mono), "again", now_mono)
        waits.append(closed.wait_s(now_mono))

    assert waits == [10, 20, 40, 60, 60, 60]


def test_a_probe_that_works_opens_the_exchange_and_resets_the_wait() -> None:
    closed = down()
    closed.failed(admitted(closed, 5.0), "again", 5.0)

    assert closed.worked(admitted(closed, 15.0))
    assert (closed.state, closed.reason) == (FeedState.OK, "")
    fail(closed, 5, 20.0)
    assert closed.wait_s(20.0) == 5.0


def test_a_probe_that_told_nothing_makes_room_for_another() -> None:
    closed = down()
    closed.returned(admitted(closed, 5.0))

    assert admitted(closed, 5.0).probe


def test_a_late_answer_does_not_open_an_exchange_that_cools_down() -> None:
    fresh = standing()
    early, limited = admitted(fresh, 0.0), admitted(fresh, 0.0)
    fresh.cooled(limited, "429", 0.0, hint_s=60.0)

    assert not fresh.worked(early)
    assert not fresh.failed(early, "HTTP 503", 1.0)
    assert fresh.state is FeedState.COOLING
    assert fresh.admit(59.0) is None


def test_of_many_calls_refused_at_once_the_longest_hint_counts_and_one_is_told() -> (
    None
):
    fresh = standing()
    permits = [admitted(fresh, 0.0) for _ in range(3)]
    hints = (30.0, 60.0, None)
    told = [
        fresh.cooled(permit, "429", 0.0, hint_s=hint_s)
        for permit, hint_s in zip(permits, hints, strict=True)
    ]

    assert told == [True, False, False]
    assert fresh.wait_s(0.0) == 60.0


def test_pauses_without_a_hint_double_until_an_answer_comes() -> None:
    fresh, now_mono, waits = standing(), 0.0, list[float]()
    for _ in range(3):
        fresh.cooled(admitted(fresh, now_mono), "429", now_mono, hint_s=None)
        waits.append(fresh.wait_s(now_mono))
        now_mono += waits[-1]
    fresh.worked(admitted(fresh, now_mono))
    fresh.cooled(admitted(fresh, now_mono), "429", now_mono, hint_s=None)

    assert waits == [5.0, 10.0, 20.0]
    assert fresh.wait_s(now_mono) == 5.0


def test_a_failure_that_no_repeat_can_mend_closes_at_once() -> None:
    fresh = standing()

    assert fresh.refused(admitted(fresh, 0.0), "certificate", 0.0)
    assert fresh.state is FeedState.UNAVAILABLE
    assert not fresh.refused(Permit(0, probe=False), "late", 1.0)


def test_a_probe_of_a_cooling_exchange_that_fails_makes_it_unavailable() -> None:
    fresh = standing()
    fresh.cooled(admitted(fresh, 0.0), "429", 0.0, hint_s=10.0)

    assert fresh.failed(admitted(fresh, 10.0), "HTTP 503", 10.0)
    assert fresh.state is FeedState.UNAVAILABLE


def test_a_blocked_exchange_stays_blocked() -> None:
    fresh = standing()
    early = admitted(fresh, 0.0)
    assert fresh.blocked("451")
    assert not fresh.blocked("451")

    assert not fresh.cooled(early, "429", 0.0, hint_s=1.0)
    assert not fresh.worked(early)
    assert fresh.state is FeedState.BLOCKED
    assert fresh.admit(1e9) is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["worked", "failed", "cooled", "returned", "refused"]),
        st.floats(0, 100),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_an_exchange_is_asked_again_within_five_minutes(
    steps: list[tuple[str, float]],
) -> None:
    each, now_mono = standing(), 0.0
    for what, pause_s in steps:
        now_mono += pause_s
        permit = each.admit(now_mono)
        if permit is None:
            continue
        match what:
            case "worked":
                each.worked(permit)
            case "failed":
                each.failed(permit, "x", now_mono)
            case "refused":
                each.refused(permit, "x", now_mono)
            case "cooled":
                each.cooled(permit, "x", now_mono, hint_s=None)
            case _:
                pass
        each.returned(permit)

    assert each.admit(now_mono + 301.0) is not None
