"""Many rows told by one."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from couriers import entry, told
from factories import a_finding
from liqmon.core.model import Phase, Severity
from liqmon.store.attempts import Attempt
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState, Settlement

NOW_MS = 1_700_000_000_000
MINUTE_MS = 60_000

DIGEST = OutboxEntry(
    dedup_key="digest:1",
    episode="",
    kind="report",
    severity=2,
    payload={"report": "digest"},
)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    it = await Store.in_memory()
    for number in range(4):
        await it.enqueue(entry(number), now_ms=NOW_MS)
    yield it
    await it.close()


async def folded(store: Store, *row_ids: int) -> OutboxRow:
    assert await store.fold(DIGEST, row_ids, now_ms=NOW_MS)
    return (await store.due(NOW_MS))[0]


async def states(store: Store) -> dict[str, str]:
    return {row.dedup_key: row.state.value for row in await store.entries()}


async def concluded(
    store: Store, row: OutboxRow, state: RowState, error: str = ""
) -> list[OutboxRow]:
    settlement = Settlement(state=state, message_id="42", error=error)
    return await store.conclude(
        Attempt(settled={row.id: settlement}), now_ms=NOW_MS + 1
    )


async def test_rows_of_a_digest_are_not_sent_by_themselves(store: Store) -> None:
    await folded(store, 1, 2)

    due = await store.due(NOW_MS, limit=9)

    assert [row.dedup_key for row in due] == ["digest:1", "2", "3"]
    assert await store.depth() == 5


async def test_they_become_digested_when_it_has_arrived(store: Store) -> None:
    digest = await folded(store, 1, 2)

    followers = await concluded(store, digest, RowState.SENT)

    assert [(row.id, row.state) for row in followers] == [
        (1, RowState.DIGESTED),
        (2, RowState.DIGESTED),
    ]
    assert await states(store) == {
        "0": "digested",
        "1": "digested",
        "2": "pending",
        "3": "pending",
        "digest:1": "sent",
    }
    row = (await store.entries([RowState.DIGESTED]))[0]
    assert (row.message_id, row.settled_ms) == ("42", NOW_MS + 1)
    assert await concluded(store, digest, RowState.SENT) == []


async def test_they_wait_for_as_long_as_it_does(store: Store) -> None:
    digest = await folded(store, 1, 2)

    assert await concluded(store, digest, RowState.PENDING, "HTTP 500") == []
    assert (await states(store))["0"] == "pending"


async def test_they_are_dead_with_it_and_say_why(store: Store) -> None:
    digest = await folded(store, 1)

    (follower,) = await concluded(store, digest, RowState.DEAD, "refused")

    assert (follower.state, follower.last_error) == (
        RowState.DEAD,
        "its digest: refused",
    )


async def test_they_do_not_expire_before_it_and_expire_with_it(store: Store) -> None:
    await store.enqueue(entry("low", severity=Severity.LOW), now_ms=NOW_MS)
    await folded(store, 5)
    assert await store.expire(NOW_MS + 31 * MINUTE_MS) == []

    late = await store.expire(NOW_MS + 6 * 60 * MINUTE_MS)

    assert {row.dedup_key for row in late} == {"0", "1", "2", "3", "low", "digest:1"}
    assert set((await states(store)).values()) == {"expired"}
    assert await store.uncounted() == 5


async def test_expired_findings_are_counted_in_one_digest_only(store: Store) -> None:
    await store.expire(NOW_MS + 6 * 60 * MINUTE_MS)
    assert await store.uncounted() == 4

    digest = await folded(store)

    assert await store.uncounted() == 0
    assert (await store.digest(digest.id)).expired == 4
    other = replace(DIGEST, dedup_key="digest:2")
    assert await store.fold(other, (), now_ms=NOW_MS)
    second = (await store.known(["digest:2"]))[0]
    assert (await store.digest(second.id)).expired == 0


async def test_those_of_a_digest_that_nobody_read_are_counted_again(
    store: Store,
) -> None:
    await store.expire(NOW_MS + 6 * 60 * MINUTE_MS)
    digest = await folded(store)

    await concluded(store, digest, RowState.DEAD, "refused")

    assert await store.uncounted() == 4


async def test_the_same_digest_is_not_made_twice(store: Store) -> None:
    await folded(store, 1)

    assert not await store.fold(DIGEST, [2, 3], now_ms=NOW_MS)
    assert len(await store.due(NOW_MS, limit=9)) == 4


async def test_only_pending_rows_that_no_digest_has_are_taken_in(
    store: Store,
) -> None:
    await store.settle(1, Settlement(state=RowState.SENT), now_ms=NOW_MS)
    await folded(store, 1, 2)
    await store.fold(replace(DIGEST, dedup_key="digest:2"), [2, 3], now_ms=NOW_MS)

    rows = {row.id: row.digest for row in await store.entries()}
    assert rows[1] is None
    assert rows[2] != rows[3]


async def test_it_tells_the_newest_facts_of_each_episode_once() -> None:
    store = await Store.in_memory()
    onset = a_finding(episode="one")
    end = replace(onset, phase=Phase.END, ended_ms=onset.decided_ms)
    await store.commit_findings(
        market_key="m",
        timeframe="1m",
        state={},
        findings=[told(onset), told(end), told(a_finding(episode="two"))],
        now_ms=NOW_MS,
    )
    await store.enqueue(entry("bare"), now_ms=NOW_MS)
    await store.enqueue(entry("critical"), now_ms=NOW_MS)
    await store.fold(DIGEST, [1, 2, 4], now_ms=NOW_MS)
    (digest,) = await store.known(["digest:1"])

    content = await store.digest(digest.id, also=["ecritical"])

    assert [(facts["episode"], facts["phase"]) for facts in content.facts] == [
        ("one", "end"),
        ("ebare", "onset"),
        ("ecritical", "onset"),
    ]
    await store.close()
