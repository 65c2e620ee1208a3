"""One generated market, played from the first minute to the last.

The walk: steps with fat tails, volatility that comes and goes, a part in common with
the other markets. The owners: every hour some close and others open, with leverages
that keep the book too thin for forced orders to run on. Where a cascade is placed, the
book is dense for a while. Amounts are in usual minutes until the bars are written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from liqmon.archive.bars import Bars, FloatArray, IntArray
from liqmon.sim.liquidation import (
    IMPACT,
    MAINTENANCE,
    STEPS_PER_MIN,
    Book,
    Books,
    Side,
)
from liqmon.sim.markets import Market, OpenInterest
from liqmon.sim.tape import Tape
from liqmon.sim.truth import Cascade, Forced, cascades

__all__ = ["Kind", "Placed", "Played", "Span", "played", "steps"]

_MINUTE_MS: Final = 60_000
_HOUR_MIN: Final = 60

# The share of a market's variance that it has in common with the others.
_COMMON: Final = 0.4

# Each side's open positions, how many open in an hour, and what share stays open.
_OPEN: Final = 50.0
_OPENED_PER_HOUR: Final = 60
_STAY: Final = 0.95

# Which leverages owners choose, and how often.
_LEVERAGES: Final = (2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
_CHOSEN: Final = (0.35, 0.35, 0.22, 0.05, 0.02, 0.01)

# A placed cascade: positions from this far from the price on (a fraction of it), so
# dense that each forced order more than replaces itself, and an order that goes a bit
# further, within half a minute.
_NEAR: Final = 0.008
_DENSE: Final = 1.25
_PUSH: Final = 0.011
_PUSH_STEPS: Final = 3
_CROWD: Final = 300
_CROWD_BUILDS_MIN: Final = 120

# What others trade because of a forced order, in multiples of it.
_REACTION: Final = 0.8


@dataclass(frozen=True, slots=True)
class Placed:
    """A cascade to come: this many minutes after the start, through ``band`` of price.

    ``band`` is the width, as a fraction of the price, over which positions stand dense.
    """

    symbol: str
    after_min: int
    liquidated: Side
    band: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is ordinary for one market; volume in base units."""

    symbol: str
    price: float
    sigma_per_min: float
    volume_per_min: float
    price_decimals: int
    volume_decimals: int

    @property
    def usual_usd(self) -> float:
        return self.price * self.volume_per_min


@dataclass(frozen=True, slots=True)
class Span:
    """How much is played, before and after the start."""

    before_min: int
    after_min: int

    @property
    def minutes(self) -> int:
        return self.before_min + self.after_min


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A market and the truth about it."""

    market: Market
    forced: Forced
    cascades: tuple[Cascade, ...]


def steps(rng: np.random.Generator, span: Span) -> FloatArray:
    """Return one random number per step, of variance 1 and with fat tails up to 6."""
    # Student's t with 6 degrees of freedom has the variance 6/4
    drawn: FloatArray = rng.standard_t(6, span.minutes * STEPS_PER_MIN) / np.sqrt(1.5)
    # beyond that a single step would be news by itself
    return drawn.clip(-6.0, 6.0)


def played(
    kind: Kind,
    placed: Sequence[Placed],
    *,
    start_ms: int,
    span: Span,
    common: FloatArray,
    rng: np.random.Generator,
) -> Played:
    """Play one market; ``common`` are the steps that all markets share."""
    mood = _waves(rng, span, minutes=180.0, spread=0.35)
    noise = np.sqrt(1 - _COMMON) * steps(rng, span) + np.sqrt(_COMMON) * common
    sigma = np.repeat(mood, STEPS_PER_MIN) * kind.sigma_per_min / np.sqrt(STEPS_PER_MIN)
    moves = sigma * noise
    pushes = {span.before_min + one.after_min: one for one in placed}
    for minute, one in pushes.items():
        first = minute * STEPS_PER_MIN
        moves[first : first + _PUSH_STEPS] -= one.liquidated * _PUSH / _PUSH_STEPS

    path = _walked(kind, moves, pushes, rng)
    minutes = np.arange(span.minutes, dtype=np.int64) - span.before_min
    open_ms = start_ms + minutes * _MINUTE_MS
    bars = _bars(kind, open_ms, path, _traded(path, pushes, mood, rng), rng)
    usd = path.forced * kind.volume_per_min * bars.close
    forced = Forced(open_ms, usd[0], usd[1])
    prices = (bars.open, bars.close)
    return Played(
        Market.of(kind.symbol, Tape(bars), _open_interest(kind, open_ms, path, pushes)),
        forced,
        tuple(cascades(kind.symbol, forced, kind.usual_usd, prices)),
    )


def _waves(
    rng: np.random.Generator, span: Span, *, minutes: float, spread: float
) -> FloatArray:
    """Return one positive number per minute, about 1 on average, that changes slowly.

    ``spread`` is the standard deviation of its logarithm, ``minutes`` the length of a
    wave.
    """
    knots = int(span.minutes / minutes) + 2
    levels = rng.normal(0.0, spread, knots)
    wave = np.interp(np.arange(span.minutes) / minutes, np.arange(knots), levels)
    return np.exp(wave - spread**2 / 2)


# the positions


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The logarithm of the price at every step, what was closed by force per minute."""

    log_price: FloatArray
    forced: FloatArray


