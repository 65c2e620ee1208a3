"""The values that everything else passes around.

Times are epoch milliseconds of the exchange's clock unless a name says otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "TIMEFRAME_MS",
    "Basis",
    "BoolArray",
    "Candles",
    "Condition",
    "Finding",
    "FloatArray",
    "IntArray",
    "Market",
    "Phase",
    "PositionSide",
    "Reading",
    "Rows",
    "Severity",
    "Span",
    "Warmup",
]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
# In quotes: the builtin takes parameters for the type checker only.
Span: TypeAlias = "slice[int, int | None, None]"
Rows: TypeAlias = "slice[int, int | None, None] | BoolArray | IntArray"

TIMEFRAME_MS = {"1m": 60_000, "5m": 300_000}
"""The timeframes a detector exists for, in milliseconds."""


class PositionSide(StrEnum):
    """Which positions were force-closed: a fall closes longs, a rise closes shorts."""

    LONG = "long"
    SHORT = "short"


class Basis(IntEnum):
    """What a finding rests on; more is better evidence."""

    INFERRED = 1
    CORROBORATED = 2
    OBSERVED = 3


class Severity(IntEnum):
    """How strong; CRITICAL is HIGH and observed, nothing else."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Phase(StrEnum):
    """Where in its episode a finding stands.

    BUILDING comes before an episode, and WITHDRAWN instead of one.
    """

    BUILDING = "building"
    WITHDRAWN = "withdrawn"
    ONSET = "onset"
    ESCALATION = "escalation"
    END = "end"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be told."""
        return self in (Phase.END, Phase.WITHDRAWN)

    @property
    def is_first_step(self) -> bool:
        """Whether it is no episode, only the announcement of a possible one."""
        return self in (Phase.BUILDING, Phase.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Market:
    """One perpetual on one exchange.

    ``symbol`` is ccxt's unified one (``BTC/USDT:USDT``). ``contract_size`` counts base
    units per contract (linear) or quote units per contract (inverse).
    """

    exchange: str
    symbol: str
    base: str
    quote: str
    inverse: bool = False
    contract_size: float = 1.0

    @property
    def name(self) -> str:
        """The short form people type: ``BTCUSDT``."""
        return f"{self.base}{self.quote}"

    @property
    def key(self) -> str:
        """Identifies the market among all exchanges: ``bybit:BTC/USDT:USDT``."""
        return f"{self.exchange}:{self.symbol}"


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """One market's bars of one timeframe, oldest first.

    ``open_ms`` is strictly ascending and on the grid of ``timeframe_ms``; a missing bar
    is a jump in ``open_ms``, never a filled row. Prices are in quote, volume in base
    units. The arrays are never written to.
    """

    timeframe_ms: int
    open_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    @classmethod
    def empty(cls, timeframe_ms: int) -> Self:
        """Return a series without a bar."""
        nothing = np.empty(0, dtype=np.float64)
        open_ms = np.empty(0, dtype=np.int64)
        return cls(timeframe_ms, open_ms, *(nothing for _ in range(5)))

    def __len__(self) -> int:
        return int(self.open_ms.size)

    def columns(self) -> Iterator[FloatArray]:
        """Yield open, high, low, close, volume."""
        yield from (self.open, self.high, self.low, self.close, self.volume)

    def rows(self, chosen: Rows) -> Self:
        """Return the chosen bars."""
        return type(self)(
            self.timeframe_ms,
            self.open_ms[chosen],
            *(column[chosen] for column in self.columns()),
        )

    def closed(self, now_ms: int) -> Self:
        """Return the bars whose end is not after ``now_ms`` (exchange time)."""
        ends = self.open_ms + self.timeframe_ms
        return self.rows(slice(0, int(np.searchsorted(ends, now_ms, side="right"))))

    def since(self, open_ms: int) -> Self:
        """Return the bars opened at or after ``open_ms``."""
        return self.rows(slice(int(np.searchsorted(self.open_ms, open_ms)), None))

    def merged(self, newer: Self) -> Self:
        """Return both series as one; where both have a bar, ``newer`` wins."""
        if len(newer) == 0:
            return self
        kept = self.rows(~np.isin(self.open_ms, newer.open_ms))
        open_ms = np.concatenate([kept.open_ms, newer.open_ms])
        order = np.argsort(open_ms, kind="stable")
        pairs = zip(kept.columns(), newer.columns(), strict=True)
        return type(self)(
            self.timeframe_ms,
            open_ms[order],
            *(np.concatenate(pair)[order] for pair in pairs),
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """One test behind a reading: ``value`` against ``threshold``."""

    name: str
    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Warmup:
    """How much of the baseline is there, and how much it takes to be judged."""

    have_h: float
    need_h: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One bar's verdict, on the side for which more speaks.

    ``end_ms`` is the bar's end (the moment of decision for a closed bar).
    ``score`` speaks for ``liquidated``. ``echo`` is what the longest window alone says,
    signed (negative: a fall): it remembers a move that the score has forgotten.
    ``nearness`` is value / threshold of the weakest condition: 1.0 fires.
    ``window_ms`` is the horizon that says most, ``price_from`` the close before it
    and ``extreme`` the worst price inside it. ``volume_usd`` is what was traded in it.
    The bar alone has ``bar_low``, ``bar_high`` and ``bar_volume_usd``. ``missing``
    names inputs that were unknown. ``early`` marks a bar that had not closed.
    ``confidence`` is the share of past findings with such a score that were cascades,
    None where nobody has counted.
    """

    end_ms: int
    liquidated: PositionSide
    score: float
    threshold: float
    nearness: float
    window_ms: int
    price_from: float
    price_to: float
    extreme: float
    volume_usd: float
    bar_low: float
    bar_high: float
    bar_volume_usd: float
    conditions: tuple[Condition, ...]
    missing: tuple[str, ...] = ()
    early: bool = False
    confidence: float | None = None
    echo: float = 0.0

    def speaks_for(self, side: PositionSide) -> float:
        """Return how much speaks for an episode of this side going on."""
        score = self.score if side is self.liquidated else 0.0
        return max(score, -self.echo if side is PositionSide.LONG else self.echo)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is told about an episode.

    ``onset_ms`` (the window's begin) and ``decided_ms`` are exchange time.
    ``ended_ms``, on END only, is when the worst price was reached: the decision comes
    up to half an hour later, when the windows have forgotten the move. ``price_from``
    is the price at the onset, ``price_to`` at the decision, ``price_extreme`` the worst
    in between.
    ``volume_usd`` is the notional traded since the onset window began, by anybody.
    ``confidence`` is the share of past findings with such a score that were cascades,
    None where that is unknown.
    """

    episode: str
    market: Market
    timeframe: str
    phase: Phase
    liquidated: PositionSide
    basis: Basis
    severity: Severity
    early: bool
    onset_ms: int
    decided_ms: int
    price_from: float
    price_to: float
    price_extreme: float
    volume_usd: float
    score: float
    nearness: float
    conditions: tuple[Condition, ...]
    ended_ms: int | None = None
    confidence: float | None = None

    @property
    def change(self) -> float:
        """The move so far as a fraction: -0.023 is a fall of 2.3 %."""
        return self.price_to / self.price_from - 1.0
