"""What is known of each market, feed and receiver: the snapshot the table draws.

A snapshot is never changed; ``with_event`` and its siblings return the next one, so the
drawing thread can hold one as long as it likes. Moments named ``_mono`` are seconds of
the process's monotonic clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from liqmon.core.events import BreakerState, Event, FeedState
from liqmon.core.model import Finding, Market, PositionSide, Warmup

__all__ = ["BoardSnapshot", "Feed", "MarketRow", "Receiver"]


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
    last half hour, oldest first. ``updated_mono`` is when the newest candles came in.
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


@dataclass(frozen=True, slots=True)
class Receiver:
    """The webhook: ``configured`` false means findings are stored and shown only."""

    configured: bool = False
    dry_run: bool = False
    breaker: BreakerState = BreakerState.CLOSED
    breaker_enabled: bool = True
    until_mono: float | None = None
    failures: int = 0
    pending: int = 0
    latency_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """Everything the table shows. ``rows`` is keyed by ``Market.key``, in user order.

    ``interval_s`` is the effective interval per exchange; ``exchanges`` the state of
    each exchange as a whole; ``exchange_ms`` the newest exchange time; ``events`` the
    last ones, oldest first; ``banner`` something the user must know (empty: nothing).
    """

    version: str
    timeframe: str
    started_mono: float
    rows: Mapping[str, MarketRow] = field(default_factory=dict)
    exchanges: Mapping[str, Feed] = field(default_factory=dict)
    interval_s: Mapping[str, float] = field(default_factory=dict)
    receiver: Receiver = field(default_factory=Receiver)
    events: tuple[Event, ...] = ()
    exchange_ms: int | None = None
    raised: int = 0
    cycles: int = 0
    banner: str = ""
