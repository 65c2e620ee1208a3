import pytest
from hypothesis import given, strategies as st

from liqmon.monitor.pacing import Pace


def test_four_go_at_once_and_then_one_every_two_seconds() -> None:
    pace = Pace()
    for _ in range(4):
        assert pace.wait_s(0.0) == 0.0
        pace.sent(0.0)

    assert 0 < pace.wait_s(0.0) <= 2.1
    assert pace.wait_s(2.1) == 0.0


def test_after_an_idle_spell_the_minute_still_counts() -> None:
    pace, now = Pace(), 1_000.0
    sent = 0
    while now < 1_060.0:
        wait_s = pace.wait_s(now)
        if wait_s == 0:
            pace.sent(now)
            sent += 1
        now += wait_s

    assert sent == 28


def test_a_restart_counts_what_was_sent_before() -> None:
    before, after = Pace(), Pace()
    for second in range(3):
        before.sent(100.0 + second)

    after.restore(before.export(103.0, 5_000), 7.0, 5_000)

    assert before.wait_s(103.0) == after.wait_s(7.0) == 0.0
    for pace, now in ((before, 103.0), (after, 7.0)):
        pace.sent(now)
        pace.sent(now)
    assert before.wait_s(103.0) == pytest.approx(after.wait_s(7.0))
    assert after.wait_s(7.0) > 0


@pytest.mark.parametrize("saved", [None, "x", [None, "x", 9_999, -70_000]])
def test_what_makes_no_sense_in_a_restart_is_left_out(saved: object) -> None:
    pace = Pace()
    pace.restore(saved, 7.0, 5_000)

    assert pace.export(7.0, 5_000) == []


@given(st.lists(st.floats(0, 30), max_size=120))
def test_no_minute_has_more_than_28_and_no_two_seconds_more_than_4(
    gaps_s: list[float],
) -> None:
    pace, now = Pace(), 0.0
    times: list[float] = []
    for gap_s in gaps_s:
        now += gap_s
        now += pace.wait_s(now)
        assert pace.wait_s(now) == 0.0
        pace.sent(now)
        times.append(now)

    for start in times:
        assert sum(start <= at < start + 59.999 for at in times) <= 28
        assert sum(start <= at < start + 1.999 for at in times) <= 4
