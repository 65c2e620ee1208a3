"""What an exchange listed when it last answered: kept, and asked when it does not."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from liqmon.app.market_lists import Kept, KeptList, keep_list, kept_list, list_path
from liqmon.app.run import Run
from liqmon.core.model import Market
from liqmon.errors import UnknownSymbol
from liqmon.exchange.client import Exchange
from liqmon.exchange.symbols import Listing, Symbols

__all__ = ["doubts", "remember"]

log = logging.getLogger(__name__)

_FRESH_MS: Final = 6 * 3_600_000
"""A younger list is not written anew: a cron job opens an exchange every minute."""


def remember(run: Run, exchange: Exchange, now_ms: int) -> None:
    """Keep what the exchange lists, if the run keeps anything; never fails."""
    path = _path(run, exchange.id)
    if path is None:
        return
    try:
        if path.exists() and now_ms - path.stat().st_mtime * 1000 < _FRESH_MS:
            return
        markets = tuple(map(_kept, exchange.listings))
        keep_list(path, KeptList(exchange.id, now_ms, markets))
    except OSError as error:
        log.info("the list of markets is not kept: %s", error.strerror)


def doubts(run: Run, exchange_id: str) -> str:
    """Return what an earlier list says against the markets of a run, '' if nothing."""
    path = _path(run, exchange_id)
    kept = None if path is None else kept_list(path)
    if kept is None:
        return ""
    symbols = Symbols(kept.exchange, _listings(kept))
    said = [*_unknown(symbols, run.symbols)]
    if not said:
        return ""
    day = datetime.fromtimestamp(kept.at_ms / 1000, tz=UTC)
    return f"by its list of {day:%Y-%m-%d}, {'; '.join(said)}"


def _unknown(symbols: Symbols, texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        try:
            symbols.find(text)
        except UnknownSymbol as error:
            yield f"{error} ({error.hint})"


def _path(run: Run, exchange_id: str) -> Path | None:
    if run.cache_dir is None:
        return None
    embedded = run.settings.exchange.base_url is not None
    return list_path(run.cache_dir, exchange_id, embedded=embedded)


def _kept(listing: Listing) -> Kept:
    market = listing.market
    return Kept(
        name=market.name,
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        settle=listing.settle,
        id=listing.id,
        inverse=market.inverse,
        active=listing.active,
    )


def _listings(kept: KeptList) -> Iterable[Listing]:
    for one in kept.markets:
        market = Market(
            kept.exchange, one.symbol, one.base, one.quote, inverse=one.inverse
        )
        yield Listing(market, one.id, one.settle, one.active)
