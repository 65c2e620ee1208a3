"""How liqmon did, in numbers: the values behind ``liqmon stats``.

A number nobody has is None. Times are wall clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from liqmon.core.model import Severity

__all__ = [
    "BreakerStats",
    "ErrorStats",
    "MarketStats",
    "PollStats",
    "SeverityStats",
    "Stats",
    "WebhookStats",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStats:
    """Requests of one route; being asked to wait (429) counts neither way.

    ``success`` is the share that worked, ``answer_s`` how long Discord took on average.
    ``p50_s`` and ``p95_s`` are the time from a finding's commit to its delivery, of
    ``messages`` that were not told by a digest.
    """

    route: str
    requests: int
    by_answer: Mapping[str, int]
    success: float | None
    answer_s: float | None
    messages: int
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class PollStats:
    """Polls that brought data, by the attempt that did, and those given up."""

    solved: Mapping[int, int]
    gave_up: int


@dataclass(frozen=True, slots=True)
class ErrorStats:
    """How often an exchange failed in one way."""

    exchange: str
    error: str
    count: int


@dataclass(frozen=True, slots=True)
class BreakerStats:
    """How often a breaker opened out of calm, and for how long it kept messages back.

    With several receivers these are sums; one that is open is enough for ``is_open``.
    """

    opened: int
    open_s: float
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStats:
    """One market while it was watched; ``uptime`` is the share of time with data.

    ``stale`` counts the spells without data, ``stale_s`` is how long they were.
    """

    market: str
    watched_s: float
    stale: int
    stale_s: float
    uptime: float | None
    polls: int
    gave_up: int
    episodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityStats:
    """Episodes of one severity and what the price did after they were told.

    The changes are medians in the episode's direction (positive: it went on), over
    ``known_15`` and ``known_60`` of them.
    """

    severity: Severity
    episodes: int
    after_15: float | None
    known_15: int
    after_60: float | None
    known_60: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """All of it, from ``since_ms`` to ``until_ms``; counts begin with the hour."""

    since_ms: int
    until_ms: int
    webhooks: tuple[WebhookStats, ...]
    polls: PollStats
    errors: tuple[ErrorStats, ...]
    healed: tuple[ErrorStats, ...]
    breaker: BreakerStats
    markets: tuple[MarketStats, ...]
    severities: tuple[SeverityStats, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was watched, sent or found."""
        return not (self.markets or self.webhooks or self.severities)
