import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st

from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Phase
from liqmon.monitor.grouping import MOST_TOGETHER, Grouping, is_news
from liqmon.store.outbox import OutboxRow, RowState

WAIT_S = 1.5


def a_row(
    number: int, phase: Phase = Phase.ONSET, *, route: str = "", **changes: Any
) -> OutboxRow:
    finding = a_finding(episode=f"e{number}", phase=phase)
    row = OutboxRow(
        id=number,
        dedup_key=str(number),
        episode=finding.episode,
        kind="finding",
        severity=2,
        created_ms=0,
        expires_ms=1,
        state=RowState.PENDING,
        payload=finding_to_facts(finding),
        attempts=0,
        not_before_ms=0,
        ambiguous=False,
        plain=False,
        message_id="",
        last_error="",
        settled_ms=None,
        route=route,
    )
    return replace(row, **changes)


SEVEN = [a_row(number) for number in range(7)]


def begun(*rows: OutboxRow, now: float = 0.0) -> Grouping:
    grouping = Grouping(WAIT_S)
    grouping.begun(rows, now)
    return grouping


def test_the_first_goes_at_once_and_alone() -> None:
    assert Grouping(WAIT_S).chosen(SEVEN, 0.0) == (SEVEN[0],)


def test_those_that_follow_share_the_second_message_when_the_wait_is_over() -> None:
    grouping = begun(SEVEN[0])

    assert grouping.chosen(SEVEN[1:], 0.5) == ()
    assert grouping.wait_s(0.5) == 1.0
    assert grouping.chosen(SEVEN[1:], WAIT_S) == tuple(SEVEN[1:])


def test_what_comes_after_the_wait_is_a_first_again() -> None:
    grouping = begun(SEVEN[0])

    assert grouping.chosen(SEVEN[1:], WAIT_S) == (SEVEN[1],)
    assert grouping.wait_s(WAIT_S) == math.inf


def test_a_burst_that_goes_on_makes_one_message_per_wait() -> None:
    grouping = begun(SEVEN[0])
    grouping.chosen(SEVEN[1:3], 1.0)
    grouping.begun(grouping.chosen(SEVEN[1:3], 1.5), 1.5)

    assert grouping.chosen(SEVEN[3:], 2.0) == ()
    assert grouping.wait_s(2.0) == 1.0
    assert grouping.chosen(SEVEN[3:], 3.0) == tuple(SEVEN[3:])


def test_ends_reports_and_refused_rows_wait_for_nobody_and_share_nothing() -> None:
    end = a_row(8, Phase.END)
    plain = a_row(9, plain=True)
    report = a_row(10, kind="report", payload={"report": "breaker"})
    grouping = begun(SEVEN[0])

    for row in (end, plain, report):
        assert grouping.chosen([*SEVEN[1:], row], 0.1) == (row,)


def test_facts_that_cannot_be_read_are_told_by_themselves() -> None:
    assert not is_news(a_row(1, payload={"v": 99, "phase": "onset"}))


def test_what_was_tried_before_takes_along_what_is_due() -> None:
    tried = a_row(1, attempts=1)

    assert Grouping(WAIT_S).chosen([tried, *SEVEN[2:]], 0.0) == (tried, *SEVEN[2:])


def test_every_route_is_gathered_by_itself() -> None:
    grouping = begun(SEVEN[0])
    other = a_row(20, route="btc")

    assert grouping.chosen([SEVEN[1], other], 0.1) == (other,)
    grouping.begun([other], 0.1)
    assert grouping.chosen([SEVEN[1], a_row(21, route="btc")], 0.2) == ()
    assert grouping.chosen([SEVEN[1], a_row(21, route="btc")], 1.5) == (SEVEN[1],)


def test_whoever_is_in_a_hurry_waits_for_nobody_but_still_groups() -> None:
    grouping = Grouping(WAIT_S)
    grouping.hurried = True

    assert grouping.chosen(SEVEN, 0.0) == (SEVEN[0],)
    grouping.begun([SEVEN[0]], 0.0)
    assert grouping.chosen(SEVEN[1:], 0.0) == tuple(SEVEN[1:])


def test_without_a_wait_nothing_is_grouped() -> None:
    grouping = Grouping(0.0)
    grouping.begun([SEVEN[0]], 0.0)

    assert grouping.chosen([a_row(1, attempts=3), *SEVEN], 0.0) == (
        a_row(1, attempts=3),
    )


def test_no_message_takes_more_than_fifty() -> None:
    many = [a_row(number) for number in range(80)]
    grouping = begun(a_row(99))
    grouping.chosen(many, 0.0)

    assert grouping.chosen(many, WAIT_S) == tuple(many[:MOST_TOGETHER])


@given(arrivals=st.lists(st.floats(0, 20), min_size=1, max_size=30))
def test_all_go_in_time_none_twice_and_no_burst_makes_more_than_one_a_wait(
    arrivals: list[float],
) -> None:
    """Each goes within the wait of its arrival, however they come."""
    grouping, now, sent = Grouping(WAIT_S), 0.0, dict[int, float]()
    moments: list[float] = []
    coming = sorted(arrivals)
    while len(sent) < len(coming):
        due = [
            a_row(number)
            for number, at in enumerate(coming)
            if at <= now and number not in sent
        ]
        rows = grouping.chosen(due, now)
        if rows:
            sent |= {row.id: now for row in rows}
            moments.append(now)
            grouping.begun(rows, now)
            continue
        upcoming = [at for at in coming if at > now]
        now = min([now + grouping.wait_s(now), *upcoming])

    assert all(sent[n] - at <= WAIT_S + 1e-9 for n, at in enumerate(coming))
    assert all(b - a >= WAIT_S - 1e-9 for a, b in pairwise(moments))
