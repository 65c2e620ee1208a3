"""The only defaults that tests rely on."""

from dataclasses import replace
from typing import Any

from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)

MARKET = Market(exchange="bybit", symbol="BTC/USDT:USDT", base="BTC", quote="USDT")
ETH = Market(exchange="bybit", symbol="ETH/USDT:USDT", base="ETH", quote="USDT")

ONSET_MS = 1_700_000_040_000

FINDING = Finding(
    episode="a1b2c3d4",
    market=MARKET,
    timeframe="1m",
    phase=Phase.ONSET,
    liquidated=PositionSide.LONG,
    basis=Basis.INFERRED,
    severity=Severity.MEDIUM,
    early=False,
    onset_ms=ONSET_MS,
    decided_ms=ONSET_MS + 60_000,
    price_from=64_052.0,
    price_to=62_480.5,
    price_extreme=62_480.5,
    volume_usd=41_800_000.0,
    score=16.2,
    nearness=1.35,
    conditions=(Condition("S over 5 min", 16.2, 12.0),),
)


def a_finding(**changes: Any) -> Finding:
    return replace(FINDING, **changes)
