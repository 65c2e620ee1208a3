"""What the other watched markets say about a bar: is it alone, or one of many.

A cascade seldom comes alone. ``b`` is the mean of the other markets' strengths in the
direction of a market's own move, at the end of the same bar, and raises its score::

    b = max(0, (3 + sum of clip(strength of another, -1, 10)) / (1 + others))
    score = strength * (1 + 0.15*b)

One imagined companion of strength 3, about what companions show when a market fires, is
always there. So a market without companions scores like one among average ones, and a
threshold means nearly the same however many markets are watched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from liqmon.core.model import BoolArray, FloatArray, IntArray

__all__ = ["ALONE", "Crowd", "Voice", "alone", "scores"]

ALONE = 3.0
"""``b`` of a market that has no companions."""

_GAIN = 0.15
_LEAST, _MOST = -1.0, 10.0

_EXACT = 1024
"""Strengths are counted in steps of 1/1024. Whole numbers add up to the same in any
order, so live and history agree to the last bit."""


def scores(strength: FloatArray, breadth: FloatArray) -> FloatArray:
    """Return the signed score of each bar: negative is a fall, which closes longs."""
    return strength * (1.0 + _GAIN * breadth)


def alone(strength: float) -> float:
    """Return the signed score of one bar without companions."""
    return strength * (1.0 + _GAIN * ALONE)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One market's strengths at the ends of its bars, oldest first.

    Markets with the same ``base`` trade the same asset: no companions of each other.
    """

    base: str
    end_ms: IntArray
    strength: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Ballot:
    """What one asset says: of falls and of rises (the rows), at some of the ends."""

    at: IntArray
    says: IntArray

    @classmethod
    def of(cls, voices: Iterable[Voice], ends: IntArray) -> Self:
        """Count an asset's voices; where several speak, the first is heard."""
        end_ms = np.concatenate([voice.end_ms for voice in voices])
        strength = np.concatenate([voice.strength for voice in voices])
        known = np.isfinite(strength)
        spoken, first = np.unique(end_ms[known], return_index=True)
        strength = strength[known][first]
        both = np.stack([-strength, strength]).clip(_LEAST, _MOST)
        says = np.rint(both * _EXACT).astype(np.int64)
        return cls(np.searchsorted(ends, spoken), says)

    def at_entries(self, wanted: IntArray) -> tuple[IntArray, BoolArray]:
        """Return what is said at some of the ends, zero where nothing is, and where."""
        place = np.searchsorted(self.at, wanted).clip(max=self.at.size - 1)
        spoken = self.at[place] == wanted
        return np.where(spoken, self.says[:, place], 0), spoken


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """All that is said: sums of falls and of rises, and how many assets, by end."""

    ends: IntArray
    sums: IntArray
    counts: IntArray
    ballots: dict[str, _Ballot]

    @classmethod
    def of(cls, voices: Iterable[Voice]) -> Self:
        """Hear all voices before anybody is judged."""
        by_base: dict[str, list[Voice]] = {}
        for voice in voices:
            if np.isfinite(voice.strength).any():
                by_base.setdefault(voice.base, []).append(voice)
        spoken = [voice.end_ms for own in by_base.values() for voice in own]
        ends = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *spoken]))
        sums = np.zeros((2, ends.size), dtype=np.int64)
        counts = np.zeros(ends.size, dtype=np.int64)
        ballots = {base: _Ballot.of(own, ends) for base, own in by_base.items()}
        for ballot in ballots.values():
            sums[:, ballot.at] += ballot.says
            counts[ballot.at] += 1
        return cls(ends, sums, counts, ballots)

    def around(self, voice: Voice) -> FloatArray:
        """Return ``b`` of each of a market's bars, in the direction of its own move."""
        breadth = np.full(voice.end_ms.size, ALONE)
        if self.ends.size == 0:
            return breadth
        place = np.searchsorted(self.ends, voice.end_ms).clip(max=self.ends.size - 1)
        heard = self.ends[place] == voice.end_ms
        at, rises = place[heard], (voice.strength[heard] > 0.0).astype(np.int64)
        sums, counts = self.sums[:, at], self.counts[at]
        own = self.ballots.get(voice.base)
        if own is not None:
            says, spoken = own.at_entries(at)
            sums, counts = sums - says, counts - spoken
        said = sums[rises, np.arange(at.size)]
        mean = (ALONE * _EXACT + said) / (_EXACT * (1 + counts))
        breadth[heard] = np.maximum(mean, 0.0)
        return breadth
