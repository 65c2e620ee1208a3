from dataclasses import replace

from couriers import entry
from liqmon.monitor.volatile import VolatileBox
from liqmon.store.outbox import RowState, Settlement

NOW_MS = 1_700_000_000_000
SENT = Settlement(state=RowState.SENT, message_id="42")


def test_each_finding_is_tried_once_however_often_it_is_offered() -> None:
    box = VolatileBox()

    assert box.add([entry(1), entry(2)], NOW_MS) == 2
    assert box.add([entry(1)], NOW_MS) == 0
    first = box.untried()
    assert first is not None
    box.tried(first.dedup_key, SENT)
    assert box.add([entry(1)], NOW_MS) == 0

    second = box.untried()
    assert second is not None
    assert (first.dedup_key, second.dedup_key) == ("1", "2")
    assert (first.id, first.created_ms, first.state) == (0, NOW_MS, RowState.PENDING)
    assert box.settled == {"1": SENT}


def test_what_the_disk_has_taken_is_forgotten() -> None:
    box = VolatileBox()
    box.add([entry(1), entry(2)], NOW_MS)
    box.forget(["1", "unknown"])
    box.tried("1", SENT)

    assert box.keys == ("2",)
    assert box.settled == {}


def test_of_more_than_five_hundred_the_oldest_go() -> None:
    box = VolatileBox()
    box.add([entry(number) for number in range(502)], NOW_MS)

    assert len(box.keys) == 500
    assert box.keys[0] == "2"


def test_an_entry_keeps_its_route() -> None:
    box = VolatileBox()
    box.add([replace(entry(1), route="btc")], NOW_MS)
    row = box.untried()

    assert row is not None
    assert row.route == "btc"
