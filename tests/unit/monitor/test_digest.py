from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st

from couriers import MoodyStore, entry, told
from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Severity
from liqmon.monitor.digest import BACKLOG, Digester, after_outage, of_backlog
from liqmon.store.outbox import OutboxRow, RowState

NOW_MS = 1_700_000_000_000
MINUTE_MS = 60_000


def a_row(number: int, **changes: Any) -> OutboxRow:
    severity = Severity(changes.pop("severity", Severity.MEDIUM))
    finding = a_finding(episode=f"e{number}", severity=severity)
    row = OutboxRow(
        id=number,
        dedup_key=str(number),
        episode=finding.episode,
        kind="finding",
        severity=int(severity),
        created_ms=NOW_MS,
        expires_ms=NOW_MS + 1,
        state=RowState.PENDING,
        payload=finding_to_facts(finding),
        attempts=0,
        not_before_ms=0,
        ambiguous=False,
        plain=False,
        message_id="",
        last_error="",
        settled_ms=None,
    )
    return replace(row, **changes)


THREE = [a_row(number) for number in range(3)]


def test_two_are_told_singly_and_three_by_a_digest() -> None:
    assert after_outage(THREE[:2]).rows == ()
    assert after_outage(THREE).rows == tuple(THREE)


def test_what_is_being_settled_does_not_count() -> None:
    assert after_outage(THREE, told={0}).rows == ()


def test_reports_what_is_in_a_digest_and_what_cannot_be_read_stay_out() -> None:
    others = [
        a_row(10, kind="report"),
        a_row(11, digest=99),
        a_row(12, payload={"v": 99}),
    ]

    assert after_outage([*THREE[:2], *others]).rows == ()
    assert after_outage([*THREE, *others]).rows == tuple(THREE)


def test_critical_ones_are_told_singly_too() -> None:
    grave = a_row(7, severity=Severity.CRITICAL)

    chosen = after_outage([*THREE[:2], grave, grave])

    assert chosen.rows == tuple(THREE[:2])
    assert chosen.also == ("e7",)


def test_a_backlog_is_more_than_five_for_more_than_a_minute() -> None:
    six = [a_row(number) for number in range(BACKLOG + 1)]

    assert of_backlog(six, now_ms=NOW_MS + MINUTE_MS).rows == ()
    assert of_backlog(six, now_ms=NOW_MS + MINUTE_MS + 1).rows == tuple(six)
    assert of_backlog(six[1:], now_ms=NOW_MS + 2 * MINUTE_MS).rows == ()


def test_a_clock_that_was_set_back_hides_no_backlog() -> None:
    six = [a_row(number) for number in range(6)]

    assert of_backlog(six, now_ms=NOW_MS - 2 * MINUTE_MS).rows == tuple(six)


def test_it_began_with_the_oldest_of_them() -> None:
    rows = [a_row(number, created_ms=NOW_MS - number) for number in range(4)]

    assert after_outage(rows).since_ms == NOW_MS - 3
    assert after_outage([]).since_ms is None


@given(
    rows=st.lists(
        st.builds(
            a_row,
            st.integers(0, 9),
            severity=st.sampled_from(Severity),
            kind=st.sampled_from(["finding", "report"]),
            digest=st.sampled_from([None, None, 5]),
        ),
        max_size=12,
    )
)
def test_every_finding_is_in_the_digest_or_told_singly(rows: list[OutboxRow]) -> None:
    chosen = after_outage(rows)

    singly = [row for row in rows if row not in chosen.rows]
    assert len(singly) + len(chosen.rows) == len(rows)
    assert all(row.severity < Severity.CRITICAL for row in chosen.rows)
    free = [row for row in rows if row.kind == "finding" and row.digest is None]
    assert bool(chosen.rows or chosen.also) is (len(free) > 2)


# with a store


async def test_a_gate_that_was_shut_for_a_minute_is_no_outage() -> None:
    store = await MoodyStore.in_memory()
    for number in range(5):
        await store.enqueue(entry(number), now_ms=NOW_MS)
    digester = Digester(store, [""])

    digester.held(NOW_MS)
    digester.held(NOW_MS + 9)
    await digester.open_again(now_ms=NOW_MS + MINUTE_MS, pending=5)
    assert await store.depth() == 5

    digester.held(NOW_MS)
    await digester.open_again(now_ms=NOW_MS + MINUTE_MS + 1, pending=5)
    (digest,) = await store.due(NOW_MS + MINUTE_MS + 1)
    assert digest.payload["report"] == "digest"
    assert digest.payload["since_ms"] == NOW_MS
    await store.close()


async def test_a_digest_goes_where_its_rows_would_and_lives_as_long() -> None:
    store = await MoodyStore.in_memory()
    for number, severity in enumerate([Severity.LOW, Severity.HIGH, Severity.LOW]):
        finding = a_finding(episode=f"e{number}", severity=severity)
        await store.enqueue(told(finding, route="btc"), now_ms=NOW_MS)
    digester = Digester(store, ["btc", "eth"])

    assert await digester.after_outage(since_ms=NOW_MS, now_ms=NOW_MS)

    (digest,) = await store.due(NOW_MS)
    assert (digest.route, digest.severity) == ("btc", Severity.HIGH)
    assert digest.payload["also"] == []
    await store.close()


async def test_without_anything_to_tell_there_is_no_digest() -> None:
    store = await MoodyStore.in_memory()
    digester = Digester(store, [""])

    assert not await digester.after_outage(since_ms=NOW_MS, now_ms=NOW_MS)
    await digester.open_again(now_ms=NOW_MS, pending=9)
    assert await store.depth() == 0
    await store.close()
