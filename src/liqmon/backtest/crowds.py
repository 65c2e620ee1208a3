"""What a market's companions said at each of its bars, for a whole history.

All markets of an exchange and timeframe that are judged together are each other's
companions, as those of a watch are. So every market's strengths come first, then the
breadths, then the judging. In between they lie in temporary files and are worked on a
month at a time: memory does not grow with the length of the history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from liqmon.backtest.replay import blocks, strengths
from liqmon.backtest.sources import Source
from liqmon.core.breadth import ALONE, Crowd, Voice
from liqmon.core.model import FloatArray, IntArray

__all__ = ["Mapper", "Span", "Trace", "breadth_of", "heard"]

Mapper: TypeAlias = Callable[..., Iterable[Any]]
"""``map``, or that of a pool of processes."""

Span: TypeAlias = tuple[int, int]

_MONTH_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Trace:
    """One market's bars on disk, by the end of each: its strength, then its breadth."""

    base: str
    exchange: str
    timeframe: str
    stem: Path

    def breadth(self, ends: IntArray) -> FloatArray:
        """Return ``b`` at some of the market's bars."""
        places = np.searchsorted(self._mapped("ends"), ends)
        return np.array(self._mapped("breadth")[places])

    def voice(self, start_ms: int, end_ms: int) -> Voice:
        """Return what the market says in a stretch of time."""
        ends, strength = self._mapped("ends"), self._mapped("strength")
        first, after = np.searchsorted(ends, [start_ms, end_ms])
        part = slice(int(first), int(after))
        return Voice(self.base, np.array(ends[part]), np.array(strength[part]))

    def span(self) -> Span | None:
        """Return the first bar's end and just after the last one's; None if empty."""
        ends = self._mapped("ends")
        return (int(ends[0]), int(ends[-1]) + 1) if ends.size else None

    def _mapped(self, what: str) -> "np.ndarray[tuple[int], np.dtype[Any]]":
        """Return a file's numbers; those that nobody looks at are not read."""
        path = self.stem.with_suffix(f".{what}")
        kind = np.int64 if what == "ends" else np.float64
        if path.stat().st_size == 0:
            return np.empty(0, dtype=kind)
        return np.memmap(path, dtype=kind, mode="r")


def heard(
    sources: Sequence[Source], spans: Sequence[Span], mapper: Mapper, place: Path
) -> list[Trace | None]:
    """Return each market's trace with its breadths; None for one without companions.

    ``spans`` are when each source is judged, ``place`` is a folder for the files.
    """
    if len({source.market.base for source in sources}) < 2:
        return [None] * len(sources)
    stems = [place / str(number) for number in range(len(sources))]
    traces: list[Trace] = list(mapper(_listen, sources, spans, stems))
    for group in _groups(traces):
        _write_breadths(group)
    return [*traces]


def _listen(source: Source, span: Span, stem: Path) -> Trace:
    """Write down what one market says."""
    with (
        stem.with_suffix(".ends").open("wb") as ends,
        stem.with_suffix(".strength").open("wb") as strength,
    ):
        for block in blocks(source, *span):
            end_ms, said = strengths(block)
            ends.write(end_ms.tobytes())
            strength.write(said.tobytes())
    market = source.market
    return Trace(market.base, market.exchange, source.timeframe, stem)


def _groups(traces: Iterable[Trace]) -> Iterable[list[Trace]]:
    groups: dict[tuple[str, str], list[Trace]] = {}
    for trace in traces:
        groups.setdefault((trace.exchange, trace.timeframe), []).append(trace)
    return groups.values()


def _write_breadths(traces: Sequence[Trace]) -> None:
    spans = [span for trace in traces if (span := trace.span()) is not None]
    first_ms = min((start_ms for start_ms, _ in spans), default=0)
    after_ms = max((end_ms for _, end_ms in spans), default=0)
    for trace in traces:
        trace.stem.with_suffix(".breadth").touch()
    for start_ms in range(first_ms, after_ms, _MONTH_MS):
        voices = [trace.voice(start_ms, start_ms + _MONTH_MS) for trace in traces]
        crowd = Crowd.of(voices)
        for trace, voice in zip(traces, voices, strict=True):
            with trace.stem.with_suffix(".breadth").open("ab") as file:
                file.write(crowd.around(voice).tobytes())


def breadth_of(trace: Trace | None, ends: IntArray) -> FloatArray:
    """Return ``b`` at some bars of a market that may have no companions."""
    return np.full(ends.size, ALONE) if trace is None else trace.breadth(ends)
