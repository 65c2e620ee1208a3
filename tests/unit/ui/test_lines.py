from dataclasses import replace

import pytest

from boards import NOW_MONO, ONSET, a_board, a_busy_board, a_row
from factories import a_finding
from liqmon.core.board import Feed, Receiver
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
from liqmon.core.model import Basis, Phase, PositionSide, Severity
from liqmon.ui.lines import brief, line, stamped, status_line

BTC = ("bybit", "BTC/USDT:USDT")
CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN
SUMMARY = Summary(1, 31.2, 6, 2, 1, 2, 1, 0, 1, 1, 1, 0)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            FindingRaised(1, a_finding()),
            (
                "BTCUSDT long liquidations MEDIUM: 64,052 → 62,480.5 (~2.45 %) "
                "in 1 min, S 16.2 of 12, inferred from price and volume (bybit)"
            ),
        ),
        (
            FindingRaised(
                1,
                a_finding(
                    phase=Phase.ESCALATION,
                    liquidated=PositionSide.SHORT,
                    severity=Severity.CRITICAL,
                    basis=Basis.OBSERVED,
                    early=True,
                    decided_ms=ONSET.onset_ms + 5_000,
                    price_to=65_000.0,
                    conditions=(),
                    nearness=0.0,
                ),
            ),
            (
                "BTCUSDT short liquidations rise to CRITICAL: 64,052 → 65,000 "
                "(+1.48 %) in under a minute, observed by the exchange (bybit), "
                "bar still open"
            ),
        ),
        (
            FindingRaised(1, a_finding(confidence=0.76)),
            (
                "BTCUSDT long liquidations MEDIUM: 64,052 → 62,480.5 (~2.45 %) "
                "in 1 min, S 16.2 of 12, inferred from price and volume (bybit); "
                "of alerts like this, about 3 in 4 were cascades"
            ),
        ),
        (
            FindingRaised(
                1,
                a_finding(
                    phase=Phase.END,
                    confidence=0.76,
                    price_extreme=62_310.0,
                    ended_ms=ONSET.onset_ms + 840_000,
                    severity=Severity.HIGH,
                ),
            ),
            (
                "BTCUSDT long liquidations over: 64,052 → 62,480.5 (~2.45 %), "
                "low 62,310, 14 min, $41.8 M traded, peak HIGH, "
                "inferred from price and volume (bybit)"
            ),
        ),
        (
            FindingRaised(
                1,
                a_finding(
                    phase=Phase.BUILDING, nearness=0.75, score=9.0, confidence=0.3
                ),
            ),
            (
                "BTCUSDT long liquidations building: 64,052 → 62,480.5 (~2.45 %) "
                "in 1 min, S 9.0 of 12, inferred from price and volume (bybit)"
            ),
        ),
        (
            FindingRaised(
                1,
                a_finding(phase=Phase.WITHDRAWN, nearness=0.75, score=9.0),
            ),
            (
                "BTCUSDT long liquidations withdrawn: 64,052 → 62,480.5 (~2.45 %), "
                "it did not fire, S 9.0 of 12, inferred from price and volume (bybit)"
            ),
        ),
        (
            Retrying(1, *BTC, 2, 3, 1.4, "no answer"),
            "BTCUSDT (bybit): retry 2/3 in 1.4 s, no answer",
        ),
        (
            Retrying(1, "bybit", "", 2, 3, 1.4, "no answer"),
            "bybit: retry 2/3 in 1.4 s, no answer",
        ),
        (
            Healed(1, *BTC, "Session is closed"),
            "BTCUSDT (bybit): dead session rebuilt, Session is closed",
        ),
        (
            GaveUp(1, *BTC, 3, "HTTP 503"),
            "BTCUSDT (bybit): gave up after 3 attempts, HTTP 503",
        ),
        (
            FeedChanged(1, "bybit", "", FeedState.COOLING, "HTTP 429", 27.0),
            "bybit: cooling down for 27 s, HTTP 429",
        ),
        (FeedChanged(1, *BTC, FeedState.OK), "BTCUSDT (bybit): feed ok again"),
        (
            BreakerChanged(1, CLOSED, OPEN, "3 failures", 300.0),
            "webhook circuit breaker open: 3 failures, nothing is sent for 5 min",
        ),
        (
            BreakerChanged(1, CLOSED, OPEN, "HTTP 503", 15.0, "phone"),
            "phone circuit breaker open: HTTP 503, nothing is sent for 15 s",
        ),
        (
            BreakerChanged(1, OPEN, BreakerState.HALF_OPEN, ""),
            "webhook circuit breaker half-open, one message is tried",
        ),
        (
            BreakerChanged(1, BreakerState.HALF_OPEN, CLOSED, "delivered"),
            "webhook circuit breaker closed: delivered",
        ),
        (
            BreakerChanged(1, CLOSED, BreakerState.DEAD, "404 Unknown Webhook"),
            (
                "webhook circuit breaker dead: 404 Unknown Webhook, nothing is sent "
                "there any more"
            ),
        ),
        (
            Delivery(1, "a1b2", DeliveryStatus.HELD, "breaker open", receiver="phone"),
            "finding a1b2 for phone held: breaker open",
        ),
        (
            Delivery(1, "a1b2", DeliveryStatus.SENT, latency_s=0.041),
            "finding a1b2 delivered in 41 ms",
        ),
        (
            Delivery(
                1, "a1b2", DeliveryStatus.SENT, symbol="BTC/USDT:USDT", phase="onset"
            ),
            "BTCUSDT onset a1b2 delivered",
        ),
        (
            Delivery(1, "", DeliveryStatus.HELD, "breaker open"),
            "liqmon's report held: breaker open",
        ),
        (
            SUMMARY,
            (
                "ran 31 s: 2 markets, 6 cycles, 1 raised, 2 retried, 1 healed, "
                "0 given up, breaker opened 1 time, 1 held, 1 delivered, 0 undelivered"
            ),
        ),
    ],
)
def test_every_event_is_told_in_one_line(event: Event, told: str) -> None:
    assert line(event) == told.replace("~", "\N{MINUS SIGN}")


