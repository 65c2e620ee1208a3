"""Candles in one and the same unit of price.

Exchanges redenominate markets (1 coin becomes 1000) and print absurd prices. Neither is
a move: what comes before a new unit cannot be compared with what comes after, and an
absurd row is worth nothing.
"""

import numpy as np

from liqmon.core.model import Candles, IntArray

__all__ = ["comparable", "jumps"]

_JUMP = 5.0
"""No perpetual that exchanges keep listed moves by a factor of five from one candle to
the next; redenominations do, by 10 to 1,000,000."""


def jumps(candles: Candles) -> IntArray:
    """Return which bars are the first in another unit than the bar before them."""
    step = candles.close[1:] / candles.close[:-1]
    return np.flatnonzero((step > _JUMP) | (step < 1.0 / _JUMP)) + 1


def comparable(candles: Candles) -> Candles:
    """Return the bars whose prices are in the unit of the newest ones.

    Rows between a jump and its way back are left out, as if they were missing.
    """
    begun = jumps(candles)
    if begun.size == 0:
        return candles
    price = np.log(candles.close)
    kept = np.zeros(len(candles), dtype=np.bool_)
    start, beyond = int(begun[-1]), len(candles)
    kept[start:beyond] = True
    begins = [0, *map(int, begun[:-1])]
    for first, after in zip(reversed(begins), reversed(begun), strict=True):
        if abs(price[int(after) - 1] - price[start]) <= np.log(_JUMP):
            kept[first : int(after)] = True
            start = first
    return candles.rows(kept)
