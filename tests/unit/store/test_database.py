"""Everything on disk, behind one object."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from liqmon.errors import AlreadyRunning, NewerSchema, StoreUnavailable, UserError
from liqmon.store import files, schema
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, RowState
from liqmon.store.receiver import ReceiverState
from outboxes import SENT, an_entry, on_connection, to_retry

BTC = "bybit:BTC/USDT:USDT"
NOW_MS = 1_700_000_000_000
RECEIVER = ReceiverState(fingerprint="272ab690e7bd", dead_letters=1)


@asynccontextmanager
async def opened(directory: Path | None, **how: Any) -> AsyncIterator[Store]:
    store = await Store.open(directory, **how)
    try:
        yield store
    finally:
        with suppress(StoreUnavailable):
            await store.close()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with opened(None) as it:
        yield it


async def commit(store: Store, *findings: OutboxEntry, **changes: Any) -> None:
    """Commit findings on one market."""
    how: dict[str, Any] = {
        "market_key": BTC,
        "timeframe": "1m",
        "state": {"open": True},
        "now_ms": NOW_MS,
    }
    await store.commit_findings(findings=findings, **how | changes)


async def keys(store: Store) -> list[str]:
    return [row.dedup_key for row in await store.entries()]


# a finding and the state that it comes from


async def test_a_finding_its_state_and_its_journal_entry_are_written_together(
    store: Store,
) -> None:
    await commit(store, an_entry())

    assert await store.states("1m") == {BTC: {"open": True}}
    assert await keys(store) == ["a1b2:onset"]
    (event,) = await store.events()
    assert (event.kind, event.market, event.at_ms) == ("FindingRaised", BTC, NOW_MS)
    assert event.body == an_entry().payload


async def test_p04_of_a_commit_that_fails_nothing_is_written(store: Store) -> None:
    await commit(store, an_entry("a:onset"), state={"before": True})
    rumour = an_entry("b:onset", kind="rumour")
    with pytest.raises(StoreUnavailable, match="CHECK constraint"):
        await commit(store, an_entry("a:end"), rumour, state={"after": True})

    assert await store.states("1m") == {BTC: {"before": True}}
    assert await keys(store) == ["a:onset"]
    assert len(await store.events()) == 1


async def test_a_bug_in_the_facts_is_not_called_trouble_with_the_disk(
    store: Store,
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await commit(store, an_entry(payload={"score": float("nan")}))

    assert await store.states("1m") == {}
    await commit(store, an_entry())
    assert await store.depth() == 1


async def test_a_finding_that_is_known_is_not_told_again(store: Store) -> None:
    await commit(store, an_entry())
    await commit(store, an_entry(), an_entry("a1b2:end"), state={"open": False})

    assert await keys(store) == ["a1b2:onset", "a1b2:end"]
    assert len(await store.events(kind="FindingRaised")) == 2
    assert await store.states("1m") == {BTC: {"open": False}}


async def test_e22_a_market_with_a_hostile_name_is_written_like_any(
    store: Store,
) -> None:
    facts = {"symbol": "@everyone\ud800'; DROP TABLE outbox; --\x00"}
    await commit(store, an_entry(payload=facts))
    (row,) = await store.due(NOW_MS)

    assert row.payload == facts


# the outbox


async def test_a_row_goes_through_its_life(store: Store) -> None:
    assert await store.enqueue(an_entry(), now_ms=NOW_MS)
    assert not await store.enqueue(an_entry(), now_ms=NOW_MS)
    (row,) = await store.due(NOW_MS)
    await store.begin_attempt(row.id)
    await store.settle(row.id, to_retry(not_before_ms=NOW_MS + 5), now_ms=NOW_MS)
    assert await store.due(NOW_MS) == []
    assert await store.next_due_ms(NOW_MS) == NOW_MS + 5
    await store.release()
    assert await store.due(NOW_MS) != []
    await store.settle(row.id, SENT, now_ms=NOW_MS, receiver=RECEIVER)

    assert await store.depth() == 0
    assert (await store.counts())[RowState.SENT] == 1
    assert (await store.counts(kind="report"))[RowState.SENT] == 0
    assert [r.id for r in await store.entries([RowState.SENT])] == [row.id]


async def test_what_nobody_needs_to_hear_any_more_expires(store: Store) -> None:
    await store.enqueue(an_entry(severity=1), now_ms=NOW_MS)
    (expired,) = await store.expire(NOW_MS + 30 * 60_000)

    assert expired.state is RowState.EXPIRED
    assert await store.entries([RowState.EXPIRED]) == [expired]


async def test_a_verdict_and_the_receivers_state_are_written_together(
    store: Store,
) -> None:
    await store.enqueue(an_entry(), now_ms=NOW_MS)
    (row,) = await store.due(NOW_MS)
    nameless: Any = None
    with pytest.raises(StoreUnavailable, match="NOT NULL"):
        await store.settle(
            row.id,
            SENT,
            now_ms=NOW_MS,
            receiver=ReceiverState(
                fingerprint=RECEIVER.fingerprint, gate_reason=nameless
            ),
        )
    assert await store.depth() == 1

    await store.settle(row.id, SENT, now_ms=NOW_MS, receiver=RECEIVER)
    assert await store.depth() == 0
    assert await store.load_receiver(RECEIVER.fingerprint) == RECEIVER


# the receiver and the journal


async def test_a_receiver_is_saved_and_revived(store: Store) -> None:
    await store.begin_attempt(receiver=RECEIVER)

    assert await store.load_receiver(RECEIVER.fingerprint) == RECEIVER
    assert await store.revive_receiver(RECEIVER.fingerprint)
    assert not await store.revive_receiver(RECEIVER.fingerprint)
    assert await store.load_receiver(RECEIVER.fingerprint) is None


async def test_events_are_recorded_in_order(store: Store) -> None:
    for at_ms in (1, 2, 3):
        await store.record(at_ms=at_ms, kind="Healed", market=BTC, body={"n": at_ms})

    events = await store.events(kind="Healed", since_ms=2, limit=9)
    assert [event.body for event in events] == [{"n": 2}, {"n": 3}]


# the thread


async def test_calls_are_carried_out_in_their_order(store: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(store.enqueue(an_entry(f"{number}:onset"), now_ms=NOW_MS))

    assert await keys(store) == [f"{number}:onset" for number in range(50)]


async def test_a_write_lands_although_its_caller_is_cancelled(store: Store) -> None:
    writing = asyncio.ensure_future(store.enqueue(an_entry(), now_ms=NOW_MS))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await keys(store) == ["a1b2:onset"]


async def test_a_cancelled_write_that_fails_disturbs_nobody(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    rumour = an_entry(kind="rumour")
    writing = asyncio.ensure_future(store.enqueue(rumour, now_ms=NOW_MS))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await keys(store) == []
    assert caplog.records == [], "no `exception was never retrieved`"


async def test_a_closed_store_says_so() -> None:
    store = await Store.in_memory()
    await store.close()

    for call in (store.depth(), store.enqueue(an_entry(), now_ms=1), store.close()):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call


async def test_what_was_called_for_is_written_before_the_store_closes(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(store.enqueue(an_entry(f"{number}:x"), now_ms=NOW_MS))
        tasks.create_task(store.close())

    async with opened(tmp_path) as again:
        assert await again.depth() == 5


async def test_a_close_that_is_cancelled_keeps_the_lock_until_all_is_written(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path)
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_gate(_: sqlite3.Connection) -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    busy = asyncio.ensure_future(on_connection(store, wait_for_gate))
    closing_it = asyncio.ensure_future(store.close())
    await asyncio.sleep(0)
    closing_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing_it
    with pytest.raises(AlreadyRunning):
        await Store.open(tmp_path)

    gate.set()
    await busy
    await asyncio.to_thread(store._thread.shutdown)
    async with opened(tmp_path) as again:
        assert await again.depth() == 0


# the disk


async def test_p07_a_full_disk_is_trouble_that_passes(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await commit(store, an_entry("a:onset"), state={"written": "before"})
        await on_connection(store, lambda c: c.execute("PRAGMA max_page_count = 1"))
        large = an_entry("b:onset", payload={"text": "x" * 100_000})
        with pytest.raises(StoreUnavailable, match="full"):
            await commit(store, large, state={"written": "never"})
        assert await store.states("1m") == {BTC: {"written": "before"}}
        assert await keys(store) == ["a:onset"]

        await on_connection(
            store, lambda c: c.execute("PRAGMA max_page_count = 1000000")
        )
        await commit(store, large, state={"written": "after"})
        assert await store.states("1m") == {BTC: {"written": "after"}}
        assert await keys(store) == ["a:onset", "b:onset"]


async def test_what_is_on_disk_is_there_for_the_next_run(tmp_path: Path) -> None:
    async with opened(tmp_path / "made on demand") as store:
        await commit(store, an_entry())
        await store.begin_attempt(receiver=RECEIVER)

    async with opened(tmp_path / "made on demand") as store:
        assert await keys(store) == ["a1b2:onset"]
        assert await store.states("1m") == {BTC: {"open": True}}
        assert await store.load_receiver(RECEIVER.fingerprint) == RECEIVER


async def test_a_store_in_memory_is_forgotten() -> None:
    for _ in range(2):
        async with opened(None) as store:
            assert await store.enqueue(an_entry(), now_ms=NOW_MS)


async def test_an_attempt_without_an_answer_is_doubted_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with opened(tmp_path) as store:
        await store.enqueue(an_entry(), now_ms=NOW_MS)
        (row,) = await store.due(NOW_MS)
        await store.begin_attempt(row.id)

    async with opened(tmp_path) as store:
        (row,) = await store.due(NOW_MS)
        assert row.ambiguous
    assert "attempts that the last stop cut off and may arrive twice: 1" in caplog.text


async def test_p10_a_damaged_database_does_not_silence_the_monitor(
    tmp_path: Path,
) -> None:
    (tmp_path / files.DATABASE).write_bytes(b"damaged" * 1_000)
    async with opened(tmp_path) as store:
        await commit(store, an_entry())
        assert await store.depth() == 1


# one run at a time, and commands beside it


async def test_p21_a_second_run_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as first:
        with pytest.raises(AlreadyRunning):
            await Store.open(tmp_path)
        await commit(first, an_entry())

    async with opened(tmp_path) as second:
        assert await second.depth() == 1


async def test_a_command_can_look_into_a_run_that_is_going_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as run, opened(tmp_path, exclusive=False) as command:
        await commit(run, an_entry())
        assert await command.depth() == 1
        await command.revive_receiver("272ab690e7bd")
        await run.enqueue(an_entry("b:onset"), now_ms=NOW_MS)
        assert await command.depth() == 2


async def test_a_command_doubts_no_attempt_of_the_run_beside_it(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as run:
        await run.enqueue(an_entry(), now_ms=NOW_MS)
        (row,) = await run.due(NOW_MS)
        await run.begin_attempt(row.id)
        async with opened(tmp_path, exclusive=False) as command:
            (row,) = await command.entries()
            assert not row.ambiguous


async def test_a_command_can_be_the_first_to_open_the_state(tmp_path: Path) -> None:
    async with opened(tmp_path / "new", exclusive=False) as command:
        assert await command.depth() == 0
        async with opened(tmp_path / "new") as run:
            await commit(run, an_entry())
        assert await command.depth() == 1


async def test_a_command_cannot_change_the_form_under_a_run(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with closing(sqlite3.connect(tmp_path / files.DATABASE)) as other:
            other.execute("PRAGMA user_version = 0")
        with pytest.raises(UserError, match="another form") as caught:
            await Store.open(tmp_path, exclusive=False)
        assert f"process {os.getpid()}" in str(caught.value)


@pytest.mark.parametrize("exclusive", [True, False])
async def test_p10_a_newer_schema_is_refused(tmp_path: Path, exclusive: bool) -> None:
    async with opened(tmp_path) as store:
        await on_connection(
            store, lambda c: c.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        )

    with pytest.raises(NewerSchema):
        await Store.open(tmp_path, exclusive=exclusive)


async def test_a_start_that_fails_lets_the_next_one_in(tmp_path: Path) -> None:
    path = tmp_path / files.DATABASE
    path.mkdir()
    with pytest.raises(UserError):
        await Store.open(tmp_path)
    path.rmdir()

    async with opened(tmp_path) as store:
        assert await store.depth() == 0


async def test_a_start_that_is_cancelled_lets_the_next_one_in(tmp_path: Path) -> None:
    starting = asyncio.ensure_future(Store.open(tmp_path))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    for _ in range(500):
        with suppress(AlreadyRunning):
            async with opened(tmp_path) as store:
                assert await store.depth() == 0
            return
        await asyncio.sleep(0.01)
    pytest.fail("the lock was never let go")


@pytest.mark.parametrize("exclusive", [True, False])
async def test_p08_a_read_only_directory_is_the_users_to_change(
    read_only: Path, exclusive: bool
) -> None:
    with pytest.raises(UserError, match="Permission denied"):
        await Store.open(read_only, exclusive=exclusive)
