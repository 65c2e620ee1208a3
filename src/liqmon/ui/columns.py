"""Rows of text in columns, for what is printed once and read or piped."""

from collections.abc import Iterator, Sequence

__all__ = ["columns"]


def columns(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int
) -> Iterator[str]:
    """Yield the lines; the first ``left`` columns are words, the others numbers."""
    table = [head, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(head))]
    for row in table:
        cells = [
            f"{cell:<{width}}" if place < left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
