"""Dots in text, two by four in each cell, or stars in plain ASCII; a curve of them."""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["Dots", "curve", "dots_in", "drawn"]

_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a braille cell, by column and by row from the top:
https://www.unicode.org/charts/PDF/U2800.pdf"""

Dots: TypeAlias = set[tuple[int, int]]
"""By column and by row from the top."""


def dots_in(width: int, height: int, *, only_ascii: bool) -> tuple[int, int]:
    """Return how many dots so many cells have, across and down."""
    return (width, height) if only_ascii else (2 * width, 4 * height)


def drawn(dots: Dots, width: int, height: int, *, only_ascii: bool) -> list[str]:
    """Return ``height`` lines, ``width`` cells each."""
    across, down = dots_in(1, 1, only_ascii=only_ascii)
    cells = [[0] * width for _ in range(height)]
    for x, y in dots:
        cells[y // down][x // across] |= _DOTS[x % across][y % down]
    full = "*" if only_ascii else ""
    return [
        "".join((full or chr(0x2800 + cell)) if cell else " " for cell in line)
        for line in cells
    ]


def curve(
    values: Sequence[float], *, width: int, height: int, only_ascii: bool
) -> list[str]:
    """Return ``height`` lines, ``width`` cells each, the lowest value at the bottom.

    Values are spread over the whole width and joined; what is not finite is a hole.
    """
    columns, rows = dots_in(width, height, only_ascii=only_ascii)
    dots: Dots = set()
    before: int | None = None
    for x, y in enumerate(_heights(values, columns, rows)):
        if y is not None:
            dots |= {(x, each) for each in _stroke(before, y)}
        before = y
    return drawn(dots, width, height, only_ascii=only_ascii)


def _heights(values: Sequence[float], columns: int, rows: int) -> list[int | None]:
    """Return the row of each column, counted from the top; None where unknown."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return [None] * columns
    low, high = min(known), max(known)
    # a flat line runs through the middle
    scale, top = ((rows - 1) / (high - low), 0) if high > low else (0.0, rows // 2)
    last = (len(values) - 1) / max(columns - 1, 1)
    spread = (values[round(column * last)] for column in range(columns))
    return [
        top + round((high - value) * scale) if math.isfinite(value) else None
        for value in spread
    ]


def _stroke(before: int | None, to: int) -> range:
    """Return the rows that a column fills, so that steep moves are not torn."""
    if before is None or before == to:
        return range(to, to + 1)
    return range(before + 1, to + 1) if before < to else range(to, before)
