"""How often a score was right, and how grave that makes a finding.

The table is measured, not chosen: ``tests/benchmarks/scoring/calibration.py`` makes it
from one half of the recorded weeks and checks it on the other. It holds for one-minute
and five-minute bars alike.
"""

from itertools import pairwise

from liqmon.core.model import Severity

__all__ = ["TABLE", "confidence", "odds", "severity_of"]

TABLE = (
    (5.7, 0.1),
    (7.8, 0.2),
    (9.7, 0.35),
    (11.1, 0.44),
    (13.0, 0.56),
    (15.4, 0.78),
    (19.6, 0.93),
    (36.5, 0.99),
)
"""Scores, and the share of past alerts with such a score that were cascades. Lesser
moves of the same shape count neither way."""

_MEDIUM = 0.8
_HIGH = 0.95
"""Confidence from which a finding is MEDIUM and HIGH."""


def confidence(score: float) -> float:
    """Return the share of past findings with such a score that were cascades."""
    if score <= TABLE[0][0]:
        return TABLE[0][1] * score / TABLE[0][0]
    for (below, low), (above, high) in pairwise(TABLE):
        if score < above:
            return low + (high - low) * (score - below) / (above - below)
    return TABLE[-1][1]


_ODDS = ((1, 10), (1, 5), (1, 3), (1, 2), (2, 3), (3, 4), (4, 5), (9, 10), (19, 20))


def odds(confidence: float) -> str:
    """Return the share in words: ``3 in 4``, the nearest of those people use."""

    def off(pair: tuple[int, int]) -> float:
        return abs(pair[0] / pair[1] - confidence)

    few, many = min(_ODDS, key=off)
    return f"{few} in {many}"


def severity_of(confidence: float | None) -> Severity:
    """Return how grave a finding is; what is unknown is no more than LOW.

    CRITICAL is not among it: that takes observed liquidations.
    """
    if confidence is None or confidence < _MEDIUM:
        return Severity.LOW
    return Severity.HIGH if confidence >= _HIGH else Severity.MEDIUM
