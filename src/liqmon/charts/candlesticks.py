"""Prices as candlesticks: the same in each chart but for colours and widths."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from liqmon.charts.scale import Scale
from liqmon.charts.shapes import Line, Rect
from liqmon.core.model import FloatArray

__all__ = ["Prices", "candlesticks"]


class Prices(Protocol):
    """What every bar began with, went through and ended with."""

    @property
    def open(self) -> FloatArray: ...
    @property
    def high(self) -> FloatArray: ...
    @property
    def low(self) -> FloatArray: ...
    @property
    def close(self) -> FloatArray: ...


def candlesticks(
    prices: Prices,
    places: Iterable[tuple[int, float, float]],
    y: Scale,
    *,
    up: str,
    down: str,
    stroke: float,
) -> Iterator[Line | Rect]:
    """Yield wick and body of each bar; ``places`` are its number and both edges."""
    for bar, left, right in places:
        color = up if prices.close[bar] >= prices.open[bar] else down
        middle = (left + right) / 2
        high, low = y(float(prices.high[bar])), y(float(prices.low[bar]))
        yield Line(middle, high, middle, low, color, stroke)
        ends = y(float(prices.open[bar])), y(float(prices.close[bar]))
        # a bar that went nowhere is a stroke, not nothing
        yield Rect(left, min(ends), right, max(*ends, min(ends) + stroke), color)
