"""Prices and bars to pixels, and prices to round ticks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Scale", "price_text", "ticks"]

_ROUND: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of ``low`` to ``high`` onto ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, *, most: int) -> Iterator[float]:
    """Yield round values between ``low`` and ``high``, at most ``most`` of them."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in _ROUND if size * factor >= rough)
    # counted in whole steps, so that no error adds up
    first, last = math.ceil(low / step), math.floor(high / step)
    yield from (count * step for count in range(first, last + 1))


def price_text(value: float, *, step: float) -> str:
    """Return a price with just the decimals that tell steps of this size apart."""
    decimals = 2
    if 0 < step < math.inf:
        decimals = max(0, min(12, -math.floor(math.log10(step))))
    return f"{value:,.{decimals}f}"
