from dataclasses import replace

import pytest

from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot, MarketRow, Receiver
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FeedState,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.core.model import Phase
from liqmon.monitor.bulletin import Bulletin

RETRYING = Retrying(1, "bybit", MARKET.symbol, 2, 3, 1.5, "timeout")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(seconds=10.0)


@pytest.fixture
def bulletin(clock: FakeClock) -> Bulletin:
    bulletin = Bulletin(clock, BoardSnapshot("0.1.0", "1m", 10.0))
    bulletin.show_markets("bybit", (MARKET, ETH))
    return bulletin


def test_an_event_is_on_the_board_before_anybody_is_told(bulletin: Bulletin) -> None:
    seen: list[tuple[Event, FeedState]] = []

    def listener(event: Event) -> None:
        seen.append((event, bulletin.snapshot.rows[MARKET.key].feed.state))

    with bulletin.listening(listener):
        bulletin.publish(RETRYING)
    bulletin.publish(RETRYING)

    assert seen == [(RETRYING, FeedState.RETRY)]


def test_what_was_found_is_shown_again_after_new_settings(bulletin: Bulletin) -> None:
    older, newer = a_finding(episode="a"), a_finding(episode="b")
    building = a_finding(episode="c", phase=Phase.BUILDING)
    eth = a_finding(episode="d", market=ETH)
    bulletin.publish(FindingRaised(1, older))
    bulletin.recall({ETH.key: eth})
    bulletin.publish(FindingRaised(2, newer))
    bulletin.publish(FindingRaised(3, building))
    bulletin.begin(bulletin.snapshot)
    bulletin.show_markets("bybit", (MARKET, ETH))

    rows = bulletin.snapshot.rows
    assert [rows[one.key].finding for one in (MARKET, ETH)] == [newer, eth]
    assert bulletin.snapshot.raised == 2


def test_a_snapshot_that_somebody_holds_never_changes(bulletin: Bulletin) -> None:
    held = bulletin.snapshot
    bulletin.publish(RETRYING)
    bulletin.show_row(MarketRow(MARKET, price=1.0), exchange_ms=5)

    assert held.rows[MARKET.key] == MarketRow(MARKET)
    assert held.events == ()


def test_markets_stand_in_the_order_they_were_asked_for(bulletin: Bulletin) -> None:
    binance = replace(MARKET, exchange="binanceusdm")
    bulletin.show_markets("binanceusdm", (binance,))

    assert list(bulletin.snapshot.rows) == [MARKET.key, ETH.key, binance.key]
    assert list(bulletin.snapshot.exchanges) == ["bybit", "binanceusdm"]


def test_a_row_is_replaced_and_the_exchange_s_time_noted(bulletin: Bulletin) -> None:
    bulletin.show_row(MarketRow(ETH, price=3_000.0), exchange_ms=77)

    assert bulletin.snapshot.rows[ETH.key].price == 3_000.0
    assert bulletin.snapshot.exchange_ms == 77


def test_new_settings_clear_the_rows_and_keep_what_happened(
    bulletin: Bulletin,
) -> None:
    bulletin.publish(RETRYING)
    bulletin.show_banner("disk", "not durable")
    bulletin.show_cycle("bybit", interval_s=5.0)
    bulletin.begin(BoardSnapshot("0.1.0", "5m", 99.0, receiver=Receiver(pending=3)))

    board = bulletin.snapshot
    assert (board.rows, board.exchanges, board.interval_s, board.banner) == (
        {},
        {},
        {},
        "",
    )
    assert (board.timeframe, board.receiver.pending) == ("5m", 3)
    assert (board.started_mono, board.cycles, board.events) == (10.0, 1, (RETRYING,))


def test_cycles_are_counted_and_the_interval_shown(bulletin: Bulletin) -> None:
    bulletin.show_cycle("bybit", interval_s=5.0)
    bulletin.show_cycle("bybit", interval_s=6.0)

    assert bulletin.snapshot.cycles == 2
    assert bulletin.snapshot.interval_s == {"bybit": 6.0}


def test_the_banner_holds_each_topic_until_it_is_over(bulletin: Bulletin) -> None:
    bulletin.show_banner("disk", "not durable")
    bulletin.show_banner("outbox", "disk full")
    bulletin.show_banner("outbox", "disk full")
    assert bulletin.snapshot.banner == "not durable · disk full"

    bulletin.show_banner("disk", "")
    assert bulletin.snapshot.banner == "disk full"


