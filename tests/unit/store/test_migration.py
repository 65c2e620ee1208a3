"""From older schemas to the newest: what was known stays known, and more is."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from couriers import told
from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Phase
from liqmon.store import files, outbox, schema
from liqmon.store.database import Store
from liqmon.store.outbox import RowState

NOW_MS = 1_700_000_000_000
ONSET = a_finding(episode="one")
END = a_finding(episode="one", phase=Phase.END, ended_ms=ONSET.decided_ms)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a state directory as the first liqmon left it."""
    with closing(files.opened(tmp_path / files.DATABASE)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:1])
        for key, finding, state in (
            ("one:onset:MEDIUM", ONSET, "sent"),
            ("one:end:MEDIUM", END, "pending"),
        ):
            connection.execute(
                """
                INSERT INTO outbox (dedup_key, episode, kind, severity, created_ms,
                    expires_ms, state, payload, message_id, settled_ms)
                VALUES (?, ?, 'finding', 2, ?, ?, ?, ?, '41', 0)
                """,
                (
                    key,
                    finding.episode,
                    NOW_MS,
                    NOW_MS + 9_999,
                    state,
                    json.dumps(finding_to_facts(finding)),
                ),
            )
        connection.execute(
            "INSERT INTO outbox (dedup_key, episode, kind, severity, created_ms,"
            " expires_ms, payload) VALUES ('breaker:1', '', 'report', 1, 0, 9, '{}')"
        )
    return tmp_path


async def test_rows_keep_their_ids_their_order_and_what_became_of_them(
    old: Path,
) -> None:
    store = await Store.open(old)
    rows = await store.entries()
    await store.close()

    assert [(row.id, row.dedup_key, row.state) for row in rows] == [
        (1, "one:onset:MEDIUM@", RowState.SENT),
        (2, "one:end:MEDIUM@", RowState.PENDING),
        (3, "breaker:1", RowState.PENDING),
    ]
    assert {(row.route, row.digest, row.parts) for row in rows} == {("", None, 0)}


async def test_a_finding_that_is_raised_again_after_it_is_still_known(
    old: Path,
) -> None:
    store = await Store.open(old)

    assert not await store.enqueue(told(ONSET), now_ms=NOW_MS)
    await store.close()


async def test_every_episode_has_the_facts_of_its_last_row(old: Path) -> None:
    store = await Store.open(old)
    row = "SELECT facts FROM episode WHERE id = 'one'"
    facts = await store._read(lambda c: str(c.execute(row).fetchone()[0]))
    await store.close()

    assert json.loads(facts)["phase"] == "end"


async def test_before_it_the_old_state_is_copied(old: Path) -> None:
    await (await Store.open(old)).close()

    backup = old / f"{files.DATABASE}.backup-v1"
    with closing(sqlite3.connect(backup)) as connection:
        assert schema.version_of(connection) == 1
        keys = connection.execute("SELECT dedup_key FROM outbox ORDER BY id")
        assert keys.fetchone() == ("one:onset:MEDIUM",)


def test_it_can_be_cut_off_at_any_statement_and_leaves_the_old_state(
    old: Path,
) -> None:
    last = len(schema.MIGRATIONS[1])
    for stop in range(last):
        broken = (*schema.MIGRATIONS[1][:stop], "SELECT nothing FROM nowhere")
        with closing(files.opened(old / files.DATABASE)) as connection:
            with pytest.raises(sqlite3.OperationalError):
                schema.migrate(connection, (schema.MIGRATIONS[0], broken))
            assert schema.version_of(connection) == 1
    with closing(files.opened(old / files.DATABASE)) as connection:
        schema.migrate(connection)
        assert len(outbox.entries(connection, tuple(RowState), 9)) == 3


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """Return a state as the second schema left it: sound facts and damaged ones."""
    facts = {
        "sound": json.dumps(finding_to_facts(ONSET)),
        "damaged": "{",
        "strange": '{"exchange": 1, "symbol": "x", "onset_ms": "y"}',
        "half": '{"exchange":"a","symbol":"\\ud800","onset_ms":1}',
    }
    with closing(files.opened(tmp_path / files.DATABASE)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:2])
        connection.executemany(
            "INSERT INTO episode VALUES (?, ?, ?)",
            [(name, text, NOW_MS) for name, text in facts.items()],
        )
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    return tmp_path


async def test_episodes_are_found_by_their_market_afterwards(second: Path) -> None:
    store = await Store.open(second)
    found = {one.id: (one.market, one.onset_ms) for one in await store.recent(0)}
    unfollowed = await store.unfollowed()
    await store.close()

    assert found == {
        "sound": (ONSET.market.key, ONSET.onset_ms),
        "damaged": ("", 0),
        "strange": ("", 0),
        "half": ("", 0),
    }
    # when they were told first is not known any more
    assert unfollowed == []


async def test_a_file_that_could_not_shrink_can_afterwards(second: Path) -> None:
    store = await Store.open(second)
    kind = await store._read(lambda c: c.execute("PRAGMA auto_vacuum").fetchone()[0])
    await store.close()

    assert kind == 2
