"""Candles in one and the same unit of price.

Exchanges redenominate markets (1 coin becomes 1000) and print absurd prices. Neither is
a move: what comes before a new unit cannot be compared with what comes after, and an
absurd row is worth nothing.
"""

import numpy as np

from liqmon.core.model import Candles

__all__ = ["comparable"]

_JUMP = np.log(5.0)
"""No perpetual that exchanges keep listed moves by a factor of five from one candle to
the next; redenominations do, by 10 to 1,000,000."""


def comparable(candles: Candles) -> Candles:
    """Return the bars whose prices are in the unit of the newest ones.

    Rows between a jump and its way back are left out, as if they were missing.
    """
    price = np.log(candles.close)
    jumps = np.flatnonzero(np.abs(np.diff(price)) > _JUMP) + 1
    if jumps.size == 0:
        return candles
    kept = np.zeros(len(candles), dtype=np.bool_)
    start, beyond = int(jumps[-1]), len(candles)
    kept[start:beyond] = True
    begins = [0, *map(int, jumps[:-1])]
    for first, after in zip(reversed(begins), reversed(jumps), strict=True):
        if abs(price[int(after) - 1] - price[start]) <= _JUMP:
            kept[first : int(after)] = True
            start = first
    return candles.rows(kept)
