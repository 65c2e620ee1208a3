"""Candles and markets for the archive and the embedded exchange."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from liqmon.archive.bars import Bars
from liqmon.archive.timeframes import LENGTH_MS
from liqmon.sim.markets import Market, Markets, OpenInterest
from liqmon.sim.tape import Tape

MINUTE_MS: Final = 60_000
MIDNIGHT_MS: Final = 1_704_067_200_000
"""2024-01-01T00:00:00Z, a Monday, and the first day of a month."""


def bars(
    opens: Sequence[float],
    *,
    at: Sequence[int] | None = None,
    timeframe: str = "1m",
    symbol: str = "BTCUSDT",
    first_ms: int = MIDNIGHT_MS,
    **columns: Any,
) -> Bars:
    """Return rising candles: each closes 1 above its open, 2 up and 1 down on the way.

    ``at`` gives the places in the grid; missing ones are gaps.
    """
    places = np.arange(len(opens)) if at is None else np.array(at, dtype=np.int64)
    price = np.array(opens, dtype=np.float64)
    made = Bars(
        symbol=symbol,
        timeframe=timeframe,
        open_ms=first_ms + places * LENGTH_MS[timeframe],
        open=price,
        high=price + 2.0,
        low=price - 1.0,
        close=price + 1.0,
        volume=np.full(price.size, 12.0),
    )
    return replace(made, **columns)


def market(made: Bars) -> Market:
    interest = OpenInterest(made.open_ms, np.arange(len(made), dtype=np.float64) + 100)
    return Market.of(made.symbol, Tape(made), interest)


def markets(*made: Bars) -> Markets:
    return Markets(
        by_symbol={one.symbol: market(one) for one in made},
        start_ms=int(made[0].open_ms[-1]),
    )
