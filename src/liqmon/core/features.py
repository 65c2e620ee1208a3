"""Candles to normalised features: what moved, and how unusual that is here and now.

SURGE (``S`` below) asks of each horizon W how far the price went in units of what it
usually goes, and how much was traded in units of what usually is::

    z = ln(close now / close W ago) / sqrt(k*sigma^2 + 0.004^2)
    u = min(25, volume inside W / (k * usual volume of a bar))
    S = z * sqrt(u)                    negative: a fall, positive: a rise

``sigma^2`` (the mean squared log return) and the usual volume come from the *baseline*,
the 72 hours of candles before the window; ``k`` is W in bars of the baseline. So a bar
is never part of what it is judged by. The baseline may be coarser than the bars:
minute bars are judged by five-minute candles as well as by their own (k is what
changes).

A gap is never a move. Returns are taken between adjacent bars only, a window in which
a bar is missing is unknown (NaN), and usual volume is the mean over bars that exist.

The same bar has the same value to the last bit, however much history came before it:
every sum is taken over fixed blocks of the time grid or in a fixed order within the
window, never as a difference of running totals.
"""

from dataclasses import dataclass

import numpy as np

from liqmon.core.model import BoolArray, Candles, FloatArray, IntArray, Span

__all__ = [
    "BASELINE_MS",
    "HORIZONS_MS",
    "LOOKBACK_MS",
    "Features",
    "features",
]

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS

HORIZONS_MS = (5 * _MINUTE_MS, 15 * _MINUTE_MS, 30 * _MINUTE_MS)
"""The windows W, shortest first: each a multiple of every timeframe watched."""

BASELINE_MS = 72 * _HOUR_MS
"""What is usual is learnt from this much time before the window."""

_REACH_MS = 10 * _HOUR_MS
"""A baseline whose first bars are missing counts as whole if the gap began at most this
long before it. A market younger than the baseline has no bar there at all."""

_ENOUGH = 0.8
"""The share of the baseline's bars that must exist."""

LOOKBACK_MS = BASELINE_MS + _REACH_MS + HORIZONS_MS[-1] + 5 * _MINUTE_MS
"""Nothing older than this before the end of a bar has any say in its features."""

_FLOOR = 0.004
"""A move of less than 0.4 % is never news, however dead the night."""

_MOST_VOLUME = 25.0
"""More volume than this many times the usual says no more."""

_CHUNK = 16_384
"""Bars worked on at a time: what is in between then stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One entry per bar; the rows of the tables are ``HORIZONS_MS``.

    ``move`` is z, ``volume`` u and ``score`` S of the module's formula, NaN where
    unknown. ``have_h`` is how many hours of the baseline exist before the shortest
    window, ``warm`` whether they are enough to judge by.
    """

    end_ms: IntArray
    move: FloatArray
    volume: FloatArray
    score: FloatArray
    have_h: FloatArray
    warm: BoolArray


def features(bars: Candles, baseline: Candles) -> Features:
    """Return the features of every bar, the last (forming) one included.

    ``baseline`` is five-minute candles or any finer ones (``bars`` itself will do).
    Where it reaches into a window or beyond, it is not looked at.
    """
    horizons, size = len(HORIZONS_MS), len(bars)
    seen = Features(
        end_ms=bars.open_ms + bars.timeframe_ms,
        move=np.full((horizons, size), np.nan),
        volume=np.full((horizons, size), np.nan),
        score=np.full((horizons, size), np.nan),
        have_h=np.empty(size),
        warm=np.empty(size, dtype=np.bool_),
    )
    for start in range(0, size, _CHUNK):
        _fill(seen, slice(start, min(start + _CHUNK, size)), bars, baseline)
    return seen


