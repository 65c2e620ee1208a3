from dataclasses import replace

import pytest

from couriers import MoodyStore, entry
from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Fate, Ruling
from liqmon.discord.attachments import Attachment
from liqmon.monitor.gate import Outage
from liqmon.monitor.letters import letter
from liqmon.monitor.outcome import Ledger, Outcome, settlement
from liqmon.monitor.parcel import Parcel
from liqmon.store.attempts import Attempt
from liqmon.store.outbox import OutboxRow, RowState, Settlement

NOW_MS = 1_700_000_000_000
SENT = Settlement(state=RowState.SENT, message_id="42")


def delivered(message_id: str = "42") -> Ruling:
    return Ruling(Verdict.SUCCESS, Fate.SENT, "delivered", message_id=message_id)


REFUSED = Ruling(Verdict.SUCCESS, Fate.DEGRADE_OR_DEAD, "refused")


async def a_row(store: MoodyStore, key: str = "1") -> OutboxRow:
    await store.enqueue(entry(key), now_ms=NOW_MS)
    return (await store.known([key]))[0]


def ledger(store: MoodyStore, followed: list[OutboxRow], *reports: str) -> Ledger:
    return Ledger(store, routes=[""], reports_to=reports, followed=followed.extend)


def came_to(row: OutboxRow, over: Outage | None = None) -> Outcome:
    return Outcome(attempt=Attempt(settled={row.id: SENT}), at_ms=NOW_MS, over=over)


async def test_outcomes_that_the_disk_refused_are_all_written_in_their_order() -> None:
    store, followed = await MoodyStore.in_memory(), list[OutboxRow]()
    rows = [await a_row(store, key) for key in "123"]
    books = ledger(store, followed)
    store.broken = frozenset({"conclude"})
    for row in rows:
        books.owe(came_to(row))
        await books.try_to_pay()
    assert await store.depth() == 3
    store.broken = frozenset()

    await books.pay()
    await books.pay()

    assert await store.depth() == 0
    await store.close()


@pytest.mark.parametrize(
    ("held", "reports", "expected"),
    [
        (2, ("",), ["breaker:5"]),
        (2, ("health",), ["breaker:5@health"]),
        (3, ("",), ["digest:5"]),
        (3, ("health",), ["digest:5", "breaker:5@health"]),
        (3, (), ["digest:5"]),
        (0, (), []),
    ],
)
async def test_the_end_of_an_outage_is_told_where_it_is_to_be_told(
    held: int, reports: tuple[str, ...], expected: list[str]
) -> None:
    store = await MoodyStore.in_memory()
    probe = await a_row(store, "probe")
    for number in range(held):
        await a_row(store, str(number))
    books = ledger(store, [], *reports)

    books.owe(came_to(probe, Outage(5, "HTTP 500")))
    await books.pay()

    rows = await store.entries()
    assert [row.dedup_key for row in rows if row.kind == "report"] == expected
    told = [row.payload["held"] for row in rows if "held" in row.payload]
    assert set(told) <= {held}
    await store.close()


async def test_another_webhook_hears_at_once_that_this_one_takes_nothing() -> None:
    store = await MoodyStore.in_memory()
    row = await a_row(store)
    books = ledger(store, [], "", "health")
    outcome = replace(came_to(row), shut="Discord is failing (HTTP 500)")

    books.owe(outcome)
    await books.pay()

    (report,) = await store.due(NOW_MS)
    assert (report.route, report.kind) == ("health", "report")
    body = str(letter(report, now_ms=NOW_MS)["content"])
    assert "a receiver takes no messages: Discord is failing" in body
    await store.close()


async def test_an_outage_that_could_not_be_written_is_told_when_the_disk_is_back() -> (
    None
):
    store = await MoodyStore.in_memory()
    probe = await a_row(store, "probe")
    books = ledger(store, [], "")
    store.broken = frozenset({"enqueue"})
    books.owe(came_to(probe, Outage(5, "HTTP 500")))
    await books.try_to_pay()
    assert await store.depth() == 1
    store.broken = frozenset()

    await books.pay()

    assert [row.dedup_key for row in await store.due(NOW_MS)] == ["breaker:5"]
    await store.close()


async def test_a_message_in_parts_is_sent_when_its_last_part_is() -> None:
    store = await MoodyStore.in_memory()
    row = await a_row(store)
    parcel = Parcel(route="", body={}, rows=(row,), parts=2)

    first = settlement(row, parcel, delivered(), now_ms=NOW_MS, bury=lambda _: True)
    await store.settle(row.id, first, now_ms=NOW_MS)
    (row,) = await store.entries()
    second = settlement(row, parcel, delivered(), now_ms=NOW_MS, bury=lambda _: True)

    assert (first.state, row.parts) == (RowState.PENDING, 1)
    assert (second.state, second.parts) == (RowState.SENT, 2)
    await store.close()


async def test_an_edit_that_says_no_id_has_that_of_the_message() -> None:
    store = await MoodyStore.in_memory()
    row = await a_row(store)
    parcel = Parcel(route="", body={}, rows=(row,), edits="7")

    settled = settlement(row, parcel, delivered(""), now_ms=NOW_MS, bury=lambda _: True)

    assert settled.message_id == "7"
    await store.close()


async def test_what_was_refused_with_a_picture_or_in_company_is_not_yet_plain() -> None:
    store = await MoodyStore.in_memory()
    row, other = await a_row(store), await a_row(store, "2")
    picture = Attachment("liq.png", b"")
    alone = Parcel(route="", body={}, rows=(row,))
    pictured = Parcel(route="", body={}, rows=(row,), files=(picture,))
    together = Parcel(route="", body={}, rows=(row, other))

    plain = [
        settlement(row, parcel, REFUSED, now_ms=NOW_MS, bury=lambda _: True).plain
        for parcel in (alone, pictured, together)
    ]

    assert plain == [True, False, False]
    await store.close()
