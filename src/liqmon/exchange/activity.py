"""How much is traded and held open in each market, as far as the exchange tells.

A figure that is missing or makes no sense is unknown, never zero.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from liqmon.core.model import Market
from liqmon.errors import FeedUnavailable
from liqmon.exchange.catalogue import venue

__all__ = ["Activity", "activities", "with_open_interests"]


@dataclass(frozen=True, slots=True)
class Activity:
    """Of the last 24 hours and of now, in units of the quote currency; None: unknown.

    ``price`` is the last one.
    """

    volume: float | None = None
    open_interest: float | None = None
    price: float | None = None


def activities(tickers: object, markets: Iterable[Market]) -> dict[str, Activity]:
    """Return what ccxt's tickers say of these markets, by symbol.

    Raises:
        FeedUnavailable: the answer holds no ticker of any of them.
    """
    rows = tickers if isinstance(tickers, dict) else {}
    found = {
        market.symbol: _activity(row, market)
        for market in markets
        if isinstance(row := rows.get(market.symbol), dict)
    }
    if not found:
        raise FeedUnavailable("the answer holds no tickers")
    return found


def with_open_interests(
    known: Mapping[str, Activity], answers: object, markets: Iterable[Market]
) -> dict[str, Activity]:
    """Return the same with what ccxt's open interests say, by symbol."""
    rows = answers if isinstance(answers, dict) else {}
    merged = dict(known)
    for market in markets:
        row, before = rows.get(market.symbol), known.get(market.symbol, Activity())
        if isinstance(row, dict):
            interest = _interest_told(row, before.price, market)
            merged[market.symbol] = replace(before, open_interest=interest)
    return merged


def _activity(ticker: Mapping[str, Any], market: Market) -> Activity:
    price = next(
        (
            found
            for name in ("last", "close", "markPrice")
            if (found := _number(ticker.get(name)))
        ),
        None,
    )
    info = ticker.get("info")
    raw = info if isinstance(info, dict) else {}
    return Activity(
        volume=_volume(ticker, raw, price, market),
        open_interest=_interest_of_ticker(raw, price, market),
        price=price,
    )


def _volume(
    ticker: Mapping[str, Any],
    raw: Mapping[str, Any],
    price: float | None,
    market: Market,
) -> float | None:
    known = venue(market.exchange)
    quote = _number(ticker.get("quoteVolume"))
    if quote is not None:
        return quote
    if known.ticker_volume:
        return _times(_number(raw.get(known.ticker_volume)), price)
    base = _times(_number(ticker.get("baseVolume")), price)
    return _times(base, market.contract_size if known.volume_in_contracts else 1.0)


def _interest_of_ticker(
    raw: Mapping[str, Any], price: float | None, market: Market
) -> float | None:
    """Return the open interest where the venue puts it into its tickers."""
    told = venue(market.exchange).ticker_interest
    if told is None:
        return None
    amount = _number(raw.get(told.name))
    match told.unit:
        case "quote":
            return amount
        case "base":
            return _times(amount, price)
        case "contracts":
            return _times(_times(amount, market.contract_size), price)


def _interest_told(
    row: Mapping[str, Any], price: float | None, market: Market
) -> float | None:
    value = _number(row.get("openInterestValue"))
    if value is not None:
        return value
    amount = _number(row.get("openInterestAmount"))
    size = market.contract_size if venue(market.exchange).interest_in_contracts else 1.0
    return _times(_times(amount, size), price)


def _times(amount: float | None, factor: float | None) -> float | None:
    return None if amount is None or factor is None else amount * factor


def _number(value: object) -> float | None:
    """Return a finite number that is not negative; strings of digits count."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0.0 else None
