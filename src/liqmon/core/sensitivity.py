"""How readily a user wants to be told, as thresholds of the score.

Measured on the recorded markets (the README has the figures): *alert* costs about one
false alert a week and market, *normal* one that is false or a lesser move, *calm* less
than half of that.
"""

from enum import StrEnum
from typing import Final

__all__ = ["BUILDS_FROM", "Sensitivity", "threshold_of"]

BUILDS_FROM: Final = 0.7
"""Share of the threshold from which something is building, where that is told. Lower
is sooner and more often nothing (tests/benchmarks/scoring/early.py)."""


class Sensitivity(StrEnum):
    """From few and sure to many and early."""

    CALM = "calm"
    NORMAL = "normal"
    ALERT = "alert"


_THRESHOLDS = {
    Sensitivity.CALM: {"1m": 20.0, "5m": 20.0},
    Sensitivity.NORMAL: {"1m": 15.0, "5m": 15.0},
    Sensitivity.ALERT: {"1m": 9.5, "5m": 8.5},
}


def threshold_of(sensitivity: Sensitivity, timeframe: str) -> float:
    """Return the score from which a bar of this timeframe is told."""
    return _THRESHOLDS[sensitivity][timeframe]
