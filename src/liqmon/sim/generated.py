"""Markets that never were: an ordinary walk, leveraged positions, known cascades.

The same seed gives the same markets to the last digit. Ordinary hours come first, as
many as a detector may want to learn from. Cascades are *placed* but not drawn: at a
chosen minute the positions of one side stand dense below (or above) the price and one
large order pushes into them; what follows is the liquidation engine's doing and is
written down. No threshold may ever be chosen on these markets.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from liqmon.sim.liquidation import Side
from liqmon.sim.markets import Markets
from liqmon.sim.play import Kind, Placed, Span, played, steps
from liqmon.sim.truth import Truth

__all__ = ["START_MS", "Placed", "Side", "generated"]

START_MS: Final = 1_767_225_600_000
"""When exchange time begins unless told otherwise: 2026-01-01T00:00:00Z."""

_SPAN: Final = Span(before_min=84 * 60, after_min=48 * 60)
_MINUTE_MS: Final = 60_000


_KINDS: Final = (
    Kind(
        symbol="BTCUSDT",
        price=64_000.0,
        sigma_per_min=0.00045,
        volume_per_min=160.0,
        price_decimals=1,
        volume_decimals=3,
    ),
    Kind(
        symbol="ETHUSDT",
        price=3_200.0,
        sigma_per_min=0.00055,
        volume_per_min=2_400.0,
        price_decimals=2,
        volume_decimals=3,
    ),
    Kind(
        symbol="SOLUSDT",
        price=150.0,
        sigma_per_min=0.00075,
        volume_per_min=21_000.0,
        price_decimals=3,
        volume_decimals=1,
    ),
    Kind(
        symbol="XRPUSDT",
        price=0.62,
        sigma_per_min=0.0006,
        volume_per_min=1_900_000.0,
        price_decimals=4,
        volume_decimals=0,
    ),
)


def generated(
    seed: int, *, start_ms: int = START_MS, placed: Sequence[Placed] | None = None
) -> Markets:
    """Return four markets: 84 h before ``start_ms`` (a full minute) and 48 h after.

    Unless told otherwise: BTCUSDT longs fall 8 to 12 minutes after the start, ETHUSDT
    shorts at 18 to 22, SOLUSDT longs at 32 to 38, then one cascade every few hours.
    Nothing is ever placed on XRPUSDT.
    """
    rng = np.random.default_rng(seed)
    start_ms -= start_ms % _MINUTE_MS
    wanted = _plan(rng) if placed is None else placed
    common = steps(rng, _SPAN)
    games = [
        played(
            kind,
            [one for one in wanted if one.symbol == kind.symbol],
            start_ms=start_ms,
            span=_SPAN,
            common=common,
            rng=rng,
        )
        for kind in _KINDS
    ]
    found = (cascade for game in games for cascade in game.cascades)
    return Markets(
        by_symbol={game.market.symbol: game.market for game in games},
        start_ms=start_ms,
        truth=Truth(
            known=True,
            cascades=tuple(sorted(found, key=lambda cascade: cascade.first_ms)),
            forced={game.market.symbol: game.forced for game in games},
        ),
    )


def _plan(rng: np.random.Generator) -> list[Placed]:
    plan = [
        Placed("BTCUSDT", int(rng.integers(8, 12)), Side.LONG, 0.03),
        Placed("ETHUSDT", int(rng.integers(18, 22)), Side.SHORT, 0.024),
        Placed("SOLUSDT", int(rng.integers(32, 38)), Side.LONG, 0.04),
    ]
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    minute = 120
    while (minute := minute + int(rng.integers(120, 300))) < _SPAN.after_min - 60:
        symbol, side = str(rng.choice(symbols)), Side(int(rng.choice([1, -1])))
        plan.append(Placed(symbol, minute, side, float(rng.uniform(0.015, 0.04))))
    return plan
