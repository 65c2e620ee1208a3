"""The board after each kind of event."""

from dataclasses import replace

import pytest

from factories import MARKET, a_finding
from liqmon.core.board import (
    EVENTS_KEPT,
    RECENT_KEPT,
    BoardSnapshot,
    MarketRow,
    with_event,
)
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FeedChanged,
    FeedState,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
    Summary,
)
from liqmon.core.model import Phase

BOARD = BoardSnapshot(
    version="1", timeframe="1m", started_mono=0.0, rows={MARKET.key: MarketRow(MARKET)}
)
BTC = (MARKET.exchange, MARKET.symbol)


def after(*events: Event) -> BoardSnapshot:
    board = BOARD
    for event in events:
        board = with_event(board, event, now_mono=100.0)
    return board


def test_a_retry_shows_which_attempt_is_waited_for_and_until_when() -> None:
    feed = after(Retrying(0, *BTC, 2, 3, 1.4, "RequestTimeout")).rows[MARKET.key].feed

    assert (feed.state, feed.attempt, feed.attempts) == (FeedState.RETRY, 2, 3)
    assert feed.until_mono == pytest.approx(101.4)
    assert feed.reason == "RequestTimeout"


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Healed(0, *BTC, "Session is closed"), FeedState.HEALING),
        (GaveUp(0, *BTC, 3, "RequestTimeout"), FeedState.STALE),
        (FeedChanged(0, *BTC, FeedState.REJECTED, "delisted"), FeedState.REJECTED),
    ],
)
def test_a_feed_event_sets_the_state_of_its_row(event: Event, state: FeedState) -> None:
    assert after(event).rows[MARKET.key].feed.state is state


def test_an_event_without_a_symbol_concerns_the_exchange_as_a_whole() -> None:
    board = after(FeedChanged(0, "bybit", "", FeedState.COOLING, "429", 30.0))

    assert board.exchanges["bybit"].until_mono == pytest.approx(130.0)
    assert board.rows == BOARD.rows


def test_a_market_that_is_not_on_the_board_changes_no_row() -> None:
    assert after(GaveUp(0, "okx", "X/USDT:USDT", 3, "?")).rows == BOARD.rows


def test_a_finding_is_counted_and_stays_on_its_row() -> None:
    finding = a_finding()

    board = after(FindingRaised(0, finding))

    assert board.raised == 1
    assert board.rows[MARKET.key].finding == finding


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.WITHDRAWN])
def test_a_first_step_is_news_and_no_finding(phase: Phase) -> None:
    event = FindingRaised(0, a_finding(phase=phase))

    board = after(event)

    assert board.events == (event,)
    assert (board.raised, board.rows) == (0, BOARD.rows)


def test_a_finding_of_a_market_without_a_row_is_still_counted() -> None:
    board = with_event(
        BoardSnapshot("1", "1m", 0.0), FindingRaised(0, a_finding()), now_mono=0.0
    )

    assert (board.raised, dict(board.rows)) == (1, {})


def test_an_open_breaker_counts_down_and_a_closed_one_does_not() -> None:
    opened = BreakerChanged(0, BreakerState.CLOSED, BreakerState.OPEN, "500", 300.0)
    closed = BreakerChanged(0, BreakerState.HALF_OPEN, BreakerState.CLOSED, "200")

    assert after(opened).receiver.until_mono == pytest.approx(400.0)
    assert after(opened, closed).receiver.until_mono is None
    assert after(opened, closed).receiver.breaker is BreakerState.CLOSED


def test_the_receiver_on_the_board_is_the_one_whose_breaker_moved() -> None:
    opened = BreakerChanged(
        0, BreakerState.CLOSED, BreakerState.OPEN, "500", 300.0, "phone"
    )

    assert after(opened).receiver.name == "phone"


def test_only_a_sent_message_tells_the_latency() -> None:
    held = Delivery(0, "e", DeliveryStatus.HELD, "breaker open")
    sent = Delivery(0, "e", DeliveryStatus.SENT, latency_s=0.041)
    elsewhere = replace(sent, receiver="phone")

    assert after(held).receiver.latency_s is None
    assert after(elsewhere).receiver.latency_s is None
    assert after(held, sent).receiver.latency_s == pytest.approx(0.041)


def test_the_board_remembers_the_last_events_only() -> None:
    summary = Summary(0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    board = after(*[summary] * (EVENTS_KEPT + 5))

    assert len(board.events) == EVENTS_KEPT


def test_each_market_keeps_the_last_of_what_happened_to_it() -> None:
    other = Healed(0, MARKET.exchange, "ETH/USDT:USDT", "closed")
    whole = Healed(0, MARKET.exchange, "", "closed")
    mine = [Healed(at_ms, *BTC, "closed") for at_ms in range(RECENT_KEPT + 5)]
    board = after(other, whole, *mine)

    assert board.recent == {MARKET.key: tuple(mine[5:])}


def test_a_delivery_is_remembered_with_the_market_of_its_episode() -> None:
    finding = a_finding()
    raised = FindingRaised(0, finding)
    sent = Delivery(1, finding.episode, DeliveryStatus.SENT)
    report = Delivery(2, "", DeliveryStatus.SENT)
    unknown = Delivery(3, "another", DeliveryStatus.SENT)

    assert after(raised, sent, report, unknown).recent == {MARKET.key: (raised, sent)}


@pytest.mark.parametrize(
    ("hour", "change"),
    [((), None), ((100.0, 98.0), -0.02), ((float("nan"), 98.0), None)],
)
def test_the_change_of_an_hour_takes_both_ends(
    hour: tuple[float, ...], change: float | None
) -> None:
    assert MarketRow(MARKET, hour=hour).change_1h == pytest.approx(change)
