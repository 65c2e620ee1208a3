"""The moves a market made, seen in hindsight: what a threshold should have caught.

A move of a length between 15 minutes and 4 hours counts when it is large for this
market: at least 3.5 times the size that nineteen in twenty moves of that length stayed
below in the week before, and at least 2 %. From 2 times on it is a *lesser* move: an
alert there is neither earned nor false. Only prices are looked at, and the future is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.core.model import Candles, FloatArray, PositionSide

__all__ = ["KNOWN_AFTER_MS", "Move", "moves"]

_MINUTE_MS: Final = 60_000
_LENGTHS_MS: Final = tuple(minutes * _MINUTE_MS for minutes in (15, 30, 60, 120, 240))
_WEEK_MS: Final = 7 * 1440 * _MINUTE_MS
_HOUR_MS: Final = 60 * _MINUTE_MS

KNOWN_AFTER_MS: Final = _WEEK_MS + _LENGTHS_MS[-1]
"""From so long after the first candle on it is known which moves are unusual."""

_LARGE: Final = 3.5
_LESSER: Final = 2.0
_LEAST: Final = float(np.log(1.02))
_QUANTILE: Final = 0.95

_BEGUN: Final = 0.2
"""A move's onset is where this share of it was done for the last time."""


@dataclass(frozen=True, slots=True)
class Move:
    """``depth`` is a log return, always positive; times are ends of bars.

    ``onset_ms`` is the end of the bar after which the move was on, ``extreme_ms`` of
    the bar in which it was complete, ``start_ms`` where it came from.
    """

    liquidated: PositionSide
    start_ms: int
    onset_ms: int
    extreme_ms: int
    price_from: float
    price_to: float
    depth: float
    large: bool

    def left_at(self, price: float) -> float:
        """Return the share of the move that is still to come at a price."""
        return min(max(float(np.log(price / self.price_to)) / self._signed, 0.0), 1.0)

    @property
    def _signed(self) -> float:
        return float(np.log(self.price_from / self.price_to))


def moves(bars: Candles) -> list[Move]:
    """Return the moves in order of time; those of one side do not overlap."""
    found: list[Move] = []
    for side in PositionSide:
        found += _moves_of(side, bars)
    return sorted(found, key=lambda move: move.extreme_ms)


def _moves_of(side: PositionSide, bars: Candles) -> list[Move]:
    """Take the deepest first, and no other of that side where one has been taken."""
    sign = -1.0 if side is PositionSide.LONG else 1.0
    price = sign * np.log(bars.close)
    ratio, size, length = _strongest(price, bars)
    taken = np.zeros(len(bars), dtype=np.bool_)
    found = []
    worthy = np.flatnonzero((ratio >= _LESSER) & (size >= _LEAST))
    for at in worthy[np.argsort(-size[worthy], kind="stable")].tolist():
        start = at - int(length[at])
        if taken[start : at + 1].any():
            continue
        taken[start : at + 1] = True
        found.append(_move(side, bars, price, start, at, ratio=float(ratio[at])))
    return found


def _strongest(
    price: FloatArray, bars: Candles
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return, of the most unusual move ending in each bar, how unusual, size, bars."""
    ratio, size = np.zeros(len(bars)), np.zeros(len(bars))
    length = np.zeros(len(bars))
    for length_ms in _LENGTHS_MS:
        count = length_ms // bars.timeframe_ms
        if count >= len(bars):
            break
        change = np.zeros(len(bars))
        change[count:] = price[count:] - price[:-count]
        whole = bars.open_ms[count:] - bars.open_ms[:-count] == length_ms
        change[count:][~whole] = 0.0
        unusual = change / _usual(np.abs(change), bars, count)
        more = unusual > ratio
        ratio[more], size[more], length[more] = unusual[more], change[more], count
    return ratio, size, length


def _usual(sizes: FloatArray, bars: Candles, count: int) -> FloatArray:
    """Return what most moves stayed below in the week before, anew every hour.

    Infinite in the first week: nothing is known to be unusual there.
    """
    per_week, per_hour = _WEEK_MS // bars.timeframe_ms, _HOUR_MS // bars.timeframe_ms
    usual = np.full(sizes.size, np.inf)
    for at in range(per_week + count, sizes.size, per_hour):
        before = sizes[at - count - per_week : at - count]
        usual[at : at + per_hour] = max(float(np.quantile(before, _QUANTILE)), 1e-9)
    return usual


def _move(
    side: PositionSide,
    bars: Candles,
    price: FloatArray,
    start: int,
    at: int,
    *,
    ratio: float,
) -> Move:
    path = price[start : at + 1]
    depth = float(path[-1] - path[0])
    begun = np.flatnonzero(path - path[0] < _BEGUN * depth)
    onset = start + (int(begun[-1]) + 1 if begun.size else 0)
    ends = bars.open_ms + bars.timeframe_ms
    return Move(
        liquidated=side,
        start_ms=int(ends[start]),
        onset_ms=int(ends[onset]),
        extreme_ms=int(ends[at]),
        price_from=float(bars.close[start]),
        price_to=float(bars.close[at]),
        depth=depth,
        large=ratio >= _LARGE,
    )
