"""A price path as plain text: braille dots, or stars where only ASCII is understood."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from liqmon.core.pricepath import PricePath
from liqmon.ui.braille import Dots, dots_in, drawn
from liqmon.ui.figures import price, time_of_day

__all__ = ["path_chart"]

_NARROWEST: Final = 10


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
    dots = _dots(path, low, high, *dots_in(columns, height, only_ascii=only_ascii))
    edge = "|" if only_ascii else "\N{BOX DRAWINGS LIGHT VERTICAL}"
    lines = drawn(dots, columns, height, only_ascii=only_ascii)
    for row, cells in enumerate(lines):
        yield f"{labels.get(row, ''):>{margin}} {edge}{cells}".rstrip()
    yield f"{'':>{margin}}  {_marked(path, marks, columns)}".rstrip()
    yield f"{'':>{margin}}  {_times(path, columns)}"


def _dots(path: PricePath, low: float, high: float, columns: int, rows: int) -> Dots:
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
