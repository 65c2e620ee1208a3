"""What the user typed to the right perpetual, or an error that suggests one.

Never through ccxt's ``market()``: that one guesses, prefers spot, and takes ``0`` for
bitcoin where ids are numbers.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from liqmon.core.model import Market
from liqmon.errors import UnknownSymbol

__all__ = ["QUOTES", "Listing", "Match", "Symbols", "perpetuals", "spot_pairs"]

QUOTES: Final = ("USDT", "USDC", "USD")
"""In the order of preference where the text leaves the quote open."""

_MULTIPLIERS: Final = ("1000000", "10000", "1000", "1M")

_ELSE: Final = (
    "spot markets, dated futures and what was delisted are not watched; "
    "liqmon symbols --all lists what is"
)

_KILO: Final = frozenset({"BONK", "DOGS", "FLOKI", "LUNC", "NEIRO", "PEPE", "SHIB"})
"""Coins that some venues (hyperliquid, lighter) list by the thousand as ``kPEPE``.

A list, because ``K`` before any coin would take AVA for KAVA.
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """A perpetual as its exchange lists it; ``id`` is the exchange's own name."""

    market: Market
    id: str
    settle: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """The market a text means, and what the user should know about it."""

    market: Market
    note: str = ""


def perpetuals(
    exchange: str, markets: Mapping[str, Mapping[str, Any]]
) -> tuple[Listing, ...]:
    """Return the perpetuals among ccxt's markets.

    What lacks a name is passed over, and so is a name with invisible signs or half
    characters: nobody can type it, and a database cannot hold it.
    """
    return tuple(_listings(exchange, markets.values()))


