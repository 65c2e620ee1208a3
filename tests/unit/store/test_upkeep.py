"""What keeps the outbox small, and what a user does to it by hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from couriers import entry
from liqmon.core.model import Severity
from liqmon.store import (
    digests,
    episodes,
    files,
    journal,
    lookback,
    outbox,
    posts,
    schema,
    silences,
    tally,
    upkeep,
)
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState, Settlement
from liqmon.store.posts import Post
from liqmon.store.tally import Count

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def rows(connection: sqlite3.Connection) -> dict[str, OutboxRow]:
    found = outbox.entries(connection, tuple(RowState), 10_000)
    return {row.dedup_key: row for row in found}


def settled(
    connection: sqlite3.Connection, key: str, state: RowState, *, days_ago: int = 0
) -> None:
    then_ms = NOW_MS - days_ago * DAY_MS
    outbox.add(connection, entry(key), then_ms)
    row_id = rows(connection)[key].id
    outbox.settle(connection, row_id, Settlement(state=state, error="why"), then_ms)


# the cap


def test_of_too_many_the_least_grave_and_oldest_are_only_counted(
    connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    for number, severity in enumerate([2, 1, 1, 3, 1]):
        outbox.add(connection, entry(number, severity=Severity(severity)), NOW_MS)

    over = upkeep.collapse(connection, NOW_MS, most_rows=3)

    assert [(row.dedup_key, row.state) for row in over] == [
        ("1", RowState.EXPIRED),
        ("2", RowState.EXPIRED),
    ]
    assert rows(connection)["1"].last_error == "collapsed: outbox full"
    assert digests.uncounted(connection) == 2
    assert "2 findings are only counted" in caplog.text
    assert upkeep.collapse(connection, NOW_MS, most_rows=3) == []


def test_too_many_bytes_are_too_many_as_well(connection: sqlite3.Connection) -> None:
    for number in range(10):
        outbox.add(connection, entry(number), NOW_MS)
    size = len(str(rows(connection)["1"].payload))

    over = upkeep.collapse(connection, NOW_MS, most_bytes=8 * size)

    assert 1 <= len(over) <= 3
    assert over[0].dedup_key == "0"


def test_reports_and_what_a_digest_tells_do_not_count(
    connection: sqlite3.Connection,
) -> None:
    outbox.add(connection, replace(entry("report"), kind="report"), NOW_MS)
    outbox.add(connection, entry("told"), NOW_MS)
    digest = OutboxEntry(
        dedup_key="digest", episode="", kind="report", severity=1, payload={}
    )
    digests.fold(connection, digest, [2], NOW_MS)
    outbox.add(connection, entry("single"), NOW_MS)

    assert upkeep.collapse(connection, NOW_MS, most_rows=1) == []


# age


def test_dead_letters_are_kept_a_week_and_the_rest_for_three_months(
    connection: sqlite3.Connection,
) -> None:
    for state, days in (
        (RowState.DEAD, 6),
        (RowState.DEAD, 8),
        (RowState.SENT, 89),
        (RowState.SENT, 91),
        (RowState.DIGESTED, 91),
        (RowState.EXPIRED, 91),
    ):
        settled(connection, f"{state} {days}", state, days_ago=days)
    outbox.add(connection, entry("pending"), NOW_MS - 99 * DAY_MS)

    assert upkeep.retain(connection, NOW_MS) == 4
    assert set(rows(connection)) == {"dead 6", "sent 89", "pending"}


def test_old_messages_and_episodes_go_unless_a_row_needs_them(
    connection: sqlite3.Connection,
) -> None:
    old_ms = NOW_MS - 91 * DAY_MS
    for message_id, at_ms in (("old", old_ms), ("new", NOW_MS)):
        shown = {message_id: {"v": 1}}
        post = Post(
            route="",
            message_id=message_id,
            posted_ms=at_ms,
            edited_ms=at_ms,
            shown=shown,
        )
        posts.save(connection, post)
        episodes.save(connection, message_id, {}, at_ms)
    outbox.add(connection, entry("1", episode="kept"), NOW_MS)
    episodes.save(connection, "kept", {}, old_ms)

    upkeep.retain(connection, NOW_MS)

    left = connection.execute("SELECT id FROM episode ORDER BY id").fetchall()
    assert [row["id"] for row in left] == ["kept", "new"]
    assert posts.standing_of(connection, "", "old") is None
    assert posts.standing_of(connection, "", "new") is not None
    links = connection.execute("SELECT count(*) FROM post_episode").fetchone()
    assert links[0] == 1


def test_what_is_kept_can_be_set_and_takes_the_dead_along(
    connection: sqlite3.Connection,
) -> None:
    settled(connection, "dead", RowState.DEAD, days_ago=3)
    settled(connection, "sent", RowState.SENT, days_ago=3)

    assert upkeep.retain(connection, NOW_MS, 2) == 2


def test_that_a_message_was_given_up_on_outlives_its_row(
    connection: sqlite3.Connection,
) -> None:
    for key in ("1", "2"):
        settled(connection, key, RowState.DEAD, days_ago=6 if key == "1" else 8)
        episodes.save(connection, f"e{key}", {}, NOW_MS)

    upkeep.retain(connection, NOW_MS)

    lost = {one.id: one.lost for one in lookback.recent(connection, 0, None)}
    assert lost == {"e1": False, "e2": True}


def test_what_a_message_showed_is_forgotten_when_nobody_edits_it_any_more(
    connection: sqlite3.Connection,
) -> None:
    for number, (days_ago, is_closed) in enumerate([(9, True), (9, False), (1, True)]):
        post = Post(
            route="",
            message_id=str(number),
            posted_ms=NOW_MS,
            edited_ms=NOW_MS - days_ago * DAY_MS,
            shown={"one": {"v": 1}},
            is_closed=is_closed,
        )
        posts.save(connection, post)

    upkeep.retain(connection, NOW_MS)

    shown = connection.execute("SELECT shown FROM post ORDER BY id").fetchall()
    assert [row["shown"] == "{}" for row in shown] == [True, False, False]


def test_old_counts_entries_and_silences_go(connection: sqlite3.Connection) -> None:
    for at_ms in (NOW_MS - 91 * DAY_MS, NOW_MS - 89 * DAY_MS):
        journal.record(connection, at_ms=at_ms, kind="k", market="", body={})
        tally.add(connection, [Count(tally.hour_of(at_ms), "k", "s", "n", 1.0)])
    silences.mute(connection, "over", NOW_MS)
    silences.mute(connection, "on", NOW_MS + 1)

    upkeep.retain(connection, NOW_MS)

    assert len(journal.events(connection, kind=None, since_ms=0, limit=9)) == 1
    assert [one.amount for one in tally.since(connection, 0)] == [1.0]
    assert dict(silences.wishes(connection, NOW_MS).muted) == {"on": NOW_MS + 1}
    assert connection.execute("SELECT count(*) FROM silence").fetchone()[0] == 1


# by hand


@pytest.mark.parametrize("state", [RowState.DEAD, RowState.EXPIRED])
def test_a_message_that_was_given_up_on_begins_anew(
    connection: sqlite3.Connection, state: RowState
) -> None:
    settled(connection, "1", state, days_ago=3)
    row_id = rows(connection)["1"].id
    connection.execute("UPDATE outbox SET plain = 1, attempts = 9, digest = 77")

    assert upkeep.retry(connection, [row_id, 99], NOW_MS) == 1

    row = rows(connection)["1"]
    assert (row.state, row.attempts, row.plain, row.digest) == (
        RowState.PENDING,
        0,
        False,
        None,
    )
    assert (row.last_error, row.settled_ms) == ("", None)
    assert row.expires_ms > NOW_MS
    assert outbox.due(connection, NOW_MS, 1) == [row]


@pytest.mark.parametrize("state", [RowState.SENT, RowState.DIGESTED])
def test_what_arrived_is_not_sent_again(
    connection: sqlite3.Connection, state: RowState
) -> None:
    settled(connection, "1", state)

    assert upkeep.retry(connection, [1], NOW_MS) == 0
    assert rows(connection)["1"].state is state


def test_a_purge_takes_what_it_names_and_nothing_else(
    connection: sqlite3.Connection,
) -> None:
    settled(connection, "dead", RowState.DEAD)
    settled(connection, "sent", RowState.SENT)
    outbox.add(connection, entry("pending"), NOW_MS)

    assert upkeep.purge(connection, [RowState.DEAD]) == 1
    assert set(rows(connection)) == {"sent", "pending"}


def test_what_waited_for_a_digest_that_was_purged_goes_its_own_way(
    connection: sqlite3.Connection,
) -> None:
    outbox.add(connection, entry("1"), NOW_MS)
    digest = OutboxEntry(
        dedup_key="digest", episode="", kind="report", severity=1, payload={}
    )
    digests.fold(connection, digest, [1], NOW_MS)
    connection.execute("UPDATE outbox SET state = 'dead' WHERE dedup_key = 'digest'")

    upkeep.purge(connection, [RowState.DEAD])

    assert [row.dedup_key for row in outbox.due(connection, NOW_MS, 9)] == ["1"]


def test_rows_of_a_route_that_is_no_more_have_an_heir(
    connection: sqlite3.Connection,
) -> None:
    outbox.add(connection, replace(entry("1"), route="gone"), NOW_MS)
    outbox.add(connection, replace(entry("2"), route="there"), NOW_MS)
    settled(connection, "3", RowState.SENT)

    assert upkeep.adopt(connection, ["", "there"], "") == 1
    assert {key: row.route for key, row in rows(connection).items()} == {
        "1": "",
        "2": "there",
        "3": "",
    }