def _walked(
    kind: Kind,
    moves: FloatArray,
    pushes: Mapping[int, Placed],
    rng: np.random.Generator,
) -> _Path:
    books = Books()
    price, forced = np.empty(moves.size), np.empty((2, moves.size))
    last = np.log(kind.price)
    for book in books.sides:
        _open(book, np.exp(last) * np.exp(rng.normal(0.0, 0.015, 1_200)), _OPEN, rng)
    minutes = moves.size // STEPS_PER_MIN
    for start, stop in _blocks(minutes, pushes):
        if start % _HOUR_MIN == 0:
            for book in books.sides:
                _turn_over(book, np.exp(last), rng)
        if start in pushes:
            _crowd(books.sides, np.exp(last), pushes[start], rng)
        block = slice(start * STEPS_PER_MIN, stop * STEPS_PER_MIN)
        price[block], forced[:, block] = books.play(last + np.cumsum(moves[block]))
        last = price[block.stop - 1]
    return _Path(price, forced.reshape(2, minutes, STEPS_PER_MIN).sum(axis=2))


def _blocks(minutes: int, pushes: Mapping[int, Placed]) -> list[tuple[int, int]]:
    cuts = sorted({*range(0, minutes, _HOUR_MIN), *pushes, minutes})
    return list(pairwise(cuts))


def _open(book: Book, entry: FloatArray, size: float, rng: np.random.Generator) -> None:
    leverage = rng.choice(_LEVERAGES, entry.size, p=_CHOSEN)
    sizes = rng.lognormal(0.0, 0.8, entry.size)
    book.open(entry, leverage, sizes * size / sizes.sum())


def _turn_over(book: Book, price: float, rng: np.random.Generator) -> None:
    book.thin(rng.random(len(book)) < _STAY)
    entry = price * np.exp(rng.normal(0.0, 0.002, _OPENED_PER_HOUR))
    _open(book, entry, max(_OPEN - book.size, 0.0), rng)


def _crowd(
    sides: tuple[Book, Book], price: float, placed: Placed, rng: np.random.Generator
) -> None:
    """Open positions whose thresholds fill the band that begins near the price."""
    book = next(book for book in sides if book.side is placed.liquidated)
    distance = _NEAR + placed.band * rng.random(_CROWD)
    entry = price * np.exp(rng.normal(0.0, 0.0005, _CROWD))
    sizes = rng.lognormal(0.0, 0.5, _CROWD)
    book.open(
        entry, 1.0 / (distance + MAINTENANCE), sizes * _crowded(placed) / sizes.sum()
    )


def _crowded(placed: Placed) -> float:
    return _DENSE * placed.band / IMPACT


# what a venue publishes of it


def _traded(
    path: _Path,
    pushes: Mapping[int, Placed],
    mood: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return what is traded in each minute, and what of it buyers took."""
    close = path.log_price[STEPS_PER_MIN - 1 :: STEPS_PER_MIN]
    move = np.diff(close, prepend=path.log_price[0])
    size = np.abs(move) / np.abs(move).mean()
    usual = mood * rng.lognormal(-0.06, 0.35, mood.size) * (0.6 + 0.4 * size)
    # the placed orders are part of what moved the price; so they count as usual
    longs, shorts = path.forced
    pushed = np.zeros(mood.size)
    for minute in pushes:
        pushed[minute] = _PUSH / IMPACT
    volume = usual + pushed + (longs + shorts) * (1.0 + _REACTION)
    lean = 0.5 + 0.3 * np.tanh(move / np.abs(move).mean() / 3)
    bought = (usual + pushed) * lean + (longs + shorts) * _REACTION / 2 + shorts
    return volume, bought


def _bars(
    kind: Kind,
    open_ms: IntArray,
    path: _Path,
    traded: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
) -> Bars:
    prices = np.exp(path.log_price).reshape(-1, STEPS_PER_MIN)
    close = prices[:, -1]
    opens = np.concatenate([prices[:1, 0], close[:-1]])
    wick = np.abs(rng.normal(0.0, kind.sigma_per_min / 4, (2, close.size)))
    high = np.maximum(prices.max(axis=1), opens) * (1 + wick[0])
    low = np.minimum(prices.min(axis=1), opens) * (1 - wick[1])
    volume, bought = (amount * kind.volume_per_min for amount in traded)
    return Bars(
        symbol=kind.symbol,
        timeframe="1m",
        open_ms=open_ms,
        open=opens.round(kind.price_decimals),
        high=high.round(kind.price_decimals),
        low=low.round(kind.price_decimals),
        close=close.round(kind.price_decimals),
        volume=volume.round(kind.volume_decimals),
        quote_volume=(volume * prices.mean(axis=1)).round(2),
        taker_buy=bought.round(kind.volume_decimals),
    )


def _open_interest(
    kind: Kind, open_ms: IntArray, path: _Path, pushes: Mapping[int, Placed]
) -> OpenInterest:
    """Return the open positions at the end of each minute, in base units.

    A crowd is counted in over the hours before: positions take time to build.
    """
    change = -path.forced.sum(axis=0)
    for minute, placed in pushes.items():
        first = max(minute - _CROWD_BUILDS_MIN, 0)
        change[first:minute] += _crowded(placed) / max(minute - first, 1)
    # what is missing or too much goes back to the usual at a rate of 5 % in an hour
    level, levels = 2 * _OPEN, []
    for delta in change.tolist():
        level += delta + (2 * _OPEN - level) * (1 - _STAY) / _HOUR_MIN
        levels.append(level)
    return OpenInterest(open_ms + _MINUTE_MS, np.array(levels) * kind.volume_per_min)
