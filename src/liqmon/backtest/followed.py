"""What happened after a finding: the honest column of a backtest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.core.model import Candles, Finding, PositionSide

__all__ = ["HORIZON_MS", "Followed", "followed", "median"]

_MINUTE_MS: Final = 60_000
_SOON_MS: Final = 15 * _MINUTE_MS

HORIZON_MS: Final = 60 * _MINUTE_MS
"""How long after a finding is looked at."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Changes of price after the decision, as fractions, in the finding's direction.

    Positive: it went on; negative: it came back. ``further`` is the furthest it went
    within the hour. None where there are no candles to tell.
    """

    after_15: float | None
    after_60: float | None
    further: float | None


def followed(finding: Finding, bars: Candles) -> Followed:
    """Return what ``bars`` tell of the hour after the finding."""
    sign = -1.0 if finding.liquidated is PositionSide.LONG else 1.0
    decided_ms = finding.decided_ms
    first, after = np.searchsorted(bars.open_ms, [decided_ms, decided_ms + HORIZON_MS])
    hour = bars.rows(slice(int(first), int(after)))
    further: float | None = None
    if len(hour):
        extreme = hour.high.max() if sign > 0.0 else hour.low.min()
        further = max(sign * (float(extreme) / finding.price_to - 1.0), 0.0)
    return Followed(
        _change(finding, bars, decided_ms + _SOON_MS, sign),
        _change(finding, bars, decided_ms + HORIZON_MS, sign),
        further,
    )


def _change(finding: Finding, bars: Candles, at_ms: int, sign: float) -> float | None:
    """Return the change until the close at ``at_ms``; None if no bar closes then."""
    open_ms = at_ms - bars.timeframe_ms
    at = int(np.searchsorted(bars.open_ms, open_ms))
    if at == len(bars) or int(bars.open_ms[at]) != open_ms:
        return None
    return sign * (float(bars.close[at]) / finding.price_to - 1.0)


def median(values: Iterable[float | None]) -> float | None:
    """Return the median of what is known; None if nothing is."""
    known: Sequence[float] = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