def _fill(seen: Features, wanted: Span, bars: Candles, baseline: Candles) -> None:
    """Write the wanted bars' entries: the only place where ``seen`` is written to."""
    ends = seen.end_ms[wanted]
    usual = _usual(baseline, int(ends[0]), int(ends[-1]))
    slot = ends // baseline.timeframe_ms - usual.first
    seen.have_h[wanted] = usual.have_h[slot]
    seen.warm[wanted] = usual.warm[slot]

    skipped = max(wanted.start - HORIZONS_MS[-1] // bars.timeframe_ms, 0)
    chunk = bars.rows(slice(skipped, wanted.stop))
    price, volume, width = np.log(chunk.close), chunk.volume, 1
    for row, horizon_ms in enumerate(HORIZONS_MS):
        count = horizon_ms // chunk.timeframe_ms
        volume, width = _summed(volume, width, count // width), count
        start = max(count, wanted.start - skipped)
        if start >= len(chunk):
            break
        at = slot[start + skipped - wanted.start :]
        back = slice(start - count, len(chunk) - count)
        move = (price[start:] - price[back]) * usual.per_move[row].take(at)
        times = volume[start:] * usual.per_volume[row].take(at)
        np.minimum(times, _MOST_VOLUME, out=times)
        whole = chunk.open_ms[start:] - chunk.open_ms[back] == horizon_ms
        if not whole.all():
            move[~whole] = times[~whole] = np.nan
        seen.move[row, start + skipped : wanted.stop] = move
        seen.volume[row, start + skipped : wanted.stop] = times
        seen.score[row, start + skipped : wanted.stop] = move * np.sqrt(times)


def _summed(values: FloatArray, width: int, times: int) -> FloatArray:
    """Return sums over windows ``times`` as wide as those that ``values`` sums over.

    The order of addition is the same for every bar; NaN where the window is cut off.
    """
    cut = (times - 1) * width
    if cut == 0:
        return values
    sums = np.full(values.size, np.nan)
    if cut < values.size:
        sums[cut:] = values[cut:]
        for shift in range(width, cut + 1, width):
            sums[cut:] += values[cut - shift : values.size - shift]
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """What is usual before windows, by the slot of the baseline's grid they end in.

    Column i is slot ``first + i``, the rows are ``HORIZONS_MS``. ``per_move`` and
    ``per_volume`` are what to multiply a window's move and volume with: one over the
    usual, NaN where that is unknown.
    """

    first: int
    per_move: FloatArray
    per_volume: FloatArray
    have_h: FloatArray
    warm: BoolArray


def _usual(baseline: Candles, first_end_ms: int, last_end_ms: int) -> _Usual:
    """Return what is usual for bars that end in the given range."""
    slot_ms = baseline.timeframe_ms
    length, reach = BASELINE_MS // slot_ms, _REACH_MS // slot_ms
    steps = [horizon_ms // slot_ms for horizon_ms in HORIZONS_MS]
    first, last = first_end_ms // slot_ms, last_end_ms // slot_ms
    begin = first - steps[-1] - length
    columns = last - first + steps[-1] - steps[0] + 1
    grid = _grid(baseline, begin - reach, reach + length + columns - 1)
    # From here on, column i speaks of the baseline that begins at slot begin + i.
    traded, squares = _block_sums(grid.amounts[:, reach:], length, begin)
    totals = grid.totals
    have, moves = totals[:, reach + length :] - totals[:, reach : reach + columns]
    anchored = totals[0, reach + 1 : reach + 1 + columns] > totals[0, :columns]
    warm = (have >= _ENOUGH * length) & anchored
    variance = squares / np.where(warm, moves, np.nan)
    mean = traded / np.where(warm & (traded > 0.0), have, np.nan)
    # And from here on, of a bar that ends in slot first + i.
    rows = [slice(steps[-1] - step, columns - step + steps[0]) for step in steps]
    bars_in_window = np.array(steps, dtype=np.float64)[:, np.newaxis]
    variances = np.stack([variance[row] for row in rows]) * bars_in_window
    volumes = np.stack([mean[row] for row in rows]) * bars_in_window
    per_move, per_volume = 1.0 / np.sqrt(variances + _FLOOR**2), 1.0 / volumes
    have_h = have[rows[0]] * (slot_ms / _HOUR_MS)
    return _Usual(first, per_move, per_volume, have_h, warm[rows[0]])


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The baseline with a column for every slot, zero where there is no candle.

    ``amounts`` has the rows volume and squared log return (zero after a gap).
    ``totals`` has the rows candles and returns, each counted before its column.
    """

    amounts: FloatArray
    totals: IntArray


def _grid(baseline: Candles, origin: int, size: int) -> _Grid:
    slot_ms = baseline.timeframe_ms
    span_ms = np.array([origin, origin + size], dtype=np.int64) * slot_ms
    start, stop = np.searchsorted(baseline.open_ms, span_ms)
    slots = baseline.open_ms[start:stop] // slot_ms - origin
    moves = np.diff(np.log(baseline.close[start:stop]))
    amounts, counts = np.zeros((2, size)), np.zeros((2, size + 1), dtype=np.int64)
    if slots.size and slots[-1] - slots[0] == slots.size - 1:
        first, after = int(slots[0]), int(slots[-1]) + 1
        amounts[0, first:after] = baseline.volume[start:stop]
        np.multiply(moves, moves, out=amounts[1, first + 1 : after])
        counts[0, first + 1 : after + 1] = 1
        counts[1, first + 2 : after + 1] = 1
    else:
        adjacent = np.diff(slots) == 1
        amounts[0, slots] = baseline.volume[start:stop]
        amounts[1, slots[1:]] = np.where(adjacent, moves * moves, 0.0)
        counts[0, slots + 1] = 1
        counts[1, slots[1:] + 1] = adjacent
    return _Grid(amounts, counts.cumsum(axis=1))


def _block_sums(values: FloatArray, length: int, first_slot: int) -> FloatArray:
    """Return the sums of ``length`` neighbours in each row, without running totals.

    The grid is cut into blocks of ``length`` at fixed times; a sum is the end of one
    block plus the beginning of the next. So it is the same to the last bit wherever
    ``values`` begins.
    """
    rows, size = values.shape
    pad = first_slot % length
    blocks = np.zeros((rows, (pad + size) // length + 1, length))
    blocks.reshape(rows, -1)[:, pad : pad + size] = values
    ends = blocks[:, :, ::-1].cumsum(axis=2)[:, :, ::-1].reshape(rows, -1)
    begins = np.zeros_like(blocks)
    blocks[:, :, :-1].cumsum(axis=2, out=begins[:, :, 1:])
    stop = pad + size + 1
    return (
        ends[:, pad : stop - length] + begins.reshape(rows, -1)[:, pad + length : stop]
    )
