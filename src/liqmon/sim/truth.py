"""What really happened in a generated market: every position closed by force.

A recorded market has no such book; what is known of it is known from elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from liqmon.archive.bars import FloatArray, IntArray

__all__ = ["Cascade", "Forced", "Truth", "cascades"]

# A minute belongs to a cascade if more was closed by force than is usually traded in
# all of a minute; pauses of up to this many minutes do not end it.
_USUAL_MINUTES: Final = 1.0
_PAUSE_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Cascade:
    """One run of forced closes; times are the opens of its first and last minute.

    ``liquidated`` is ``long`` or ``short``: the positions, not the orders.
    """

    symbol: str
    liquidated: str
    first_ms: int
    last_ms: int
    notional_usd: float
    price_from: float
    price_to: float


@dataclass(frozen=True, slots=True, eq=False)
class Forced:
    """What was closed by force in each minute, in USD."""

    open_ms: IntArray
    long_usd: FloatArray
    short_usd: FloatArray


@dataclass(frozen=True, slots=True)
class Truth:
    """``known`` is false for recorded markets; then there is nothing in it."""

    known: bool = False
    cascades: tuple[Cascade, ...] = ()
    forced: Mapping[str, Forced] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON: the cascades, and every minute in which any order fell."""
        minutes = {
            symbol: [
                {"open_ms": at_ms, "long_usd": round(longs), "short_usd": round(shorts)}
                for at_ms, longs, shorts in zip(
                    forced.open_ms.tolist(),
                    forced.long_usd.tolist(),
                    forced.short_usd.tolist(),
                    strict=True,
                )
                if longs or shorts
            ]
            for symbol, forced in self.forced.items()
        }
        found = [asdict(cascade) for cascade in self.cascades]
        return {"known": self.known, "cascades": found, "minutes": minutes}


def cascades(
    symbol: str,
    forced: Forced,
    usual_usd: float,
    prices: tuple[FloatArray, FloatArray],
) -> Iterable[Cascade]:
    """Return the cascades in what was closed by force.

    ``usual_usd`` is what is usually traded in a minute, ``prices`` the opens and closes
    of the minutes.
    """
    opens, closes = prices
    sides = {"long": forced.long_usd, "short": forced.short_usd}
    for liquidated, usd in sides.items():
        minutes = np.flatnonzero(usd > _USUAL_MINUTES * usual_usd)
        pauses = np.flatnonzero(np.diff(minutes) > _PAUSE_MIN + 1) + 1
        for run in np.split(minutes, pauses):
            if run.size:
                first, last = int(run[0]), int(run[-1])
                yield Cascade(
                    symbol=symbol,
                    liquidated=liquidated,
                    first_ms=int(forced.open_ms[first]),
                    last_ms=int(forced.open_ms[last]),
                    notional_usd=round(float(usd[first : last + 1].sum()), 2),
                    price_from=float(opens[first]),
                    price_to=float(closes[last]),
                )
