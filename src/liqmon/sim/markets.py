"""Which markets there are: their candles, and what only a venue knows of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np

from liqmon.archive.bars import Bars, FloatArray, IntArray, joined
from liqmon.archive.reader import read
from liqmon.archive.timeframes import LENGTH_MS, next_open
from liqmon.errors import UserError
from liqmon.sim.tape import Tape
from liqmon.sim.truth import Truth

__all__ = ["Market", "Markets", "OpenInterest", "recorded"]

_QUOTES: Final = ("USDT", "USDC", "USD")

_HOUR_MS: Final = 3_600_000
_BEFORE_MS: Final = 72 * _HOUR_MS
"""How much of a recording is history by default: the usual must be learnt first."""

# A recorded market has no open interest on file. It is shown as flat, at so many bars'
# usual volume, because a venue always shows some and a flat one confirms nothing.
_FLAT_BARS: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class OpenInterest:
    """Open contracts in base units, each value from its time on."""

    from_ms: IntArray
    base: FloatArray

    def at(self, now_ms: int) -> float:
        """Return the value of a moment; the first one for any moment before it."""
        place = int(np.searchsorted(self.from_ms, now_ms, side="right")) - 1
        return float(self.base[max(place, 0)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One linear perpetual; ``symbol`` as both venues write it (``BTCUSDT``)."""

    symbol: str
    base: str
    quote: str
    tape: Tape
    open_interest: OpenInterest

    @classmethod
    def of(cls, symbol: str, tape: Tape, open_interest: OpenInterest) -> Self:
        """Return the market of a symbol that ends in the quote currency.

        Raises:
            UserError: it ends in none of those that are known.
        """
        for quote in _QUOTES:
            base = symbol.removesuffix(quote)
            if base not in (symbol, ""):
                return cls(
                    symbol=symbol,
                    base=base,
                    quote=quote,
                    tape=tape,
                    open_interest=open_interest,
                )
        raise UserError(
            f"{symbol}: no market of this name can be served",
            hint=f"name the file for a pair that ends in {', '.join(_QUOTES)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """Everything that is served; ``start_ms`` is when exchange time begins."""

    by_symbol: Mapping[str, Market]
    start_ms: int
    truth: Truth = field(default_factory=Truth)

    @property
    def end_ms(self) -> int:
        """When the last candle of all closes; after it time goes on without any."""
        return max(
            next_open(int(bars.open_ms[-1]), bars.timeframe) for bars in self._all()
        )

    @property
    def first_ms(self) -> int:
        """When the first candle opens of the market that begins last."""
        return max(int(bars.open_ms[0]) for bars in self._all())

    @property
    def timeframe(self) -> str:
        """The finest timeframe that every market has."""
        return max((bars.timeframe for bars in self._all()), key=LENGTH_MS.__getitem__)

    def _all(self) -> Iterable[Bars]:
        return (market.tape.bars for market in self.by_symbol.values())


def recorded(files: Sequence[Path], *, start_ms: int | None = None) -> Markets:
    """Return the markets in these candle files; several files may be of one market.

    ``start_ms`` defaults to 72 h after the first candle (of the market that begins
    last).

    Raises:
        UserError: a file cannot be used.
    """
    parts: dict[str, list[Bars]] = {}
    for file in files:
        bars = read(file)
        parts.setdefault(bars.symbol, []).append(bars)
    markets = Markets(
        by_symbol={symbol: _market(symbol, bars) for symbol, bars in parts.items()},
        start_ms=0,
    )
    start_ms = markets.first_ms + _BEFORE_MS if start_ms is None else start_ms
    return Markets(by_symbol=markets.by_symbol, start_ms=start_ms)


def _market(symbol: str, parts: Sequence[Bars]) -> Market:
    timeframes = {bars.timeframe for bars in parts}
    if len(timeframes) > 1:
        raise UserError(
            f"{symbol}: files of different timeframes: {', '.join(sorted(timeframes))}",
            hint="larger timeframes are made of the smallest: give that one only",
        )
    bars = joined(parts)
    flat = np.array([float(bars.volume.mean()) * _FLAT_BARS])
    return Market.of(symbol, Tape(bars), OpenInterest(bars.open_ms[:1], flat))
