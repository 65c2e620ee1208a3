"""Leveraged positions, and the orders that close them when their margin is gone.

A forced order moves the price, the moved price reaches the next positions' thresholds,
and if those are dense enough the price runs on by itself: that is a cascade. Amounts
are in *usual minutes*: what the market usually trades in one minute.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from liqmon.archive.bars import FloatArray

__all__ = [
    "IMPACT",
    "MAINTENANCE",
    "STEPS_PER_MIN",
    "Book",
    "Books",
    "Side",
    "thresholds",
]

BoolArray: TypeAlias = NDArray[np.bool_]

STEPS_PER_MIN: Final = 6
"""The market is played in steps of ten seconds."""

MAINTENANCE: Final = 0.005
"""Maintenance margin, a fraction of the position: the lowest tier of BTCUSDT at
https://www.bybit.com/en/announcement-info/margin-parameter"""

IMPACT: Final = 0.0035
"""How far an order of one usual minute moves the price (as a logarithm)."""

# How much of that stays, and how many minutes the rest takes to fall to 1/e.
_LASTING: Final = 0.75
_FADES_MIN: Final = 6.0

_MOST_PER_STEP: Final = 0.8
"""Forced orders are worked off, not thrown at the book at once."""


class Side(IntEnum):
    """Whose positions; the value is the sign of their profit when the price rises."""

    LONG = 1
    SHORT = -1


def thresholds(side: Side, entry: FloatArray, leverage: FloatArray) -> FloatArray:
    """Return the prices at which positions are liquidated, isolated margin.

    https://www.bybit.com/en/help-center/article/Liquidation-Price-USDT-Contract
    """
    return entry * (1.0 - side * (1.0 / leverage - MAINTENANCE))


class Book:
    """The open positions of one side, the next to be liquidated first."""

    def __init__(self, side: Side) -> None:
        self.side = side
        # threshold and price as sign * log(price): due when the price is not above
        self._keys = np.empty(0)
        self._sizes = np.empty(0)

    @property
    def size(self) -> float:
        return float(self._sizes.sum())

    @property
    def next_key(self) -> float:
        return float(self._keys[0]) if self._keys.size else -np.inf

    def open(self, entry: FloatArray, leverage: FloatArray, size: FloatArray) -> None:
        """Add positions; ``entry`` in quote units, ``size`` in usual minutes."""
        keys = self.side * np.log(thresholds(self.side, entry, leverage))
        keys = np.concatenate([self._keys, keys])
        sizes = np.concatenate([self._sizes, size])
        order = np.argsort(-keys, kind="stable")
        self._keys, self._sizes = keys[order], sizes[order]

    def thin(self, stays: BoolArray) -> None:
        """Close what its owners close themselves: where ``stays`` is false."""
        self._keys, self._sizes = self._keys[stays], self._sizes[stays]

    def __len__(self) -> int:
        return int(self._keys.size)

    def take_due(self, log_price: float) -> float:
        """Remove the positions that are due at this price and return their size."""
        due = int(np.searchsorted(-self._keys, -self.side * log_price, side="right"))
        size = float(self._sizes[:due].sum())
        self._keys, self._sizes = self._keys[due:], self._sizes[due:]
        return size


@dataclass(slots=True)
class Books:
    """Both books of one market, and the forced orders that still wait."""

    sides: tuple[Book, Book] = field(
        default_factory=lambda: (Book(Side.LONG), Book(Side.SHORT))
    )
    waiting: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def play(self, log_price: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the price as forced orders bend it, and those orders (two rows).

        One entry per step; ``log_price`` is the price as it would go without them.
        """
        price = log_price.copy()
        forced = np.zeros((2, price.size))
        step = 0
        while (step := self._next_step(price, step)) < price.size:
            for row, book in enumerate(self.sides):
                self.waiting[row] += book.take_due(float(price[step]))
                forced[row, step] = min(self.waiting[row], _MOST_PER_STEP)
                self.waiting[row] -= forced[row, step]
            push = IMPACT * float(forced[1, step] - forced[0, step])
            price[step:] += push * _FADING[: price.size - step]
            step += 1
        return price, forced

    def _next_step(self, price: FloatArray, step: int) -> int:
        """Return the first step from ``step`` on at which an order is due."""
        if any(self.waiting):
            return step
        ahead = price[step:]
        due = np.zeros(ahead.size, dtype=np.bool_)
        for book in self.sides:
            due |= book.side * ahead <= book.next_key
        found = int(due.argmax()) if due.any() else due.size
        return step + found


_FADING: Final = _LASTING + (1.0 - _LASTING) * np.exp(
    -np.arange(60 * STEPS_PER_MIN) / (_FADES_MIN * STEPS_PER_MIN)
)
"""What is left of an order's push, step by step; a block of play is at most an hour."""