def test_foreign_text_cannot_break_the_line() -> None:
    event = GaveUp(1, "bybit", "EVIL\n\x1b]0;x/USDT:USDT", 3, "a\r\nb\u202e")

    assert line(event).isprintable()


def test_a_stamp_is_the_wall_clock_in_utc() -> None:
    event = Healed(1_700_000_040_000, *BTC, "x")

    assert stamped(event) == f"22:14:00  {line(event)}"


def test_only_the_brief_line_leaves_the_odds_out() -> None:
    event = FindingRaised(64_440_000, a_finding(confidence=0.76))
    odds = "; of alerts like this, about 3 in 4 were cascades"
    assert stamped(event) == f"{brief(event)}{odds}"


def test_the_status_line_says_how_things_stand() -> None:
    board = a_busy_board()

    assert status_line(board, now_mono=NOW_MONO) == (
        "7 markets: 3 ok, 1 retry, 1 healing, 1 stale, 1 connecting; "
        "nearest BTCUSDT 154%; raised 4; discord open, 3 queued; up 3 h 10 min"
    )


def test_no_feed_is_ok_while_its_exchange_cannot_be_reached() -> None:
    down = {"bybit": Feed(FeedState.UNAVAILABLE)}
    board = replace(a_board(a_row(), a_row("ETH")), exchanges=down)

    assert status_line(board, now_mono=NOW_MONO).startswith("2 markets: 2 unavailable")


def test_the_status_line_says_when_nobody_hears() -> None:
    board = a_board(a_row(nearness=None), receiver=Receiver(), banner="not durable")
    dry = replace(board, receiver=Receiver(dry_run=True), rows={})
    phone = replace(board, receiver=Receiver(configured=True, name="phone"))

    assert status_line(board, now_mono=NOW_MONO) == (
        "1 market: 1 ok; raised 0; no webhook; up 3 h 10 min; not durable"
    )
    assert "0 markets: none yet; raised 0; dry run" in status_line(
        dry, now_mono=NOW_MONO
    )
    assert "; phone closed, 0 queued; " in status_line(phone, now_mono=NOW_MONO)
