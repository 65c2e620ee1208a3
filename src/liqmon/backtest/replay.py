"""One market's history, bar by bar in effect, through the very functions of a watch.

The only module here that knows how candles become readings and readings findings. The
history is taken in blocks, each with the days before it that its baselines need, so
memory does not grow with its length; a bar reads the same whatever block it is in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

import numpy as np

from liqmon.backtest.rules import RULES
from liqmon.backtest.sources import Source, larger
from liqmon.core.breadth import ALONE, scores
from liqmon.core.detector import readings
from liqmon.core.episode import EpisodePolicy, EpisodeState, judge
from liqmon.core.features import LOOKBACK_MS, Features, features
from liqmon.core.model import (
    BoolArray,
    Candles,
    Condition,
    Finding,
    FloatArray,
    IntArray,
    Market,
    PositionSide,
    Reading,
)
from liqmon.core.units import comparable, jumps

__all__ = [
    "SURGE",
    "Block",
    "Judge",
    "Scored",
    "blocks",
    "scored",
    "seen_by_surge",
    "strengths",
]

SURGE: Final = "surge"

_BASELINE: Final = "5m"
_BASELINE_MS: Final = 300_000

_BLOCK: Final = 65_536
"""Bars judged at a time: 45 days of minutes, some 20 MiB."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A stretch of history: ``bars`` from ``first`` on are new, before is what led up.

    All prices are in the unit of the newest bar.
    """

    bars: Candles
    first: int

    @property
    def ends(self) -> IntArray:
        """The ends of the new bars."""
        return self.bars.open_ms[self.first :] + self.bars.timeframe_ms


def blocks(source: Source, since_ms: int, until_ms: int) -> Iterator[Block]:
    """Yield the history block by block; new bars open from ``since_ms`` on.

    What comes before is read as far as it has a say.
    """
    held: Candles | None = None
    for part in source.parts(since_ms - LOOKBACK_MS, until_ms):
        for start in range(0, len(part), _BLOCK):
            piece = part.rows(slice(start, start + _BLOCK))
            window = piece if held is None else _joined(held, piece)
            new_ms = max(int(piece.open_ms[0]), since_ms)
            yield from _in_one_unit(window, new_ms)
            # on the grid of the baseline, whose bars are made of these
            kept_ms = int(piece.open_ms[-1]) - LOOKBACK_MS
            held = window.since(kept_ms // _BASELINE_MS * _BASELINE_MS)


def _joined(held: Candles, piece: Candles) -> Candles:
    """Return both; ``piece`` begins after ``held`` has ended."""
    pairs = zip(held.columns(), piece.columns(), strict=True)
    return Candles(
        piece.timeframe_ms,
        np.concatenate([held.open_ms, piece.open_ms]),
        *(np.concatenate(pair) for pair in pairs),
    )


def _in_one_unit(window: Candles, new_ms: int) -> Iterator[Block]:
    """Yield a block for each stretch between two changes of unit, as a watch sees it.

    At each bar a watch compares with what is in that bar's unit only.
    """
    begun = jumps(window).tolist()
    for after in [*begun, len(window)]:
        stretch = comparable(window.rows(slice(0, after))) if begun else window
        first = int(np.searchsorted(stretch.open_ms, new_ms))
        if first < len(stretch):
            yield Block(stretch, first)
        if after < len(window):
            new_ms = max(new_ms, int(window.open_ms[after]))


class Scored(Protocol):
    """A block's bars as one rule sees them."""

    known: BoolArray
    """Of which new bars anything is known."""

    fires: IntArray
    """Which new bars are to be told of, in order."""

    end_ms: IntArray

    def at(self, threshold: float) -> Self:
        """Return the same bars at another threshold."""
        ...

    def reading(self, at: int) -> Reading | None:
        """Return the reading of a bar, None where nothing is known."""
        ...


def scored(
    block: Block,
    rule: str,
    threshold: float,
    breadth: FloatArray,
    *,
    told_from: float = 1.0,
) -> Scored:
    """Return the block as ``rule`` sees it: SURGE or one of ``RULES``.

    ``breadth`` is what the companions say at the new bars, ``told_from`` the share of
    the threshold from which a bar is told of; only SURGE listens to either.
    """
    if rule == SURGE:
        whole = np.full(len(block.bars), ALONE)
        whole[block.first :] = breadth
        return _Surge(block, seen_by_surge(block), threshold, whole, told_from)
    return _Yardstick(block, RULES[rule].score(block.bars), rule, threshold)


