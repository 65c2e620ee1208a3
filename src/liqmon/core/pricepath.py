"""The prices around an episode, few enough to be kept with it.

From half an hour before the onset to an hour after it was first told: what ``show``
draws, and what tells afterwards whether it went on. A price that nobody has seen is
None, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import numpy as np

from liqmon.core.model import Candles

__all__ = [
    "PricePath",
    "extended",
    "path_from_facts",
    "path_to_facts",
]

_MINUTE_MS: Final = 60_000
_BEFORE_MS: Final = 30 * _MINUTE_MS
_AFTER_MS: Final = 60 * _MINUTE_MS

_PARTS: Final = 100_000
"""A price is kept to a thousandth of a per cent."""


@dataclass(frozen=True, slots=True)
class PricePath:
    """Closes every ``step_ms``, the first at ``from_ms`` (exchange time)."""

    from_ms: int
    step_ms: int
    closes: tuple[float | None, ...]

    def at(self, moment_ms: int) -> float | None:
        """Return the close at a moment, None where there is none or it is unknown."""
        place, off = divmod(moment_ms - self.from_ms, self.step_ms)
        if off or not 0 <= place < len(self.closes):
            return None
        return self.closes[place]

    @property
    def is_complete(self) -> bool:
        """Whether the last price is known, and so how it ended."""
        return self.closes[-1] is not None


def extended(
    path: PricePath | None, bars: Candles, *, onset_ms: int, told_ms: int
) -> PricePath:
    """Return the path of an episode with what ``bars`` add to it.

    ``told_ms`` is when it was told first; both are exchange time. The last bar may
    still be forming, so it is left out.
    """
    step_ms = bars.timeframe_ms
    moments = np.arange(
        told_ms - _whole(told_ms - onset_ms + _BEFORE_MS, step_ms),
        told_ms + _AFTER_MS + 1,
        step_ms,
        dtype=np.int64,
    )
    ends = bars.open_ms[:-1] + step_ms
    places = np.searchsorted(ends, moments)
    seen = [
        float(bars.close[place])
        if place < ends.size and ends[place] == moment
        else None
        for place, moment in zip(places.tolist(), moments.tolist(), strict=True)
    ]
    known = path.closes if path is not None and path.step_ms == step_ms else ()
    closes = tuple(
        old if new is None else new
        for new, old in zip_longest(seen, known[: len(seen)])
    )
    return PricePath(int(moments[0]), step_ms, closes)


def path_to_facts(path: PricePath) -> dict[str, object]:
    """Return the path as facts for the disk: how far each close is from one of them."""
    base = next((close for close in path.closes if close is not None), 1.0)
    return {
        "from_ms": path.from_ms,
        "step_ms": path.step_ms,
        "base": base,
        "closes": [
            None if close is None else round((close / base - 1.0) * _PARTS)
            for close in path.closes
        ],
    }


def path_from_facts(facts: Mapping[str, object]) -> PricePath | None:
    """Return what was written, but for rounding; None for what is no path."""
    match facts:
        case {
            "from_ms": int(from_ms),
            "step_ms": int(step_ms),
            "base": float() | int() as base,
            "closes": list(parts),
        } if step_ms > 0 and parts:
            closes = tuple(_close(base, part) for part in parts)
            return PricePath(from_ms, step_ms, closes)
        case _:
            return None


def _close(base: float, part: object) -> float | None:
    return base * (1.0 + part / _PARTS) if isinstance(part, int) else None


def _whole(span_ms: int, step_ms: int) -> int:
    return span_ms // step_ms * step_ms
