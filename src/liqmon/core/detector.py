"""Features to readings: the verdict on a bar, told with its reasons.

Longs are closed by a fall, shorts by a rise, so each side's score is the largest of its
horizons: ``max(-S)`` and ``max(S)``. A bar fires when the larger of the two reaches the
threshold. Bars whose baseline is not complete have no reading: a market that is warming
up is said to be, never guessed at.
"""

from collections.abc import Sequence
from math import isnan

import numpy as np

from liqmon.core.features import BASELINE_MS, HORIZONS_MS, Features
from liqmon.core.model import Candles, Condition, PositionSide, Reading, Warmup

__all__ = ["latest", "readings", "warmup"]

_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


def readings(
    seen: Features, bars: Candles, *, threshold: float, since_ms: int, now_ms: int
) -> list[Reading]:
    """Return the readings of the bars that closed after ``since_ms``, oldest first.

    ``seen`` are the features of ``bars``, entry for entry. A bar that is not closed at
    ``now_ms``, or of which nothing is known, has none.
    """
    first, after = np.searchsorted(seen.end_ms, [since_ms, now_ms], side="right")
    return [
        _reading(seen, bars, at, threshold=threshold, early=False)
        for at in range(int(first), int(after))
        if _is_known(seen, at)
    ]


def latest(
    seen: Features, bars: Candles, *, threshold: float, now_ms: int
) -> Reading | None:
    """Return the reading of the newest bar, closed or not; None while warming up."""
    at = len(bars) - 1
    if at < 0 or not _is_known(seen, at):
        return None
    early = int(seen.end_ms[at]) > now_ms
    return _reading(seen, bars, at, threshold=threshold, early=early)


def warmup(seen: Features) -> Warmup | None:
    """Return how much of the baseline the newest bar has; None when it is enough."""
    if seen.end_ms.size == 0:
        return Warmup(0.0, BASELINE_MS / _HOUR_MS)
    if seen.warm[-1]:
        return None
    return Warmup(float(seen.have_h[-1]), BASELINE_MS / _HOUR_MS)


def _is_known(seen: Features, at: int) -> bool:
    return bool(np.isfinite(seen.score[:, at]).any())


def _reading(
    seen: Features, bars: Candles, at: int, *, threshold: float, early: bool
) -> Reading:
    scores = seen.score[:, at].tolist()
    known = [score for score in scores if not isnan(score)]
    fall, rise = -min(known), max(known)
    side = PositionSide.LONG if fall >= rise else PositionSide.SHORT
    score, against = max(fall, rise), min(fall, rise)
    signed = -score if side is PositionSide.LONG else score
    window_ms = HORIZONS_MS[scores.index(signed)]
    count = window_ms // bars.timeframe_ms
    window = bars.rows(slice(at - count + 1, at + 1, None))
    last = window.rows(slice(-1, None, None))
    low, high = float(window.low.min()), float(window.high.max())
    return Reading(
        end_ms=int(seen.end_ms[at]),
        liquidated=side,
        score=score,
        against=max(against, 0.0),
        threshold=threshold,
        nearness=score / threshold,
        window_ms=window_ms,
        price_from=float(bars.close[at - count]),
        price_to=float(bars.close[at]),
        extreme=low if side is PositionSide.LONG else high,
        volume_usd=_traded(window),
        bar_low=float(last.low[0]),
        bar_high=float(last.high[0]),
        bar_volume_usd=_traded(last),
        conditions=(_condition(score, threshold, window_ms),),
        missing=_missing(scores),
        early=early,
    )


def _condition(score: float, threshold: float, window_ms: int) -> Condition:
    return Condition(f"S over {window_ms // _MINUTE_MS} min", score, threshold)


def _missing(scores: Sequence[float]) -> tuple[str, ...]:
    return tuple(
        f"S over {horizon_ms // _MINUTE_MS} min"
        for horizon_ms, score in zip(HORIZONS_MS, scores, strict=True)
        if isnan(score)
    )


def _traded(bars: Candles) -> float:
    """Return the notional: base volume at each bar's middle price."""
    return float((bars.volume * (bars.high + bars.low) / 2.0).sum())
