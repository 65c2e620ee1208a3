"""A price path as plain text: braille dots, or stars where only ASCII is understood."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from liqmon.core.pricepath import PricePath
from liqmon.ui.figures import price, time_of_day

__all__ = ["path_chart"]

_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""By row and column of a cell: https://www.unicode.org/charts/PDF/U2800.pdf"""

_NARROWEST: Final = 10

Dots = set[tuple[int, int]]


def path_chart(
    path: PricePath,
    *,
    marks: Mapping[str, int],
    width: int,
    height: int = 8,
    only_ascii: bool = False,
) -> Iterator[str]:
    """Yield the lines of a chart ``width`` wide: the prices, then ``marks`` in time.

    A mark is one letter and a moment (exchange time). Yields nothing for a path in
    which no price is known.
    """
    known = [close for close in path.closes if close is not None]
    if not known:
        return
    low, high = min(known), max(known)
    labels = {0: price(high), height - 1: price(low)}
    if low == high:
        labels = {height // 2: price(low)}
    margin = max(map(len, labels.values()))
    columns = max(width - margin - 2, _NARROWEST)
    across, down = (1, 1) if only_ascii else (2, 4)
    dots = _drawn(path, low, high, columns * across, height * down)
    edge = "|" if only_ascii else "\N{BOX DRAWINGS LIGHT VERTICAL}"
    for row in range(height):
        cells = "".join(_cell(dots, row, column, across) for column in range(columns))
        yield f"{labels.get(row, ''):>{margin}} {edge}{cells}".rstrip()
    yield f"{'':>{margin}}  {_marked(path, marks, columns)}".rstrip()
    yield f"{'':>{margin}}  {_times(path, columns)}"


def _drawn(path: PricePath, low: float, high: float, columns: int, rows: int) -> Dots:
    """Return the dots of the line; where no price is known it is broken."""
    dots: Dots = set()
    before: tuple[int, int] | None = None
    for number, close in enumerate(path.closes):
        if close is None:
            before = None
            continue
        share = (high - close) / (high - low) if high > low else 0.5
        here = (_place(path, number, columns), round(share * (rows - 1)))
        dots |= _line(before or here, here)
        before = here
    return dots


def _line(start: tuple[int, int], end: tuple[int, int]) -> Dots:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    return {
        (
            round(start[0] + (end[0] - start[0]) * step / steps),
            round(start[1] + (end[1] - start[1]) * step / steps),
        )
        for step in range(steps + 1)
    }


def _cell(dots: Dots, row: int, column: int, across: int) -> str:
    if across == 1:
        return "*" if (column, row) in dots else " "
    code = sum(
        bit
        for y, bits in enumerate(_DOTS)
        for x, bit in enumerate(bits)
        if (2 * column + x, 4 * row + y) in dots
    )
    return chr(_BRAILLE + code) if code else " "


def _marked(path: PricePath, marks: Mapping[str, int], columns: int) -> str:
    line = [" "] * columns
    for letter, moment_ms in marks.items():
        number = (moment_ms - path.from_ms) / path.step_ms
        if 0 <= number < len(path.closes):
            line[_place(path, number, columns)] = letter
    return "".join(line)


def _times(path: PricePath, columns: int) -> str:
    last_ms = path.from_ms + (len(path.closes) - 1) * path.step_ms
    first, last = time_of_day(path.from_ms)[:5], time_of_day(last_ms)[:5]
    return f"{first}{last:>{columns - len(first)}}"


def _place(path: PricePath, number: float, columns: int) -> int:
    last = max(len(path.closes) - 1, 1)
    return min(math.floor(number * (columns - 1) / last + 0.5), columns - 1)
