"""Candles to normalised features: what moved, and how unusual that is here and now.

SURGE (``S`` below) asks of each horizon W how far the price went in units of what it
usually goes, and how much was traded in units of what usually is::

    z = ln(close now / close W ago) / sqrt(k*sigma^2 + 0.004^2)
    u = min(25, volume inside W / (k * usual volume of a bar))
    S = z * sqrt(u)                    negative: a fall, positive: a rise
    M = mean of S over the horizons    one number for a bar: its strength

``sigma^2`` (the mean squared log return) and the usual volume come from the *baseline*,
the days of candles before the window; ``k`` is W in bars of the baseline. So a bar is
never part of what it is judged by. The baseline may be coarser than the bars: minute
bars are judged by five-minute candles as well as by their own (k is what changes).

A gap is never a move. Returns are taken between adjacent bars only, a window in which
a bar is missing is unknown (NaN) and adds nothing to the mean, and usual volume is the
mean over bars that exist.

The same bar has the same value to the last bit, however much history came before it:
every sum is taken over fixed blocks of the time grid or in a fixed order within the
window, never as a difference of running totals.
"""

from dataclasses import dataclass

import numpy as np

from liqmon.core.baseline import Usual, usual
from liqmon.core.model import BoolArray, Candles, FloatArray, IntArray, Span

__all__ = [
    "LOOKBACK_MS",
    "SCALES",
    "Features",
    "Scale",
    "features",
]

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Scale:
    """How one timeframe is looked at.

    ``horizons_ms`` are the windows W, shortest first. What is usual is learnt from
    ``baseline_ms`` before the window.
    """

    horizons_ms: tuple[int, ...]
    baseline_ms: int

    @property
    def longest_ms(self) -> int:
        """The longest window."""
        return self.horizons_ms[-1]


SCALES = {
    _MINUTE_MS: Scale(
        horizons_ms=tuple(minutes * _MINUTE_MS for minutes in (1, 3, 10, 30)),
        baseline_ms=72 * _HOUR_MS,
    ),
    5 * _MINUTE_MS: Scale(
        horizons_ms=tuple(minutes * _MINUTE_MS for minutes in (5, 15, 30)),
        baseline_ms=120 * _HOUR_MS,
    ),
}
"""By the length of a bar: what found most, and earliest, at equal false alerts on the
recorded markets (tests/benchmarks/scoring). Five days instead of three pay on
five-minute candles; on one-minute ones they do not, and three are a single call."""

LOOKBACK_MS = max(
    scale.baseline_ms + scale.longest_ms + 10 * _MINUTE_MS for scale in SCALES.values()
)
"""Nothing older than this before the end of a bar has any say in its features."""

_MOST_VOLUME = 25.0
"""More volume than this many times the usual says no more."""

_CHUNK = 16_384
"""Bars worked on at a time: what is in between then stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One entry per bar; the rows of the tables are ``scale.horizons_ms``.

    ``move`` is z, ``volume`` u, ``score`` S and ``strength`` M of the module's formula,
    NaN where unknown. ``have_h`` is how many hours of the baseline exist before the
    shortest window, ``warm`` whether they are enough to judge by.
    """

    scale: Scale
    end_ms: IntArray
    move: FloatArray
    volume: FloatArray
    score: FloatArray
    strength: FloatArray
    have_h: FloatArray
    warm: BoolArray


def features(bars: Candles, baseline: Candles) -> Features:
    """Return the features of every bar, the last (forming) one included.

    ``baseline`` is five-minute candles or any finer ones (``bars`` itself will do).
    Where it reaches into a window or beyond, it is not looked at.
    """
    scale = SCALES[bars.timeframe_ms]
    horizons, size = len(scale.horizons_ms), len(bars)
    seen = Features(
        scale=scale,
        end_ms=bars.open_ms + bars.timeframe_ms,
        move=np.empty((horizons, size)),
        volume=np.empty((horizons, size)),
        score=np.empty((horizons, size)),
        strength=np.empty(size),
        have_h=np.empty(size),
        warm=np.empty(size, dtype=np.bool_),
    )
    for start in range(0, size, _CHUNK):
        _fill(seen, slice(start, min(start + _CHUNK, size)), bars, baseline)
    return seen


