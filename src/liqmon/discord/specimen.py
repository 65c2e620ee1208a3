"""A cascade that never happened, to show what a real one looks like."""

from dataclasses import replace
from typing import Final

import numpy as np

from liqmon.core.model import (
    Basis,
    Candles,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)

__all__ = ["a_finding", "candles", "lifecycle"]

_MINUTE_MS: Final = 60_000


def a_finding(version: str, *, now_ms: int, severity: Severity) -> Finding:
    """Return its onset, as if decided now; the episode's id names the version."""
    return Finding(
        episode=f"test {version}",
        market=Market("bybit", "BTC/USDT:USDT", "BTC", "USDT"),
        timeframe="1m",
        phase=Phase.ONSET,
        liquidated=PositionSide.LONG,
        basis=Basis.INFERRED,
        severity=severity,
        early=False,
        onset_ms=now_ms - 5 * _MINUTE_MS,
        decided_ms=now_ms,
        price_from=64_052.0,
        price_to=62_480.5,
        price_extreme=62_310.0,
        volume_usd=41_800_000.0,
        score=16.2,
        nearness=1.35,
        conditions=(Condition("S over 5 min", 16.2, 12.0),),
    )


def lifecycle(onset: Finding) -> tuple[Finding, Finding]:
    """Return what becomes of it: three minutes on, and its end."""
    later = replace(
        onset,
        decided_ms=onset.decided_ms + 3 * _MINUTE_MS,
        price_to=61_902.0,
        price_extreme=61_788.5,
        volume_usd=67_300_000.0,
    )
    end = replace(
        later,
        phase=Phase.END,
        decided_ms=onset.decided_ms + 20 * _MINUTE_MS,
        ended_ms=onset.decided_ms + 4 * _MINUTE_MS,
        price_to=62_655.0,
        price_extreme=61_702.0,
        volume_usd=88_900_000.0,
    )
    return later, end


def candles(finding: Finding) -> Candles:
    """Return the hour that it ends: a calm market, the fall, and a first way back."""
    count, fall = 60, (finding.decided_ms - finding.onset_ms) // _MINUTE_MS
    bars = np.arange(count)
    calm = finding.price_from * (
        1.0 + 0.0006 * np.sin(bars * 0.9) * np.cos(bars * 0.23)
    )
    down = np.linspace(finding.price_from, finding.price_extreme, fall + 1)[1:]
    close = np.concatenate([calm[: count - fall - 1], down, [finding.price_to]])
    opened = np.concatenate([close[:1], close[:-1]])
    wick = 0.0004 * finding.price_from * (1.0 + np.sin(bars * 2.1))
    last_ms = finding.decided_ms // _MINUTE_MS * _MINUTE_MS
    return Candles(
        _MINUTE_MS,
        last_ms - np.arange(count, 0, -1, dtype=np.int64) * _MINUTE_MS,
        opened,
        np.maximum(opened, close) + wick,
        np.maximum(np.minimum(opened, close) - wick[::-1], finding.price_extreme),
        close,
        np.where(bars < count - fall - 1, 10.0 + 4.0 * np.sin(bars * 1.7), 70.0),
    )
