"""An hour of candles with a cascade in it, and the finding that tells of it."""

from dataclasses import replace
from typing import Any

import numpy as np

from candles import calm, end_ms, with_move
from factories import a_finding
from liqmon.core.model import Candles, Finding, PositionSide, Severity

BARS = 72
FALL = 14
"""So many bars before now the move begins."""


def an_hour(*, price: float = 64_000.0, change: float = -0.027) -> Candles:
    """Return candles with wicks, whose price moves by ``change`` near the end."""
    quiet = calm(BARS / 60, timeframe_ms=60_000, seed=5, price=price)
    moved = with_move(quiet, BARS - FALL, bars=6, change=change, times=9.0)
    rng = np.random.default_rng(3)
    wick = np.abs(rng.normal(0.0, 0.0006, BARS)) * moved.close
    return replace(moved, high=moved.high + wick, low=moved.low - wick[::-1])


def told_of(candles: Candles, **changes: Any) -> Finding:
    """Return the finding that these candles end with."""
    onset = len(candles) - FALL
    begin, now = float(candles.close[onset - 1]), float(candles.close[-1])
    fell = now < begin
    side = PositionSide.LONG if fell else PositionSide.SHORT
    since = candles.rows(slice(onset, None))
    worst = float(since.low.min() if fell else since.high.max())
    known: dict[str, Any] = {
        "severity": Severity.HIGH,
        "liquidated": side,
        "onset_ms": int(candles.open_ms[onset]),
        "decided_ms": end_ms(candles),
        "price_from": begin,
        "price_to": now,
        "price_extreme": worst,
    }
    return a_finding(**known | changes)
