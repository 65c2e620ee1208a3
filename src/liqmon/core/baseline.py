"""What is usual before a window: learnt from the candles of the days before it.

Every sum is taken over fixed blocks of the time grid, never as a difference of running
totals, so it is the same to the last bit wherever the candles begin.
"""

from dataclasses import dataclass

import numpy as np

from liqmon.core.model import BoolArray, Candles, FloatArray, IntArray

__all__ = ["ENOUGH_MS", "Usual", "usual"]

_HOUR_MS = 3_600_000

ENOUGH_MS = 24 * _HOUR_MS
"""A market is judged once this much of its baseline exists. The rest of a longer one
makes the judgement better, but a young listing need not wait for it."""

_FLOOR = 0.004
"""A move of less than 0.4 % is never news, however dead the night."""


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What is usual, by the slot of the baseline's grid before which it was learnt.

    Entry i speaks of the baseline that ends where slot ``first + i`` begins.
    ``variance`` and one over ``per_volume`` are of one bar of the baseline, NaN where
    unknown. ``have_h`` is how many hours of candles there are, ``warm`` whether they
    are enough.
    """

    slot_ms: int
    first: int
    variance: FloatArray
    per_volume: FloatArray
    have_h: FloatArray
    warm: BoolArray

    def entries(self, begins: IntArray) -> IntArray:
        """Return the entries for windows that begin then."""
        return begins // self.slot_ms - self.first

    def per_window(self, horizon_ms: int) -> tuple[FloatArray, FloatArray]:
        """Return what to multiply the move and the volume of such a window with."""
        bars = horizon_ms / self.slot_ms
        usual_move = np.sqrt(self.variance * bars + _FLOOR**2)
        return np.reciprocal(usual_move), self.per_volume * (1.0 / bars)


def usual(baseline: Candles, length_ms: int, first_ms: int, last_ms: int) -> Usual:
    """Return what is usual before windows that begin from ``first_ms`` to ``last_ms``.

    It is learnt from ``length_ms`` of ``baseline``.
    """
    slot_ms = baseline.timeframe_ms
    length, first = length_ms // slot_ms, first_ms // slot_ms
    size = last_ms // slot_ms - first + 1
    # One slot more, for the return into the first one.
    grid = _grid(baseline, first - length - 1, length + size)
    traded, squares = _block_sums(grid.amounts[:, 1:], length, first - length)
    have, moves = grid.totals[:, 1 + length :] - grid.totals[:, 1 : 1 + size]
    warm = have >= ENOUGH_MS // slot_ms
    return Usual(
        slot_ms,
        first,
        variance=squares / np.where(warm, moves, np.nan),
        per_volume=have / np.where(warm & (traded > 0.0), traded, np.nan),
        have_h=have * (slot_ms / _HOUR_MS),
        warm=warm,
    )


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
    amounts, totals = np.zeros((2, size)), np.zeros((2, size + 1), dtype=np.int64)
    if slots.size and slots[-1] - slots[0] == slots.size - 1:
        first, after = int(slots[0]), int(slots[-1]) + 1
        amounts[0, first:after] = baseline.volume[start:stop]
        np.multiply(moves, moves, out=amounts[1, first + 1 : after])
        totals[0, first:] = np.minimum(np.arange(size + 1 - first), slots.size)
        totals[1, first + 1 :] = np.maximum(totals[0, first + 1 :] - 1, 0)
    else:
        adjacent = np.diff(slots) == 1
        amounts[0, slots] = baseline.volume[start:stop]
        amounts[1, slots[1:]] = np.where(adjacent, moves * moves, 0.0)
        totals[0, slots + 1] = 1
        totals[1, slots[1:] + 1] = adjacent
        totals.cumsum(axis=1, out=totals)
    return _Grid(amounts, totals)


def _block_sums(values: FloatArray, length: int, first_slot: int) -> FloatArray:
    """Return the sums of ``length`` neighbours in each row, without running totals.

    The grid is cut into blocks of ``length`` at fixed times; a sum is the end of one
    block plus the beginning of the next. So it is the same to the last bit wherever
    ``values`` begins.
    """
    pad = first_slot % length
    if pad + values.shape[1] < 2 * length:
        return _sums_from_one_block(values, length, pad)
    return _sums_from_any_block(values, length, pad)


def _sums_from_one_block(values: FloatArray, length: int, pad: int) -> FloatArray:
    """Return the sums where all of them begin in one block, ``pad`` slots before it.

    So do those of a poll, which need not add up whole blocks.
    """
    count, cut = values.shape[1] - length + 1, length - pad
    to_its_end = values[:, :cut][:, ::-1].cumsum(axis=1)[:, ::-1]
    from_begin = values[:, cut:].cumsum(axis=1)
    sums: FloatArray = to_its_end[:, :count].copy()
    # a window that is a whole block has nothing of the next one
    first = 0 if pad else 1
    sums[:, first:] += from_begin[:, pad + first - 1 : pad + count - 1]
    return sums


def _sums_from_any_block(values: FloatArray, length: int, pad: int) -> FloatArray:
    """Return the sums wherever they begin, block by block."""
    rows, size = values.shape
    blocks = np.zeros((rows, (pad + size) // length + 1, length))
    blocks.reshape(rows, -1)[:, pad : pad + size] = values
    ends = blocks[:, :, ::-1].cumsum(axis=2)[:, :, ::-1].reshape(rows, -1)
    begins = np.zeros_like(blocks)
    blocks[:, :, :-1].cumsum(axis=2, out=begins[:, :, 1:])
    stop = pad + size + 1
    return (
        ends[:, pad : stop - length] + begins.reshape(rows, -1)[:, pad + length : stop]
    )
