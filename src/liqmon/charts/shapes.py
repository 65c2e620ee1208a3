"""What a picture is made of, before anything paints it.

Coordinates are pixels of the finished picture, from its upper left corner; a colour is
``#rrggbb``. Shapes lie in the order in which they are given.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Anchor", "Line", "Picture", "Polygon", "Rect", "Shape", "Text"]

Anchor: TypeAlias = Literal["left", "middle", "right"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled box."""

    left: float
    top: float
    right: float
    bottom: float
    color: str


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``dash`` is the length of its dashes, 0 for none."""

    x0: float
    y0: float
    x1: float
    y1: float
    color: str
    width: float = 1.0
    dash: float = 0.0

    def strokes(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield both ends of each dash, or of the whole line."""
        length = math.hypot(self.x1 - self.x0, self.y1 - self.y0)
        if not self.dash or not length:
            yield self.x0, self.y0, self.x1, self.y1
            return
        for number in range(math.ceil(length / (2 * self.dash))):
            begin = 2 * self.dash * number / length
            end = min(begin + self.dash / length, 1.0)
            yield (*self._at(begin), *self._at(end))

    def _at(self, share: float) -> tuple[float, float]:
        across, down = self.x1 - self.x0, self.y1 - self.y0
        return self.x0 + share * across, self.y0 + share * down


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled area between corners."""

    corners: tuple[tuple[float, float], ...]
    color: str


@dataclass(frozen=True, slots=True)
class Text:
    """A line of ASCII; ``y`` is its middle, ``x`` what ``anchor`` says."""

    x: float
    y: float
    words: str
    color: str
    size: float
    anchor: Anchor = "left"


Shape: TypeAlias = Rect | Line | Polygon | Text


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to be seen on a ground of one colour."""

    width: int
    height: int
    ground: str
    shapes: tuple[Shape, ...]
