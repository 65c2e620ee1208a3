"""What an exchange is asked before its markets can be ranked: as few calls as it takes.

One call brings the volumes of all markets. Open interest comes with them on some
venues, in one more call on others; elsewhere each market is asked about by itself, and
only those that may be among the wanted ones.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from liqmon.core.model import Market
from liqmon.errors import FeedError, UserError
from liqmon.exchange.activity import Activity, activities, with_open_interests
from liqmon.exchange.calls import Calls
from liqmon.exchange.catalogue import venue
from liqmon.exchange.retry import Call
from liqmon.exchange.selection import Wanted, shortlist

__all__ = ["Teller", "ranking"]


class Teller(Protocol):
    """Whoever asks ccxt: unchecked answers, and it raises whatever ccxt does."""

    def offers(self, what: str) -> bool:
        """Whether ccxt has this method for the exchange."""
        ...

    async def tickers(self, symbols: Sequence[str]) -> object: ...

    async def open_interests(self, symbols: Sequence[str]) -> object: ...

    async def open_interest(self, symbol: str) -> object: ...


async def ranking(
    teller: Teller, calls: Calls, wanted: Wanted, markets: Sequence[Market]
) -> Mapping[str, Activity]:
    """Return what is known of the markets, by symbol.

    Raises:
        UserError: the exchange does not tell what they are to be ranked by.
        FeedError: it did not answer.
    """
    if not markets:
        raise UserError("there are no linear perpetuals to rank", hint="name a market")
    exchange = markets[0].exchange
    if not teller.offers("fetchTickers"):
        raise UserError(
            f"{exchange} does not tell the volume of its markets",
            hint="name the markets to watch instead of --top or --all",
        )
    symbols = [market.symbol for market in markets]

    async def ask() -> dict[str, Activity]:
        return activities(await teller.tickers(symbols), markets)

    known = await calls.make(Call("", exchange), ask)
    if wanted.by == "volume":
        return known
    return await _with_interest(teller, calls, wanted, markets, known)


async def _with_interest(
    teller: Teller,
    calls: Calls,
    wanted: Wanted,
    markets: Sequence[Market],
    known: Mapping[str, Activity],
) -> Mapping[str, Activity]:
    exchange = markets[0].exchange
    if venue(exchange).ticker_interest is not None:
        return known
    if teller.offers("fetchOpenInterests"):
        symbols = [market.symbol for market in markets]

        async def ask() -> dict[str, Activity]:
            told = await teller.open_interests(symbols)
            return with_open_interests(known, told, markets)

        return await calls.make(Call("", exchange), ask)
    if teller.offers("fetchOpenInterest"):
        few = shortlist(wanted, markets, known)
        return with_open_interests(known, await _one_by_one(teller, calls, few), few)
    raise UserError(
        f"{exchange} does not tell open interest", hint="use --by volume instead"
    )


async def _one_by_one(
    teller: Teller, calls: Calls, markets: Sequence[Market]
) -> dict[str, object]:
    """Return the open interest of each that could be had, at the pace it allows.

    Raises:
        FeedError: there was none at all.
    """
    told: dict[str, object] = {}
    failures: list[FeedError] = []

    async def one(market: Market) -> None:
        name = f"open interest of {market.name} on {market.exchange}"
        call = Call(market.symbol, name)
        try:
            told[market.symbol] = await calls.make(
                call, lambda: teller.open_interest(market.symbol)
            )
        except FeedError as error:
            failures.append(error)

    async with asyncio.TaskGroup() as tasks:
        for market in markets:
            tasks.create_task(one(market), name=f"open interest of {market.symbol}")
    if failures and not told:
        raise failures[0]
    return told
