"""A curve in text: two by four dots in each cell, or stars in plain ASCII."""

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["curve"]

_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a braille cell, by column and by row from the top (Unicode 2800)."""


def curve(
    values: Sequence[float], *, width: int, height: int, only_ascii: bool
) -> list[str]:
    """Return ``height`` lines, ``width`` cells each, the lowest value at the bottom.

    Values are spread over the whole width and joined; what is not finite is a hole.
    """
    across, down = (1, 1) if only_ascii else (2, 4)
    columns, rows = width * across, height * down
    cells = [[0] * width for _ in range(height)]
    before: int | None = None
    for x, y in enumerate(_heights(values, columns, rows)):
        if y is not None:
            for each in _stroke(before, y):
                cells[each // down][x // across] |= _DOTS[x % across][each % down]
        before = y
    return [
        "".join(_drawn(cell, only_ascii=only_ascii) for cell in line) for line in cells
    ]


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


def _drawn(cell: int, *, only_ascii: bool) -> str:
    if only_ascii:
        return "*" if cell else " "
    return chr(0x2800 + cell) if cell else " "