def test_a_banner_that_says_nothing_new_makes_no_new_snapshot(
    bulletin: Bulletin,
) -> None:
    before = bulletin.snapshot
    bulletin.show_banner("disk", "")

    assert bulletin.snapshot is before


def test_the_closing_account_counts_what_happened(
    bulletin: Bulletin, clock: FakeClock
) -> None:
    for event in (
        RETRYING,
        Healed(1, "bybit", MARKET.symbol, "closed"),
        GaveUp(1, "bybit", MARKET.symbol, 3, "timeout"),
        FindingRaised(1, a_finding()),
        BreakerChanged(1, BreakerState.CLOSED, BreakerState.OPEN, "HTTP 500", 300.0),
        BreakerChanged(1, BreakerState.OPEN, BreakerState.HALF_OPEN, "time is over"),
        Delivery(1, "a", DeliveryStatus.HELD),
        Delivery(1, "a", DeliveryStatus.SENT),
        Delivery(1, "b", DeliveryStatus.DIGESTED),
        Delivery(1, "c", DeliveryStatus.DEAD),
        Delivery(1, "", DeliveryStatus.SENT),
    ):
        bulletin.publish(event)
    bulletin.show_cycle("bybit", interval_s=5.0)
    bulletin.show_receiver(Receiver(configured=True, pending=2))
    clock.push(60.0)

    summary = bulletin.summary()

    assert (summary.uptime_s, summary.cycles, summary.markets) == (60.0, 1, 2)
    assert (summary.retried, summary.healed, summary.gave_up) == (1, 1, 1)
    assert (summary.raised, summary.breaker_opened, summary.held) == (1, 1, 1)
    assert (summary.delivered, summary.undelivered) == (2, 3)


def test_of_several_webhooks_the_worst_off_is_shown_and_all_that_waits() -> None:
    bulletin = Bulletin(FakeClock(), BoardSnapshot("1", "1m", 0.0))
    bulletin.show_receiver(Receiver(configured=True, pending=2, latency_s=0.1), "one")
    bulletin.show_receiver(
        Receiver(configured=True, pending=3, breaker=BreakerState.OPEN), "two"
    )
    bulletin.show_receiver(Receiver(configured=True, pending=1), "one")

    shown = bulletin.snapshot.receiver
    assert (shown.breaker, shown.pending) == (BreakerState.OPEN, 4)


def test_what_is_muted_and_seen_is_on_the_board_and_outlives_new_settings(
    bulletin: Bulletin,
) -> None:
    bulletin.show_silences({MARKET.key: 70.0}, frozenset({"one"}))
    bulletin.begin(BoardSnapshot("0.1.0", "5m", 10.0))

    assert bulletin.snapshot.muted == {MARKET.key: 70.0}
    assert bulletin.snapshot.acknowledged == {"one"}


# P17: a listener with a bug


class Faulty:
    """Raises as often as it is told to, then hears."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.heard: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.heard.append(event)
        if len(self.heard) <= self.failures:
            raise TypeError("a bug")


def test_p17_a_listener_that_raises_keeps_no_event_from_the_others(
    bulletin: Bulletin, caplog: pytest.LogCaptureFixture
) -> None:
    others: list[Event] = []
    faulty = Faulty(failures=2)
    with bulletin.listening(faulty), bulletin.listening(others.append):
        for _ in range(4):
            bulletin.publish(RETRYING)

    assert len(others) == len(faulty.heard) == 4
    assert bulletin.snapshot.banner == ""
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


def test_p17_a_listener_that_raises_three_times_in_a_row_is_off_and_that_is_said(
    bulletin: Bulletin, caplog: pytest.LogCaptureFixture
) -> None:
    others: list[Event] = []
    faulty = Faulty(failures=99)
    with bulletin.listening(faulty, "the journal"), bulletin.listening(others.append):
        for _ in range(5):
            bulletin.publish(RETRYING)

    said = "the journal is off: it failed 3 times in a row"
    assert (len(others), len(faulty.heard)) == (5, 3)
    assert bulletin.snapshot.banner == f"{said} (TypeError: a bug)"
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 4
    assert caplog.messages[-1].startswith(said)


def test_p17_failures_with_a_success_between_them_are_forgiven(
    bulletin: Bulletin,
) -> None:
    heard: list[Event] = []

    def every_third_time(event: Event) -> None:
        heard.append(event)
        if len(heard) % 3:
            raise TypeError("a bug")

    with bulletin.listening(every_third_time):
        for _ in range(9):
            bulletin.publish(RETRYING)

    assert len(heard) == 9
