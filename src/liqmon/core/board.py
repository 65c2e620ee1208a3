"""What is known of each market, feed and receiver: the snapshot the table draws.

A snapshot is never changed; ``with_event`` and its siblings return the next one, so the
drawing thread can hold one as long as it likes. Moments named ``_mono`` are seconds of
the process's monotonic clock, and so are the values of ``muted``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

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
)
from liqmon.core.model import Finding, Market, PositionSide, Warmup

__all__ = [
    "EVENTS_KEPT",
    "RECENT_KEPT",
    "BoardSnapshot",
    "Feed",
    "MarketRow",
    "Receiver",
    "with_event",
]

EVENTS_KEPT = 50
"""How many events the board remembers: more than any terminal shows."""

RECENT_KEPT = 20
"""How many events of each market it remembers, for a look at one of them."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed state of a market or exchange.

    ``until_mono`` is when a wait ends (countdown); ``attempt`` of ``attempts`` is the
    call being waited for while retrying.
    """

    state: FeedState = FeedState.CONNECTING
    since_mono: float = 0.0
    until_mono: float | None = None
    attempt: int = 0
    attempts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One line of the table; None is unknown.

    ``change`` is the fraction over the last five minutes. ``spark`` holds closes of the
    last half hour, ``hour`` those of each minute of the last hour, NaN where unknown,
    oldest first. ``updated_mono`` is when the newest candles came in.
    """

    market: Market
    feed: Feed = field(default_factory=Feed)
    price: float | None = None
    change: float | None = None
    nearness: float | None = None
    liquidated: PositionSide | None = None
    warmup: Warmup | None = None
    spark: tuple[float, ...] = ()
    updated_mono: float | None = None
    finding: Finding | None = None
    hour: tuple[float, ...] = ()

    @property
    def change_1h(self) -> float | None:
        """The fraction over the last hour, None where its begin or end is unknown."""
        if not self.hour:
            return None
        change = self.hour[-1] / self.hour[0] - 1
        return change if math.isfinite(change) else None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whoever is told: ``configured`` false means findings are stored and shown only.

    ``name`` is the route that leads there, empty for the webhook of ``[discord]``.
    """

    configured: bool = False
    dry_run: bool = False
    breaker: BreakerState = BreakerState.CLOSED
    until_mono: float | None = None
    failures: int = 0
    pending: int = 0
    latency_s: float | None = None
    reason: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """Everything the table shows. ``rows`` is keyed by ``Market.key``, in user order.

    ``interval_s`` is the effective interval per exchange; ``exchanges`` the state of
    each exchange as a whole; ``exchange_ms`` the newest exchange time; ``events`` the
    last ones, oldest first, ``recent`` those of each market (by its key); ``banner``
    something the user must know (empty: nothing).
    ``muted`` says until when the messages of a market (its key; '' is every market) are
    held back from people; ``acknowledged`` holds the episodes somebody has seen.
    """

    version: str
    timeframe: str
    started_mono: float
    rows: Mapping[str, MarketRow] = field(default_factory=dict)
    exchanges: Mapping[str, Feed] = field(default_factory=dict)
    interval_s: Mapping[str, float] = field(default_factory=dict)
    receiver: Receiver = field(default_factory=Receiver)
    events: tuple[Event, ...] = ()
    muted: Mapping[str, float] = field(default_factory=dict)
    acknowledged: frozenset[str] = frozenset()
    exchange_ms: int | None = None
    raised: int = 0
    cycles: int = 0
    banner: str = ""
    recent: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)


def with_event(board: BoardSnapshot, event: Event, *, now_mono: float) -> BoardSnapshot:
    """Return the board after ``event``."""
    board = replace(
        board,
        events=(*board.events, event)[-EVENTS_KEPT:],
        recent=_recent_after(board, event),
    )
    match event:
        case FindingRaised(finding=finding):
            # a first step is news, but the market's finding only once it fires
            return (
                board if finding.phase.is_first_step else _with_finding(board, finding)
            )
        case Retrying() | Healed() | GaveUp() | FeedChanged():
            feed = _feed_after(event, now_mono)
            return _with_feed(board, event.exchange, event.symbol, feed)
        case BreakerChanged():
            return replace(board, receiver=_receiver_after(board, event, now_mono))
        case Delivery(
            status=DeliveryStatus.SENT, latency_s=latency_s, receiver=receiver
        ) if receiver == board.receiver.name:
            return replace(board, receiver=replace(board.receiver, latency_s=latency_s))
        case _:
            return board


def _recent_after(
    board: BoardSnapshot, event: Event
) -> Mapping[str, tuple[Event, ...]]:
    key = _market_of(board, event)
    if key not in board.rows:
        return board.recent
    kept = (*board.recent.get(key, ()), event)[-RECENT_KEPT:]
    return {**board.recent, key: kept}


def _market_of(board: BoardSnapshot, event: Event) -> str:
    """Return the key of the market that ``event`` is about, '' for none."""
    match event:
        case FindingRaised(finding=finding):
            return finding.market.key
        case Retrying() | Healed() | GaveUp() | FeedChanged():
            return f"{event.exchange}:{event.symbol}"
        case Delivery(episode=episode) if episode:
            return next(
                (
                    key
                    for key, row in board.rows.items()
                    if row.finding is not None and row.finding.episode == episode
                ),
                "",
            )
        case _:
            return ""


def _with_finding(board: BoardSnapshot, finding: Finding) -> BoardSnapshot:
    rows = dict(board.rows)
    key = finding.market.key
    if key in rows:
        rows[key] = replace(rows[key], finding=finding)
    return replace(board, rows=rows, raised=board.raised + 1)


def _feed_after(
    event: Retrying | Healed | GaveUp | FeedChanged, now_mono: float
) -> Feed:
    match event:
        case Retrying():
            return Feed(
                FeedState.RETRY,
                now_mono,
                now_mono + event.wait_s,
                event.attempt,
                event.attempts,
                event.error,
            )
        case Healed():
            return Feed(FeedState.HEALING, now_mono, reason=event.error)
        case GaveUp():
            return Feed(FeedState.STALE, now_mono, reason=event.error)
        case FeedChanged():
            until_mono = None if event.wait_s is None else now_mono + event.wait_s
            return Feed(event.state, now_mono, until_mono, reason=event.reason)
        case _:
            assert_never(event)


def _with_feed(
    board: BoardSnapshot, exchange: str, symbol: str, feed: Feed
) -> BoardSnapshot:
    if not symbol:
        return replace(board, exchanges={**board.exchanges, exchange: feed})
    key = f"{exchange}:{symbol}"
    if key not in board.rows:
        return board
    return replace(board, rows={**board.rows, key: replace(board.rows[key], feed=feed)})


def _receiver_after(
    board: BoardSnapshot, event: BreakerChanged, now_mono: float
) -> Receiver:
    return replace(
        board.receiver,
        breaker=event.new,
        until_mono=None if event.open_s is None else now_mono + event.open_s,
        reason=event.reason,
        name=event.receiver,
    )