def _fill(seen: Features, wanted: Span, bars: Candles, baseline: Candles) -> None:
    """Write the wanted bars' entries."""
    scale, ends = seen.scale, seen.end_ms[wanted]
    before = _fill_baseline(seen, wanted, baseline)
    skipped = max(wanted.start - scale.longest_ms // bars.timeframe_ms, 0)
    chunk = bars.rows(slice(skipped, wanted.stop))
    price, sums, torn = np.log(chunk.close), {1: chunk.volume}, _has_gaps(chunk)
    for row, horizon_ms in enumerate(scale.horizons_ms):
        count = horizon_ms // chunk.timeframe_ms
        sums[count] = _summed(sums, count)
        start = max(count, wanted.start - skipped)
        short = row, slice(wanted.start, start + skipped)
        for table in (seen.move, seen.volume, seen.score):
            table[short] = np.nan
        if start >= len(chunk):
            continue
        at = before.entries(ends[start + skipped - wanted.start :] - horizon_ms)
        per_move, per_volume = before.per_window(horizon_ms)
        back = slice(start - count, len(chunk) - count)
        out = row, slice(start + skipped, wanted.stop)
        move, times = seen.move[out], seen.volume[out]
        np.subtract(price[start:], price[back], out=move)
        move *= per_move.take(at)
        np.multiply(sums[count][start:], per_volume.take(at), out=times)
        np.minimum(times, _MOST_VOLUME, out=times)
        if torn:
            cut_off = chunk.open_ms[start:] - chunk.open_ms[back] != horizon_ms
            move[cut_off] = times[cut_off] = np.nan
        np.multiply(move, np.sqrt(times), out=seen.score[out])
    seen.strength[wanted] = _mean(seen.score[:, wanted])


def _fill_baseline(seen: Features, wanted: Span, baseline: Candles) -> Usual:
    """Write how much of the baseline there is; return what it says is usual."""
    begins = seen.end_ms[wanted] - seen.scale.horizons_ms[0]
    first_ms = int(seen.end_ms[wanted.start]) - seen.scale.longest_ms
    before = usual(baseline, seen.scale.baseline_ms, first_ms, int(begins[-1]))
    at = before.entries(begins)
    before.have_h.take(at, out=seen.have_h[wanted])
    before.warm.take(at, out=seen.warm[wanted])
    return before


def _has_gaps(bars: Candles) -> bool:
    span_ms = int(bars.open_ms[-1] - bars.open_ms[0])
    return span_ms > (len(bars) - 1) * bars.timeframe_ms


def _mean(scores: FloatArray) -> FloatArray:
    """Return the mean of each column; what is unknown counts as nothing.

    So a window that a gap cut off can only weaken a verdict. NaN where all of it is
    unknown.
    """
    unknown = np.isnan(scores)
    is_whole = not unknown.any()
    known = scores if is_whole else np.where(unknown, 0.0, scores)
    total: FloatArray = known[0].copy()
    for row in known[1:]:
        total += row
    total *= 1.0 / len(known)
    if not is_whole:
        total[unknown.all(axis=0)] = np.nan
    return total


def _summed(sums: dict[int, FloatArray], count: int) -> FloatArray:
    """Return sums over windows of ``count`` bars, from those already made.

    The order of addition is the same for every bar; NaN where the window is cut off.
    """
    width = max(known for known in sums if count % known == 0)
    values, cut = sums[width], count - width
    if cut == 0:
        return values
    total = np.full(values.size, np.nan)
    if cut < values.size:
        total[cut:] = values[cut:]
        for shift in range(width, cut + 1, width):
            total[cut:] += values[cut - shift : values.size - shift]
    return total
