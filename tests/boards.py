"""Boards to draw: one of each feed state, and as many markets as you like."""

from dataclasses import replace
from typing import Any

from factories import ETH, MARKET, ONSET_MS, a_finding
from liqmon.core.board import BoardSnapshot, Feed, MarketRow, Receiver
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    FeedState,
    FindingRaised,
    Healed,
    Retrying,
)
from liqmon.core.model import Market, Phase, PositionSide, Severity, Warmup

NOW_MONO = 10_000.0
NOW_MS = ONSET_MS + 75_000

SPARK = tuple(64_000 - 40 * abs(at - 14) + 300 * (at % 3) for at in range(30))

HOUR = tuple(
    64_400 + 90 * (at % 4) - 40 * abs(at - 20) - max(at - 52, 0) * 260
    for at in range(61)
)
RISE = tuple(100 + at / 50 for at in range(61))

ONSET = a_finding(severity=Severity.HIGH, score=23.1, nearness=1.54)


def a_market(name: str, exchange: str = "bybit") -> Market:
    return Market(exchange, f"{name}/USDT:USDT", name, "USDT")


def a_row(name: str = "SOL", **changes: Any) -> MarketRow:
    """Return a healthy market's row."""
    row = MarketRow(
        a_market(name),
        feed=Feed(FeedState.OK, NOW_MONO - 60),
        price=145.27,
        change=0.0026,
        nearness=0.12,
        liquidated=PositionSide.SHORT,
        spark=SPARK,
        updated_mono=NOW_MONO - 0.8,
        hour=RISE,
    )
    return replace(row, **changes)


def a_board(*rows: MarketRow, **changes: Any) -> BoardSnapshot:
    board = BoardSnapshot(
        version="0.1.0",
        timeframe="1m",
        started_mono=NOW_MONO - 11_400,
        rows={row.market.key: row for row in rows},
        exchanges={"bybit": Feed(FeedState.OK)},
        interval_s={"bybit": 5.0},
        receiver=Receiver(configured=True, latency_s=0.041),
        exchange_ms=NOW_MS,
    )
    return replace(board, **changes)


def a_busy_board() -> BoardSnapshot:
    """Return a board on which everything happens at once."""
    ended = replace(
        ONSET,
        market=ETH,
        severity=Severity.LOW,
        phase=Phase.END,
        price_from=3_400.0,
        price_to=3_370.0,
        ended_ms=ONSET_MS + 900_000,
    )
    soon = NOW_MONO + 1.4
    rows = (
        a_row(
            market=MARKET,
            price=62_480.5,
            change=-0.0245,
            hour=HOUR,
            nearness=1.54,
            liquidated=PositionSide.LONG,
            finding=ONSET,
        ),
        a_row(
            market=ETH,
            price=3_370.0,
            change=-0.0088,
            hour=HOUR,
            nearness=0.71,
            liquidated=PositionSide.LONG,
            finding=ended,
        ),
        a_row(
            "SOL",
            feed=Feed(FeedState.RETRY, NOW_MONO, soon, 2, 3, "RequestTimeout"),
            updated_mono=NOW_MONO - 13.2,
        ),
        a_row("XRP", price=2.2041, feed=Feed(FeedState.HEALING, NOW_MONO)),
        a_row(
            "DOGE",
            price=0.16284,
            change=0.0,
            feed=Feed(FeedState.STALE, NOW_MONO - 35),
            updated_mono=NOW_MONO - 40,
        ),
        a_row("1000PEPE", price=0.0068412, nearness=None, warmup=Warmup(11.5, 24)),
        MarketRow(a_market("WIF")),
    )
    return a_board(
        *rows,
        receiver=Receiver(
            configured=True,
            breaker=BreakerState.OPEN,
            until_mono=NOW_MONO + 252,
            pending=3,
            latency_s=0.041,
        ),
        raised=4,
        cycles=2_280,
        events=(
            Healed(NOW_MS - 64_000, "bybit", "XRP/USDT:USDT", "Session is closed"),
            FindingRaised(NOW_MS - 15_000, ONSET),
            BreakerChanged(
                NOW_MS - 14_000,
                BreakerState.CLOSED,
                BreakerState.OPEN,
                "3 failures, the last: HTTP 502",
                300.0,
            ),
            Delivery(
                NOW_MS - 13_000, ONSET.episode, DeliveryStatus.HELD, "breaker open"
            ),
            Retrying(
                NOW_MS, "bybit", "SOL/USDT:USDT", 2, 3, 1.4, "no answer within 10 s"
            ),
        ),
    )


def a_large_board(count: int) -> BoardSnapshot:
    """Return ``count`` different markets, every seventh with a finding."""
    return a_board(
        *(
            a_row(
                f"COIN{at}",
                price=100.0 + at,
                change=(at % 13 - 6) / 500,
                nearness=at % 11 / 10,
                finding=ONSET if at % 7 == 0 else None,
            )
            for at in range(count)
        )
    )
