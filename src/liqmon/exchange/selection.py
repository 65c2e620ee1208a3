"""Which markets are watched, and why: named, the most active ones, or all.

What is ranked are the active linear perpetuals in the currency that most of an
exchange's are settled in (USDT on most, USDC on some): one coin in two currencies would
only take the place of another coin.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from liqmon.core.model import Market
from liqmon.errors import UnknownSymbol
from liqmon.exchange.activity import Activity
from liqmon.exchange.symbols import QUOTES, Listing

__all__ = ["By", "Pick", "Wanted", "candidates", "picked", "shortlist"]

log = logging.getLogger(__name__)

By: TypeAlias = Literal["volume", "oi"]

_SHORTLIST: Final = 1.5
"""Markets looked at for each one wanted, where open interest is told one by one: who
holds much open without trading much is not among the wanted ones."""

_MOST_ALONE: Final = 750
"""Markets whose open interest is asked for one by one."""


_UNKNOWN: Final = Activity()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: ``named`` markets and the ``top`` ones, or all."""

    named: tuple[str, ...] = ()
    top: int | None = None
    by: By = "volume"
    all: bool = False
    exclude: tuple[str, ...] = ()

    @property
    def is_ranked(self) -> bool:
        """Whether the answer depends on what the exchange tells of its markets."""
        return self.all or self.top is not None


@dataclass(frozen=True, slots=True)
class Pick:
    """One market that was asked for. ``rank`` counts from 1 among all candidates.

    ``excluded_by`` is the text that keeps it from being watched, '' if it is watched.
    """

    market: Market
    why: str
    rank: int | None = None
    activity: Activity = _UNKNOWN
    excluded_by: str = ""


def candidates(listings: Iterable[Listing]) -> tuple[Market, ...]:
    """Return what is ranked, in no particular order."""
    linear = [
        each
        for each in listings
        if each.active
        and not each.market.inverse
        and each.settle == each.market.quote
        and each.settle in QUOTES
    ]
    counts = Counter(each.settle for each in linear)
    usual = max(QUOTES, key=lambda quote: (counts[quote], -QUOTES.index(quote)))
    return tuple(each.market for each in linear if each.settle == usual)


def shortlist(
    wanted: Wanted, markets: Iterable[Market], known: Mapping[str, Activity]
) -> tuple[Market, ...]:
    """Return the markets worth asking about one by one, by volume."""
    ranked = _ranked(markets, known, "volume")
    most = len(ranked) if wanted.top is None else math.ceil(wanted.top * _SHORTLIST)
    return tuple(ranked[: min(most + len(wanted.exclude), _MOST_ALONE)])


def picked(
    wanted: Wanted,
    markets: Sequence[Market],
    known: Mapping[str, Activity],
    find: Callable[[str], Market],
) -> tuple[Pick, ...]:
    """Return what is watched and what is excluded: the named ones, then by rank.

    ``find`` raises UnknownSymbol for a named market that does not exist.
    """
    ranked = _ranked(markets, known, wanted.by) if known else []
    ranks = {market: rank for rank, market in enumerate(ranked, start=1)}
    excluded = _excluded(wanted.exclude, find)
    named = [find(text) for text in wanted.named]
    whys = dict.fromkeys(named, "named")
    whys |= {
        market: why
        for market, why in _by_rank(wanted, ranked, excluded).items()
        if market not in whys
    }
    return tuple(
        Pick(
            market,
            why,
            ranks.get(market),
            known.get(market.symbol, _UNKNOWN),
            excluded.get(market, ""),
        )
        for market, why in whys.items()
    )


def _by_rank(
    wanted: Wanted, ranked: Sequence[Market], excluded: Mapping[Market, str]
) -> dict[Market, str]:
    """Return why each is picked by its rank; excluded ones do not use up a place."""
    if wanted.all:
        return dict.fromkeys(ranked, "all")
    whys: dict[Market, str] = {}
    left = wanted.top or 0
    for rank, market in enumerate(ranked, start=1):
        if left == 0:
            break
        left -= market not in excluded
        whys[market] = f"top {rank} by {wanted.by}"
    return whys


def _excluded(texts: Iterable[str], find: Callable[[str], Market]) -> dict[Market, str]:
    """Return the markets that are not watched, and the text that says so of each."""
    found: dict[Market, str] = {}
    for text in texts:
        try:
            found.setdefault(find(text), text)
        except UnknownSymbol as error:
            # a market that is no more must not keep a watch from starting
            log.warning("nothing to exclude: %s; %s", error, error.hint)
    return found


def _ranked(
    markets: Iterable[Market], known: Mapping[str, Activity], by: By
) -> list[Market]:
    """Return the markets, the most active first and the unknown last."""

    def place(market: Market) -> tuple[float, str]:
        activity = known.get(market.symbol, _UNKNOWN)
        size = activity.volume if by == "volume" else activity.open_interest
        return (1.0 if size is None else -size), market.symbol

    return sorted(markets, key=place)
