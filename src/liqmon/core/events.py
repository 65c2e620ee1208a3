"""Everything that happens, as values.

The same event goes to the board, the journal, the log, the plain lines and the NDJSON
stream; each decides how to show it. ``at_ms`` is wall-clock time.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from liqmon.core.model import Finding

__all__ = [
    "BreakerChanged",
    "BreakerState",
    "Delivery",
    "DeliveryStatus",
    "Event",
    "FeedChanged",
    "FeedState",
    "FindingRaised",
    "GaveUp",
    "Healed",
    "Retrying",
    "Summary",
]


class FeedState(StrEnum):
    """What the candles of a market, or of a whole exchange, are doing."""

    CONNECTING = "connecting"
    OK = "ok"
    RETRY = "retry"
    HEALING = "healing"
    COOLING = "cooling"
    STALE = "stale"
    UNAVAILABLE = "unavailable"
    BLOCKED = "blocked"
    REJECTED = "rejected"


class BreakerState(StrEnum):
    """Closed lets calls through, open refuses, half-open allows one, dead never."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    DEAD = "dead"


class DeliveryStatus(StrEnum):
    """What became of an outbox row; HELD is a pending row that may not go out now."""

    SENT = "sent"
    HELD = "held"
    DIGESTED = "digested"
    EXPIRED = "expired"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class FindingRaised:
    """A finding that is on disk."""

    at_ms: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Retrying:
    """A call failed and will be made again after ``wait_s``.

    ``attempt`` is the one that comes next. ``symbol`` is empty for calls that concern
    the whole exchange.
    """

    at_ms: int
    exchange: str
    symbol: str
    attempt: int
    attempts: int
    wait_s: float
    error: str


@dataclass(frozen=True, slots=True)
class Healed:
    """A dead session was rebuilt."""

    at_ms: int
    exchange: str
    symbol: str
    error: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """One market returns nothing for this cycle."""

    at_ms: int
    exchange: str
    symbol: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class FeedChanged:
    """A market (or, with an empty ``symbol``, an exchange) changed its feed state.

    ``wait_s`` is how long the state will last where that is known.
    """

    at_ms: int
    exchange: str
    symbol: str
    state: FeedState
    reason: str = ""
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A receiver's circuit breaker changed state; ``open_s`` is set when it opened.

    ``receiver`` is the route that leads there, empty for the webhook of ``[discord]``.
    """

    at_ms: int
    old: BreakerState
    new: BreakerState
    reason: str
    open_s: float | None = None
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row changed its fate. ``episode`` is empty for liqmon's own reports.

    ``receiver`` is named as in ``BreakerChanged``; ``symbol`` and ``phase`` are the
    finding's.
    """

    at_ms: int
    episode: str
    status: DeliveryStatus
    reason: str = ""
    message_id: str = ""
    latency_s: float | None = None
    receiver: str = ""
    symbol: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The closing account of a run."""

    at_ms: int
    uptime_s: float
    cycles: int
    markets: int
    raised: int
    retried: int
    healed: int
    gave_up: int
    breaker_opened: int
    held: int
    delivered: int
    undelivered: int


Event: TypeAlias = (
    FindingRaised
    | Retrying
    | Healed
    | GaveUp
    | FeedChanged
    | BreakerChanged
    | Delivery
    | Summary
)
