import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from factories import a_finding
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
from liqmon.ui.ndjson import dumps, record

BTC = ("bybit", "BTC/USDT:USDT")

EVENTS: list[tuple[Event, dict[str, Any]]] = [
    (
        Retrying(1, *BTC, 2, 3, 1.4, "x"),
        {"event": "retry", "exchange": "bybit", "symbol": "BTC/USDT:USDT"}
        | {"attempt": 2, "attempts": 3, "wait_s": 1.4, "error": "x"},
    ),
    (
        Healed(1, *BTC, "x"),
        {"event": "heal", "exchange": "bybit", "symbol": "BTC/USDT:USDT", "error": "x"},
    ),
    (
        GaveUp(1, *BTC, 3, "x"),
        {"event": "feed", "state": "gave_up", "exchange": "bybit"}
        | {"symbol": "BTC/USDT:USDT", "attempts": 3, "reason": "x"},
    ),
    (
        FeedChanged(1, "bybit", "", FeedState.COOLING, "429", 27.0),
        {"event": "feed", "state": "cooling", "exchange": "bybit", "symbol": ""}
        | {"reason": "429", "wait_s": 27.0},
    ),
    (
        BreakerChanged(1, BreakerState.OPEN, BreakerState.HALF_OPEN, "x"),
        {"event": "breaker", "old": "open", "new": "half-open", "reason": "x"}
        | {"receiver": "", "open_s": None},
    ),
    (
        Delivery(1, "a1", DeliveryStatus.SENT, "", "99", 0.04),
        {"event": "delivery", "episode": "a1", "status": "sent", "reason": ""}
        | {"message_id": "99", "latency_s": 0.04, "receiver": ""}
        | {"symbol": "", "phase": ""},
    ),
    (
        Summary(1, 30.0, 6, 2, 1, 2, 1, 0, 1, 1, 1, 0),
        {"event": "summary", "uptime_s": 30.0, "cycles": 6, "markets": 2, "raised": 1}
        | {"retried": 2, "healed": 1, "gave_up": 0, "breaker_opened": 1, "held": 1}
        | {"delivered": 1, "undelivered": 0},
    ),
]


@pytest.mark.parametrize(("event", "expected"), EVENTS)
def test_an_event_is_a_flat_object(event: Event, expected: dict[str, Any]) -> None:
    assert record(event) == {"schema": 1, "at_ms": 1} | expected
    assert json.loads(dumps(event)) == record(event)


def test_a_finding_has_the_keys_that_were_promised() -> None:
    finding = a_finding()

    assert record(FindingRaised(1, finding)) == {
        "schema": 1,
        "event": "finding",
        "at_ms": 1,
        "episode": "a1b2c3d4",
        "symbol": "BTC/USDT:USDT",
        "exchange": "bybit",
        "timeframe": "1m",
        "phase": "onset",
        "liquidated": "long",
        "basis": "inferred",
        "severity": "medium",
        "early": False,
        "onset_ms": finding.onset_ms,
        "decided_ms": finding.decided_ms,
        "ended_ms": None,
        "price_from": 64_052.0,
        "price_to": 62_480.5,
        "price_extreme": 62_480.5,
        "change": finding.change,
        "volume_usd": 41_800_000.0,
        "score": 16.2,
        "nearness": 1.35,
        "confidence": None,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(value: float) -> None:
    event = FindingRaised(1, a_finding(score=value, volume_usd=value))

    told = json.loads(dumps(event))

    assert (told["score"], told["volume_usd"]) == (None, None)


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_gives_one_line_of_utf8(text: str) -> None:
    told = dumps(Healed(1, "bybit", text, text))

    assert "\n" not in told
    assert json.loads(told.encode())["event"] == "heal"
