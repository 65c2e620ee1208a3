"""Features to readings: the verdict on a bar, told with its reasons.

Longs are closed by a fall, shorts by a rise. A bar speaks for the side of its strength,
and its score is that strength raised by what the other markets show (``breadth``); it
fires when the score reaches the threshold. Bars whose baseline is too short have no
reading: a market that is warming up is said to be, never guessed at.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan

import numpy as np

from liqmon.core.baseline import ENOUGH_MS
from liqmon.core.breadth import ALONE, alone, scores
from liqmon.core.confidence import confidence
from liqmon.core.features import Features
from liqmon.core.model import (
    Candles,
    Condition,
    FloatArray,
    PositionSide,
    Reading,
    Span,
    Warmup,
)

__all__ = ["latest", "readings", "warmup"]

_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


def readings(
    seen: Features,
    bars: Candles,
    *,
    threshold: float,
    since_ms: int,
    now_ms: int,
    breadth: FloatArray | None = None,
) -> list[Reading]:
    """Return the readings of the bars that closed after ``since_ms``, oldest first.

    ``seen`` are the features of ``bars``, entry for entry, and ``breadth`` is what
    their companions say (``Crowd.around``), by default that there are none. A bar that
    is not closed at ``now_ms``, or of which nothing is known, has no reading.
    """
    first, after = np.searchsorted(seen.end_ms, [since_ms, now_ms], side="right")
    span = slice(int(first), int(after))
    signed = _signed(seen, breadth, span)
    return [
        _reading(seen, bars, span.start + at, float(signed[at]), threshold=threshold)
        for at in np.flatnonzero(~np.isnan(signed)).tolist()
    ]


def latest(
    seen: Features,
    bars: Candles,
    *,
    threshold: float,
    now_ms: int,
    breadth: FloatArray | None = None,
) -> Reading | None:
    """Return the reading of the newest bar, closed or not; None while warming up."""
    at = len(bars) - 1
    if at < 0 or isnan(seen.strength[at]):
        return None
    (signed,) = _signed(seen, breadth, slice(at, at + 1)).tolist()
    reading = _reading(seen, bars, at, signed, threshold=threshold)
    return replace(reading, early=reading.end_ms > now_ms)


def warmup(seen: Features) -> Warmup | None:
    """Return how much of the baseline the newest bar has; None when it is enough."""
    if seen.end_ms.size == 0:
        return Warmup(0.0, ENOUGH_MS / _HOUR_MS)
    if seen.warm[-1]:
        return None
    return Warmup(float(seen.have_h[-1]), ENOUGH_MS / _HOUR_MS)


def _signed(seen: Features, breadth: FloatArray | None, span: Span) -> FloatArray:
    strength = seen.strength[span]
    if breadth is None:
        return scores(strength, np.full(strength.size, ALONE))
    return scores(strength, breadth[span])


def _reading(
    seen: Features, bars: Candles, at: int, signed: float, *, threshold: float
) -> Reading:
    side = PositionSide.LONG if signed <= 0.0 else PositionSide.SHORT
    score, by_horizon = abs(signed), seen.score[:, at].tolist()
    window_ms = _window_ms(seen, by_horizon, side)
    count = window_ms // bars.timeframe_ms
    window = slice(at - count + 1, at + 1)
    high, low = bars.high[window], bars.low[window]
    # the notional: base volume at each bar's middle price
    traded = bars.volume[window] * (high + low) / 2.0
    return Reading(
        end_ms=int(seen.end_ms[at]),
        liquidated=side,
        score=score,
        threshold=threshold,
        nearness=score / threshold,
        window_ms=window_ms,
        price_from=float(bars.close[at - count]),
        price_to=float(bars.close[at]),
        extreme=float(low.min() if side is PositionSide.LONG else high.max()),
        volume_usd=float(traded.sum()),
        bar_low=float(low[-1]),
        bar_high=float(high[-1]),
        bar_volume_usd=float(traded[-1]),
        conditions=(_condition(score, threshold, window_ms),),
        missing=_missing(seen, by_horizon),
        confidence=confidence(score),
        echo=_echo(by_horizon),
    )


def _window_ms(seen: Features, by_horizon: Sequence[float], side: PositionSide) -> int:
    """Return the known horizon that speaks loudest for the side."""
    sign = -1.0 if side is PositionSide.LONG else 1.0
    said = [(sign * score, at) for at, score in enumerate(by_horizon)]
    _, loudest = max((score, -at) for score, at in said if not isnan(score))
    return seen.scale.horizons_ms[-loudest]


def _echo(by_horizon: Sequence[float]) -> float:
    longest = by_horizon[-1]
    if isnan(longest):
        return 0.0
    return alone(longest)


def _condition(score: float, threshold: float, window_ms: int) -> Condition:
    return Condition(f"S over {window_ms // _MINUTE_MS} min", score, threshold)


def _missing(seen: Features, by_horizon: Sequence[float]) -> tuple[str, ...]:
    return tuple(
        f"S over {horizon_ms // _MINUTE_MS} min"
        for horizon_ms, score in zip(seen.scale.horizons_ms, by_horizon, strict=True)
        if isnan(score)
    )
