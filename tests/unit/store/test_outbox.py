"""Decided, but not yet delivered."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from liqmon.store import files, outbox, schema
from liqmon.store.outbox import (
    LONGEST_BACKOFF_MS,
    OutboxRow,
    RowState,
    Settlement,
    lifetime_ms,
)
from outboxes import DEAD, SENT, an_entry, to_retry

NOW_MS = 1_700_000_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
EVERYTHING = tuple(RowState)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def rows(connection: sqlite3.Connection) -> list[OutboxRow]:
    return outbox.entries(connection, EVERYTHING, 10_000)


def due_keys(
    connection: sqlite3.Connection, now_ms: int = NOW_MS, limit: int = 99
) -> list[str]:
    return [row.dedup_key for row in outbox.due(connection, now_ms, limit)]


def add(connection: sqlite3.Connection, *keys: str, severity: int = 2) -> list[int]:
    """Write rows of one severity and return their ids."""
    for key in keys:
        assert outbox.add(connection, an_entry(key, severity=severity), NOW_MS)
    ids = {row.dedup_key: row.id for row in rows(connection)}
    return [ids[key] for key in keys]


def test_a_row_begins_pending_and_untried(connection: sqlite3.Connection) -> None:
    outbox.add(connection, an_entry(), NOW_MS)
    (row,) = rows(connection)

    assert row == OutboxRow(
        id=row.id,
        dedup_key="a1b2:onset",
        episode="a1b2",
        kind="finding",
        severity=2,
        created_ms=NOW_MS,
        expires_ms=NOW_MS + 6 * HOUR_MS,
        state=RowState.PENDING,
        payload={"symbol": "BTC/USDT:USDT", "score": 16.2},
        attempts=0,
        not_before_ms=0,
        ambiguous=False,
        plain=False,
        message_id="",
        last_error="",
        settled_ms=None,
    )


def test_a_known_key_is_not_told_again(connection: sqlite3.Connection) -> None:
    (row_id,) = add(connection, "a:onset")
    assert not outbox.add(connection, an_entry("a:onset", severity=4), NOW_MS + 1)
    outbox.settle(connection, row_id, SENT, NOW_MS)

    assert not outbox.add(connection, an_entry("a:onset"), NOW_MS + 2)
    assert [row.severity for row in rows(connection)] == [2]


@pytest.mark.parametrize(
    ("severity", "minutes"), [(1, 30), (2, 360), (3, 1440), (4, 1440), (9, 1440)]
)
def test_graver_news_is_worth_delivering_for_longer(
    connection: sqlite3.Connection, severity: int, minutes: int
) -> None:
    add(connection, "a:onset", severity=severity)
    ends_ms = NOW_MS + minutes * MINUTE_MS

    assert lifetime_ms(severity) == minutes * MINUTE_MS
    assert outbox.expire(connection, ends_ms - 1) == []
    assert due_keys(connection, ends_ms - 1) == ["a:onset"]
    assert due_keys(connection, ends_ms) == []
    assert outbox.next_due_ms(connection, ends_ms) is None

    (expired,) = outbox.expire(connection, ends_ms)
    assert rows(connection) == [expired]
    assert (expired.state, expired.settled_ms) == (RowState.EXPIRED, ends_ms)
    assert expired.last_error == "not delivered in time"
    assert outbox.expire(connection, ends_ms) == []


def test_an_expired_row_says_what_kept_it(connection: sqlite3.Connection) -> None:
    (row_id,) = add(connection, "a:onset")
    outbox.settle(connection, row_id, to_retry(error="breaker open"), NOW_MS)
    (expired,) = outbox.expire(connection, NOW_MS + 6 * HOUR_MS)

    assert expired.last_error == "breaker open"


def test_reports_come_first_then_the_gravest_then_the_oldest(
    connection: sqlite3.Connection,
) -> None:
    add(connection, "a:onset", "b:onset", severity=2)
    add(connection, "c:onset", severity=4)
    report = an_entry("breaker:1", episode="", kind="report", severity=1)
    outbox.add(connection, report, NOW_MS)

    assert due_keys(connection) == ["breaker:1", "c:onset", "a:onset", "b:onset"]
    assert due_keys(connection, limit=2) == ["breaker:1", "c:onset"]


def test_an_episode_is_told_in_its_order(connection: sqlite3.Connection) -> None:
    (onset,) = add(connection, "a:onset", severity=2)
    add(connection, "a:escalation", severity=4)
    later_ms = NOW_MS + 30_000
    outbox.settle(connection, onset, to_retry(not_before_ms=later_ms), NOW_MS)

    assert due_keys(connection) == []
    assert due_keys(connection, later_ms) == ["a:onset"]
    outbox.settle(connection, onset, SENT, later_ms)
    assert due_keys(connection, later_ms) == ["a:escalation"]


def test_reports_do_not_wait_for_each_other(connection: sqlite3.Connection) -> None:
    for key in ("breaker:1", "breaker:2"):
        report = an_entry(key, episode="", kind="report")
        outbox.add(connection, report, NOW_MS)

    assert due_keys(connection) == ["breaker:1", "breaker:2"]


def test_an_expired_onset_does_not_hold_back_its_episode(
    connection: sqlite3.Connection,
) -> None:
    add(connection, "a:onset", severity=1)
    add(connection, "a:escalation", severity=3)

    assert due_keys(connection, NOW_MS + HOUR_MS) == ["a:escalation"]


def test_a_retry_time_is_kept_unless_the_clock_was_set_back(
    connection: sqlite3.Connection,
) -> None:
    (row_id,) = add(connection, "a:onset")
    then_ms = NOW_MS + LONGEST_BACKOFF_MS
    outbox.settle(connection, row_id, to_retry(not_before_ms=then_ms), NOW_MS)

    assert due_keys(connection, NOW_MS) == []
    assert due_keys(connection, then_ms) == ["a:onset"]
    assert due_keys(connection, NOW_MS - 1) == ["a:onset"]
    assert outbox.next_due_ms(connection, NOW_MS) == then_ms


def test_the_receiver_is_back_and_everything_is_due(
    connection: sqlite3.Connection,
) -> None:
    for row_id in add(connection, "a:onset", "b:onset"):
        outbox.settle(connection, row_id, to_retry(not_before_ms=NOW_MS + 9), NOW_MS)
    assert due_keys(connection) == []
    outbox.release(connection)

    assert due_keys(connection) == ["a:onset", "b:onset"]
    assert outbox.next_due_ms(connection, NOW_MS) == 0


def test_an_answer_settles_a_row_for_good(connection: sqlite3.Connection) -> None:
    (row_id,) = add(connection, "a:onset")
    outbox.begin_attempt(connection, row_id)
    outbox.settle(connection, row_id, SENT, NOW_MS + 5)
    (sent,) = rows(connection)
    outbox.settle(connection, row_id, DEAD, NOW_MS + 6)

    assert rows(connection) == [sent]
    assert (sent.state, sent.message_id, sent.attempts) == (RowState.SENT, "1", 1)
    assert sent.settled_ms == NOW_MS + 5


def test_doubt_and_plainness_are_never_taken_back(
    connection: sqlite3.Connection,
) -> None:
    (row_id,) = add(connection, "a:onset")
    outbox.settle(connection, row_id, to_retry(ambiguous=True, plain=True), NOW_MS)
    outbox.settle(connection, row_id, to_retry(), NOW_MS)
    (row,) = rows(connection)

    assert (row.ambiguous, row.plain) == (True, True)


def test_an_attempt_that_a_crash_cut_off_is_doubted(
    connection: sqlite3.Connection,
) -> None:
    cut_off, failed, untried, sent = add(connection, "a:1", "b:1", "c:1", "d:1")
    for row_id in (cut_off, failed, sent):
        outbox.begin_attempt(connection, row_id)
    outbox.settle(connection, failed, to_retry(), NOW_MS)
    outbox.settle(connection, sent, SENT, NOW_MS)

    assert outbox.doubt_unanswered(connection) == 1
    assert outbox.doubt_unanswered(connection) == 0, "a second start adds no doubt"
    doubted = {row.id: row.ambiguous for row in rows(connection)}
    assert doubted == {cut_off: True, failed: False, untried: False, sent: False}


def test_a_second_attempt_that_is_cut_off_is_doubted_too(
    connection: sqlite3.Connection,
) -> None:
    (row_id,) = add(connection, "a:1")
    outbox.begin_attempt(connection, row_id)
    outbox.settle(connection, row_id, to_retry(), NOW_MS)
    outbox.begin_attempt(connection, row_id)

    assert outbox.doubt_unanswered(connection) == 1


def test_rows_are_counted_by_state_and_kind(connection: sqlite3.Connection) -> None:
    sent, _ = add(connection, "a:onset", "b:onset")
    report = an_entry("breaker:1", episode="", kind="report")
    outbox.add(connection, report, NOW_MS)
    outbox.settle(connection, sent, SENT, NOW_MS)
    zeros = dict.fromkeys(RowState, 0)

    both = {RowState.SENT: 1, RowState.PENDING: 1}
    assert outbox.counts(connection, "finding") == zeros | both
    assert outbox.counts(connection, "report") == zeros | {RowState.PENDING: 1}
    assert outbox.counts(connection, None) == zeros | both | {RowState.PENDING: 2}
    assert outbox.depth(connection) == 2


def test_entries_are_the_newest_in_the_states_asked_for(
    connection: sqlite3.Connection,
) -> None:
    ids = add(connection, "a:1", "b:1", "c:1", "d:1")
    outbox.settle(connection, ids[1], DEAD, NOW_MS)

    def keys(states: tuple[RowState, ...], limit: int) -> list[str]:
        found = outbox.entries(connection, states, limit)
        return [row.dedup_key for row in found]

    assert keys((RowState.PENDING,), 2) == ["c:1", "d:1"]
    assert keys((RowState.DEAD,), 9) == ["b:1"]
    assert keys((), 9) == []


def test_p22_a_payload_that_cannot_be_read_is_still_a_row(
    connection: sqlite3.Connection,
) -> None:
    add(connection, "a:onset")
    connection.execute("UPDATE outbox SET payload = 'written by who knows what'")

    assert [row.payload for row in outbox.due(connection, NOW_MS, 1)] == [{}]


@dataclass(frozen=True)
class Known:
    """What the model knows of a row."""

    key: str
    episode: str
    severity: int
    ends_ms: int
    state: RowState = RowState.PENDING
    not_before_ms: int = 0
    attempts: int = 0
    ambiguous: bool = False


class OutboxMachine(RuleBasedStateMachine):
    """Findings, answers, failures, crashes and waiting, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = files.opened(":memory:")
        schema.migrate(self.connection)
        self.now_ms = NOW_MS
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        self.connection.close()

    def first_due(self) -> Known | None:
        """Return what must be sent next, by the rules and not by SQL."""
        alive = [
            row
            for row in self.known.values()
            if row.state is RowState.PENDING and row.ends_ms > self.now_ms
        ]
        firsts = {row.episode: row for row in reversed(alive)}
        ready = [r for r in firsts.values() if r.not_before_ms <= self.now_ms]
        places = list(self.known)
        return min(
            ready, key=lambda r: (-r.severity, places.index(r.key)), default=None
        )

    def attempt(self, row: OutboxRow) -> Known:
        outbox.begin_attempt(self.connection, row.id)
        known = self.known[row.dedup_key]
        return replace(known, attempts=known.attempts + 1)

    @rule(
        episode=st.sampled_from("abc"),
        phase=st.integers(0, 5),
        severity=st.integers(1, 4),
    )
    def find(self, episode: str, phase: int, severity: int) -> None:
        key = f"{episode}:{phase}"
        is_new = outbox.add(
            self.connection, an_entry(key, severity=severity), self.now_ms
        )

        assert is_new == (key not in self.known)
        if is_new:
            ends_ms = self.now_ms + lifetime_ms(severity)
            self.known[key] = Known(key, episode, severity, ends_ms)

    @precondition(lambda self: self.first_due() is not None)
    @rule(
        state=st.sampled_from(EVERYTHING),
        wait_ms=st.integers(0, LONGEST_BACKOFF_MS),
        lost=st.booleans(),
    )
    def send(self, state: RowState, wait_ms: int, lost: bool) -> None:
        (row,) = outbox.due(self.connection, self.now_ms, 1)
        known = self.attempt(row)
        not_before_ms = self.now_ms + wait_ms if state is RowState.PENDING else 0
        settlement = Settlement(
            state=state, error="why", not_before_ms=not_before_ms, ambiguous=lost
        )
        outbox.settle(self.connection, row.id, settlement, self.now_ms)
        self.known[row.dedup_key] = replace(
            known,
            state=state,
            not_before_ms=not_before_ms,
            ambiguous=known.ambiguous or lost,
        )

    @precondition(lambda self: self.first_due() is not None)
    @rule()
    def crash_while_sending(self) -> None:
        (row,) = outbox.due(self.connection, self.now_ms, 1)
        self.known[row.dedup_key] = replace(self.attempt(row), ambiguous=True)

        assert outbox.doubt_unanswered(self.connection) == 1

    @rule(minutes=st.sampled_from([0.1, 1, 20, 300]))
    def wait(self, minutes: float) -> None:
        self.now_ms += round(minutes * MINUTE_MS)

    @rule()
    def expire(self) -> None:
        over = [
            row
            for row in self.known.values()
            if row.state is RowState.PENDING and row.ends_ms <= self.now_ms
        ]
        expired = outbox.expire(self.connection, self.now_ms)

        assert [row.dedup_key for row in expired] == [row.key for row in over]
        for row in over:
            self.known[row.key] = replace(row, state=RowState.EXPIRED)

    @rule()
    def release(self) -> None:
        outbox.release(self.connection)
        for key, row in self.known.items():
            if row.state is RowState.PENDING:
                self.known[key] = replace(row, not_before_ms=0)

    @invariant()
    def no_row_vanishes_or_changes_by_itself(self) -> None:
        found = rows(self.connection)

        assert [row.dedup_key for row in found] == list(self.known)
        for row in found:
            known = self.known[row.dedup_key]
            assert row.state is known.state
            assert row.attempts == known.attempts
            assert row.ambiguous == known.ambiguous
            assert (row.settled_ms is None) == (row.state is RowState.PENDING)

    @invariant()
    def the_next_one_is_the_right_one(self) -> None:
        expected = self.first_due()
        wanted = [] if expected is None else [expected.key]

        assert due_keys(self.connection, self.now_ms, 1) == wanted

    @invariant()
    def every_row_is_counted_once(self) -> None:
        counts = outbox.counts(self.connection, None)

        assert sum(counts.values()) == len(self.known)
        assert counts[RowState.PENDING] == outbox.depth(self.connection)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=60, stateful_step_count=30)
