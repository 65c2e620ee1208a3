"""How readily a user wants to be told, as thresholds of the score.

Measured on the recorded markets (the README has the figures): *alert* costs about one
false alert a week and market, *normal* one that is false or a lesser move, *calm* less
than half of that. Or the false alerts a week are named: how many a threshold costs is a
table, made by ``tests/benchmarks/scoring/calibration.py`` from one half of the recorded
weeks and checked on the other.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from math import exp, log
from typing import Final

__all__ = [
    "BUILDS_FROM",
    "FALSE_ALERTS",
    "Sensitivity",
    "threshold_at",
    "threshold_of",
]

BUILDS_FROM: Final = 0.7
"""Share of the threshold from which something is building, where that is told. Lower
is sooner and more often nothing (tests/benchmarks/scoring/early.py)."""

FALSE_ALERTS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "1m": (
        (20.0, 3.53),
        (10.0, 4.69),
        (5.0, 6.03),
        (2.0, 7.8),
        (1.0, 9.55),
        (0.5, 11.28),
        (0.2, 12.62),
        (0.1, 14.67),
    ),
    "5m": (
        (20.0, 2.77),
        (10.0, 3.86),
        (5.0, 5.08),
        (2.0, 6.83),
        (1.0, 8.29),
        (0.5, 9.78),
        (0.2, 11.91),
        (0.1, 13.72),
    ),
}
"""False alerts a week and market, and the threshold that costs so many: alerts where
there was not even a lesser move. Rarer ones are too few to count."""


class Sensitivity(StrEnum):
    """From few and sure to many and early."""

    CALM = "calm"
    NORMAL = "normal"
    ALERT = "alert"


_THRESHOLDS: Final = {
    Sensitivity.CALM: {"1m": 20.0, "5m": 20.0},
    Sensitivity.NORMAL: {"1m": 15.0, "5m": 15.0},
    Sensitivity.ALERT: {"1m": 9.5, "5m": 8.5},
}


def threshold_of(sensitivity: Sensitivity, timeframe: str) -> float:
    """Return the score from which a bar of this timeframe is told."""
    return _THRESHOLDS[sensitivity][timeframe]


def threshold_at(false_per_week: float, timeframe: str) -> float:
    """Return the threshold that costs so many false alerts a week and market.

    It is read between the entries of ``FALSE_ALERTS`` on two logarithmic scales, and
    beyond them is that of the nearest.
    """
    table = FALSE_ALERTS[timeframe]
    rate = min(max(false_per_week, table[-1][0]), table[0][0])
    (many, low), (few, high) = next(
        (above, below) for above, below in pairwise(table) if rate >= below[0]
    )
    share = log(many / rate) / log(many / few)
    return round(low * exp(share * log(high / low)), 2)
