"""Stretches of time: what has been asked for, and what is still missing.

A span is ``(from_ms, to_ms)``, the end not included.
"""

from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Span", "missing", "united"]

Span: TypeAlias = tuple[int, int]


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the same time in as few spans as possible, in order."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def missing(wanted: Span, spans: Iterable[Span]) -> list[Span]:
    """Return what of the wanted time no span covers, in order."""
    start, end = wanted
    left: list[Span] = []
    for begin, after in united(spans):
        if begin >= end:
            break
        if begin > start:
            left.append((start, begin))
        start = max(start, after)
    if start < end:
        left.append((start, end))
    return left