def spot_pairs(markets: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the normalised names of the spot markets, where any were loaded."""
    return frozenset(
        _plain(str(market.get("symbol")))
        for market in markets.values()
        if market.get("spot") is True
    )


def _listings(exchange: str, markets: Iterable[Mapping[str, Any]]) -> Iterator[Listing]:
    for market in markets:
        names = [market.get(name) for name in ("symbol", "base", "quote", "id")]
        symbol, base, quote, market_id = (str(name or "") for name in names)
        if market.get("swap") is not True or not (symbol and base and quote):
            continue
        if not f"{symbol}{base}{quote}".isprintable():
            continue
        yield Listing(
            Market(
                exchange,
                symbol,
                base,
                quote,
                inverse=market.get("inverse") is True,
                contract_size=_contract_size(market.get("contractSize")),
            ),
            market_id,
            str(market.get("settle") or quote),
            market.get("active") is not False,
        )


def _contract_size(size: object) -> float:
    usable = isinstance(size, (int, float)) and math.isfinite(size) and size > 0
    return float(size) if usable and isinstance(size, (int, float)) else 1.0


class Symbols:
    """An index over the perpetuals of one exchange."""

    def __init__(
        self,
        exchange: str,
        listings: Iterable[Listing],
        *,
        spot: frozenset[str] = frozenset(),
    ) -> None:
        self._exchange = exchange
        self._listings = tuple(sorted(listings, key=_rank))
        self._spot = spot
        self._by_symbol = {each.market.symbol: each for each in self._listings}
        self._by_id = _grouped(self._listings, lambda listing: [listing.id])
        active = [listing for listing in self._listings if listing.active]
        self._by_key = _grouped(active, _keys)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """All of them, the active and most usual first."""
        return self._listings

    def find(self, text: str) -> Match:
        """Return the perpetual that ``text`` names.

        Raises:
            UnknownSymbol: there is none; a quote currency is never swapped for another.
        """
        text = text.strip()
        key, settle = _plain(text.partition(":")[0]), text.partition(":")[2].upper()
        if not key or key.isdigit():
            raise self._unknown(text, key)
        exact = self._by_symbol.get(text) or self._by_symbol.get(text.upper())
        if exact is not None:
            return Match(exact.market)
        named = self._by_id.get(text) or self._settled(self._by_key, key, settle)
        if named:
            return Match(named[0].market)
        many = self._multiplied(key, settle)
        if many is None:
            raise self._unknown(text, key)
        return many

    def _settled(
        self, index: Mapping[str, list[Listing]], key: str, settle: str
    ) -> list[Listing]:
        found = index.get(key, [])
        return [each for each in found if not settle or each.settle == settle]

    def _multiplied(self, key: str, settle: str) -> Match | None:
        """PEPE is listed as 1000PEPE in most places."""
        for prefix in (*_MULTIPLIERS, "K"):
            for listing in self._settled(self._by_key, prefix + key, settle):
                market = listing.market
                if prefix == "K" and _plain(market.base)[1:] not in _KILO:
                    continue
                return Match(
                    market,
                    f"{market.base} is what {self._exchange} lists: prices are those of"
                    f" {_times(prefix)} {_plain(market.base)[len(prefix) :]}",
                )
        return None

    def _unknown(self, text: str, key: str) -> UnknownSymbol:
        suggestions = self._suggestions(key)
        hints = []
        if "," in text:
            hints.append("put a space between markets, not a comma")
        if key in self._spot:
            hints.append(f"{key} is a spot market there, without a perpetual")
        if suggestions:
            hints.append(f"did you mean {' or '.join(suggestions)}?")
        return UnknownSymbol(
            f"{text!r} is no perpetual on {self._exchange}",
            hint="; ".join(hints) or _ELSE,
            suggestions=suggestions,
        )

    def _suggestions(self, key: str) -> tuple[str, ...]:
        """Return up to three names: the coin in other quotes, then similar ones."""
        active = [listing for listing in self._listings if listing.active]
        names = list(dict.fromkeys(listing.market.name for listing in active))
        coin = _without_quote(key)
        others = [
            each.market.name for each in active if _plain(each.market.base) == coin
        ]
        return tuple(dict.fromkeys([*others, *_close(key, names)]))[:3]


def _close(key: str, names: Iterable[str]) -> list[str]:
    """Return similar names; a quote, which all have, makes nothing similar."""
    coin = _without_quote(key)
    if coin == key:
        return difflib.get_close_matches(key, names, n=3)
    quote = key[len(coin) :]
    coins: dict[str, str] = {}
    for name in sorted(names, key=lambda name: not name.endswith(quote)):
        coins.setdefault(_without_quote(_plain(name)), name)
    return [coins[each] for each in difflib.get_close_matches(coin, coins, n=3)]


def _rank(listing: Listing) -> tuple[bool, bool, int, str]:
    quote = listing.market.quote
    place = QUOTES.index(quote) if quote in QUOTES else len(QUOTES)
    return not listing.active, listing.market.inverse, place, listing.market.symbol


def _grouped(
    listings: Iterable[Listing], keys: Callable[[Listing], Iterable[str]]
) -> dict[str, list[Listing]]:
    index: dict[str, list[Listing]] = {}
    for listing in listings:
        for key in dict.fromkeys(keys(listing)):
            index.setdefault(key, []).append(listing)
    return index


def _keys(listing: Listing) -> Iterator[str]:
    market = listing.market
    base, pair = _plain(market.base), _plain(market.base) + _plain(market.quote)
    spellings = (
        _plain(market.symbol),
        _plain(listing.id),
        base,
        pair,
        pair + _plain(listing.settle),
        *(pair + suffix for suffix in ("PERP", "SWAP", "P")),
        f"{base}PERP",
    )
    # an id of digits only is the index of something, never what somebody types
    yield from (key for key in spellings if key and not key.isdigit())


def _plain(text: str) -> str:
    """Return the letters and digits in upper case, bitcoin always as BTC."""
    return re.sub(r"[\W_]", "", text.upper()).replace("XBT", "BTC")


def _without_quote(key: str) -> str:
    return next((key.removesuffix(q) for q in QUOTES if key.endswith(q)), key)


def _times(prefix: str) -> str:
    return {"1M": "1000000", "K": "1000"}.get(prefix, prefix)
