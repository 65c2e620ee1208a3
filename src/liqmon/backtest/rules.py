"""The rules people use today, as yardsticks on the user's own markets.

Each maps a market's candles to a score per bar, known at the bar's close: negative
where the price fell, positive where it rose, NaN where the rule says nothing. It fires
where the size reaches the threshold. They are written as they are commonly used, means
that contain the tested bar included; none of them is what liqmon watches with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.core.model import Candles, FloatArray

__all__ = ["RULES", "Rule"]

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 1440 * _MINUTE_MS
_FIFTEEN_MS: Final = 15 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """``threshold`` is the usual one; ``window_ms`` is 0 for a single bar."""

    score: Callable[[Candles], FloatArray]
    threshold: float
    window_ms: int = 0


def _volume_return(bars: Candles) -> FloatArray:
    """Return the largest s for which all gates of that strength are passed.

    Volume over 3 s times its 20-bar mean, a one-bar return over 2 % times s, and a
    confidence over s: the mean of volume / (5 times its 120-bar mean) and return / 5 %,
    each at most 1.
    """
    change = np.abs(_changes(bars.close))
    with np.errstate(divide="ignore", invalid="ignore"):
        surge = bars.volume / _mean(bars.volume, 120, least=20)
        busy = bars.volume / (3.0 * _mean(bars.volume, 20, least=20))
    confidence = (np.minimum(1.0, surge / 5.0) + np.minimum(1.0, change / 0.05)) / 2.0
    size = np.minimum(np.minimum(busy, change / 0.02), confidence)
    return np.copysign(size, _changes(bars.close))


def _atr(bars: Candles) -> FloatArray:
    """Return the close's change in mean true ranges of 14 bars.

    Nothing without three times the mean volume of 20 bars.
    """
    before = np.concatenate([bars.close[:1], bars.close[:-1]])
    ranges = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    with np.errstate(divide="ignore", invalid="ignore"):
        multiples = (bars.close - before) / _mean(ranges, 14, least=14)
        busy = bars.volume / _mean(bars.volume, 20, least=20) > 3.0
    return np.where(busy | np.isnan(multiples), multiples, 0.0)


def _zscore(bars: Candles) -> FloatArray:
    """Return the log return of 15 minutes in units of what 24 h before it were like."""
    count = _FIFTEEN_MS // bars.timeframe_ms
    price = np.log(bars.close)
    returns = np.diff(price, prepend=price[:1])
    variance = _mean(returns**2, _DAY_MS // bars.timeframe_ms, least=30)
    usual = np.sqrt(_lagged(variance, count)) + 1e-6
    scores: FloatArray = (price - _lagged(price, count)) / (usual * np.sqrt(count))
    return scores


RULES: Final = {
    "volume-return": Rule(_volume_return, threshold=0.7),
    "zscore": Rule(_zscore, threshold=3.0, window_ms=_FIFTEEN_MS),
    "atr": Rule(_atr, threshold=2.0),
}
"""Beside SURGE, which is liqmon's own."""


def _changes(close: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros(min(close.size, 1)), close[1:] / close[:-1] - 1.0])


def _lagged(values: FloatArray, bars: int) -> FloatArray:
    """Return the values of so many bars before; NaN where there is none."""
    lagged = np.full(values.size, np.nan)
    lagged[bars:] = values[:-bars]
    return lagged


def _mean(values: FloatArray, bars: int, *, least: int) -> FloatArray:
    """Return the mean of the last bars; of fewer from the ``least``-th bar on."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, values.size + 1)
    count = np.minimum(end, bars)
    mean: FloatArray = (total[end] - total[end - count]) / count
    mean[: least - 1] = np.nan
    return mean