def strengths(block: Block) -> tuple[IntArray, FloatArray]:
    """Return the ends of the new bars and what the market says by itself at them."""
    return block.ends, seen_by_surge(block).strength[block.first :]


def seen_by_surge(block: Block) -> Features:
    """Return the features of all of the block's bars."""
    return features(block.bars, larger(block.bars, _BASELINE))


class _Surge:
    def __init__(
        self,
        block: Block,
        seen: Features,
        threshold: float,
        breadth: FloatArray,
        told_from: float,
    ) -> None:
        self._block = block
        self._seen = seen
        self._threshold = threshold
        self._breadth = breadth
        self._told_from = told_from
        self.end_ms = seen.end_ms
        sizes = np.abs(scores(seen.strength, breadth))
        self.known = ~np.isnan(sizes[block.first :])
        self.fires = _firing(sizes, block.first, threshold, told_from)

    def at(self, threshold: float) -> Self:
        return type(self)(
            self._block, self._seen, threshold, self._breadth, self._told_from
        )

    def reading(self, at: int) -> Reading | None:
        end_ms = int(self.end_ms[at])
        read = readings(
            self._seen,
            self._block.bars,
            threshold=self._threshold,
            since_ms=end_ms - 1,
            now_ms=end_ms,
            breadth=self._breadth,
        )
        return read[0] if read else None


class _Yardstick:
    def __init__(
        self, block: Block, scores: FloatArray, rule: str, threshold: float
    ) -> None:
        self._block = block
        self._bars = block.bars
        self._scores = scores
        self._rule = rule
        self._threshold = threshold
        self.end_ms = block.bars.open_ms + block.bars.timeframe_ms
        self.known = ~np.isnan(scores[block.first :])
        self.fires = _firing(np.abs(scores), block.first, threshold)

    def at(self, threshold: float) -> Self:
        return type(self)(self._block, self._scores, self._rule, threshold)

    def reading(self, at: int) -> Reading | None:
        bars, score = self._bars, float(self._scores[at])
        window_ms = RULES[self._rule].window_ms or bars.timeframe_ms
        count = window_ms // bars.timeframe_ms
        if np.isnan(score) or at < count:
            return None
        side = PositionSide.LONG if score < 0.0 else PositionSide.SHORT
        window = bars.rows(slice(at - count + 1, at + 1))
        low, high = float(window.low.min()), float(window.high.max())
        traded = window.volume * (window.high + window.low) / 2.0
        return Reading(
            end_ms=int(self.end_ms[at]),
            liquidated=side,
            score=abs(score),
            threshold=self._threshold,
            nearness=abs(score) / self._threshold,
            window_ms=window_ms,
            price_from=float(bars.close[at - count]),
            price_to=float(bars.close[at]),
            extreme=low if side is PositionSide.LONG else high,
            volume_usd=float(traded.sum()),
            bar_low=float(bars.low[at]),
            bar_high=float(bars.high[at]),
            bar_volume_usd=float(traded[-1]),
            conditions=(Condition(self._rule, abs(score), self._threshold),),
        )


def _firing(
    sizes: FloatArray, first: int, threshold: float, told_from: float = 1.0
) -> IntArray:
    # a hair less: readings are judged by a quotient, which may round the other way
    least = threshold * told_from * (1.0 - 1e-12)
    return np.flatnonzero(sizes[first:] >= least) + first


@dataclass(slots=True)
class Judge:
    """Judges block after block of one market. ``raw``: each bar for itself.

    Bars that cannot change anything are passed over: they are not told of, and nobody
    has been told of anything that goes on.
    """

    market: Market
    timeframe: str
    policy: EpisodePolicy
    raw: bool = False
    state: EpisodeState = field(default_factory=EpisodeState)

    def findings(self, seen: Scored) -> Iterator[Finding]:
        """Yield what would have been told of the block's new bars."""
        fires, size = seen.fires, seen.end_ms.size
        at = int(fires[0]) if fires.size else size
        if self.state.told is not None:
            at = size - seen.known.size
        while at < size:
            reading = seen.reading(at)
            if reading is not None:
                yield from self._judged(reading)
            at += 1
            if self.state.told is None:
                place = int(np.searchsorted(fires, at))
                at = int(fires[place]) if place < fires.size else size

    def _judged(self, reading: Reading) -> tuple[Finding, ...]:
        judgement = judge(
            self.state,
            reading,
            market=self.market,
            timeframe=self.timeframe,
            policy=self.policy,
        )
        if not self.raw:
            self.state = judgement.state
        return judgement.findings
