"""Readings as an episode takes them in."""

from liqmon.core.model import Condition, PositionSide, Reading

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
MINUTE_MS = 60_000
START_MS = 1_700_000_040_000


def a_reading(
    minute: int,
    nearness: float,
    side: PositionSide = LONG,
    *,
    echo: float = 0.0,
    low: float = 98.0,
    high: float = 101.0,
) -> Reading:
    """``nearness`` and ``echo`` are multiples of the threshold.

    Confidence is such that 1.25 times the threshold is MEDIUM and 1.75 times HIGH.
    """
    score = nearness * 12.0
    return Reading(
        end_ms=START_MS + minute * MINUTE_MS,
        liquidated=side,
        score=score,
        threshold=12.0,
        nearness=nearness,
        window_ms=5 * MINUTE_MS,
        price_from=100.0,
        price_to=99.0,
        extreme=low if side is LONG else high,
        volume_usd=5_000_000.0,
        bar_low=low,
        bar_high=high,
        bar_volume_usd=1_000_000.0,
        conditions=(Condition("S over 5 min", score, 12.0),),
        confidence=0.95 if nearness >= 1.75 else 0.8 if nearness >= 1.25 else 0.5,
        echo=echo * 12.0,
    )
