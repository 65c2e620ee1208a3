"""Events as JSON objects, one a line, for programs.

Every object has ``schema`` and ``event``. Enumerations are lower case, a number that is
not finite is null, times are epoch milliseconds.
"""

import json
import math
from enum import IntEnum
from typing import Any, Final

from liqmon.core.events import (
    BreakerChanged,
    Delivery,
    Event,
    FeedChanged,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
    Summary,
)
from liqmon.core.model import Finding

__all__ = ["SCHEMA", "dumps", "record"]

SCHEMA: Final = 1
"""Raised when a key changes its meaning or goes away; new keys do not count."""

_NAMES: Final[dict[type[Event], str]] = {
    FindingRaised: "finding",
    Retrying: "retry",
    Healed: "heal",
    BreakerChanged: "breaker",
    Delivery: "delivery",
    FeedChanged: "feed",
    GaveUp: "feed",
    Summary: "summary",
}


def record(event: Event) -> dict[str, object]:
    """Return the event as plain values."""
    match event:
        case FindingRaised(finding=finding):
            values = {"at_ms": event.at_ms} | _finding(finding)
        case GaveUp(error=error):
            values = {"state": "gave_up"} | _values(event) | {"reason": error}
            del values["error"]
        case _:
            values = _values(event)
    head = {"schema": SCHEMA, "event": _NAMES[type(event)]}
    return head | {key: _plain(value) for key, value in values.items()}


def dumps(event: Event) -> str:
    """Return the event as one line of JSON, without the line's end."""
    return json.dumps(
        record(event), allow_nan=False, ensure_ascii=False, separators=(",", ":")
    )


def _values(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "episode": finding.episode,
        "symbol": finding.market.symbol,
        "exchange": finding.market.exchange,
        "timeframe": finding.timeframe,
        "phase": finding.phase,
        "liquidated": finding.liquidated,
        "basis": finding.basis,
        "severity": finding.severity,
        "early": finding.early,
        "onset_ms": finding.onset_ms,
        "decided_ms": finding.decided_ms,
        "ended_ms": finding.ended_ms,
        "price_from": finding.price_from,
        "price_to": finding.price_to,
        "price_extreme": finding.price_extreme,
        "change": finding.change,
        "volume_usd": finding.volume_usd,
        "score": finding.score,
        "nearness": finding.nearness,
        "confidence": finding.confidence,
    }


def _plain(value: object) -> object:
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        # A lone surrogate would make the whole line unwritable.
        return str(value).encode(errors="replace").decode()
    return value
