"""From what a run was asked for to the markets it watches, and why these."""

from collections.abc import Iterable
from dataclasses import dataclass

from liqmon.app.exchanges import exchange_from
from liqmon.app.remembered import doubts, remember
from liqmon.app.run import Run
from liqmon.clock import Clock
from liqmon.core.model import Market
from liqmon.errors import ConfigError, FeedBlocked, FeedError
from liqmon.exchange.selection import Pick, Wanted

__all__ = ["Survey", "surveyed", "wanted_of", "watched"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a run would watch on one exchange that lists ``listed`` perpetuals."""

    exchange: str
    listed: int
    picks: tuple[Pick, ...]


async def surveyed(run: Run, exchange_id: str, *, clock: Clock) -> Survey:
    """Ask an exchange what it would be watched for.

    Raises:
        UserError: something that was asked for cannot be had.
        FeedError: it did not answer.
    """
    exchange = exchange_from(run.settings, exchange_id, clock, lambda _: None)
    async with exchange:
        try:
            await exchange.open()
            remember(run, exchange, clock.now_ms())
            picks = await exchange.select(wanted_of(run), informed=True)
        except FeedBlocked:
            raise
        except FeedError as error:
            told = [f"{exchange.id} does not answer: {error}", doubts(run, exchange.id)]
            failed = FeedError("; ".join(filter(None, told)))
            failed.hint = error.hint
            raise failed from error
        return Survey(exchange.id, len(exchange.listings), picks)


def wanted_of(run: Run) -> Wanted:
    """Return which markets a run is to watch."""
    watch = run.settings.watch
    return Wanted(
        named=run.symbols,
        top=watch.top,
        by=watch.by,
        all=watch.all,
        exclude=watch.exclude,
    )


def watched(picks: Iterable[Pick]) -> tuple[Market, ...]:
    """Return the markets that are not excluded.

    Raises:
        ConfigError: there is none.
    """
    markets = tuple(pick.market for pick in picks if not pick.excluded_by)
    if not markets:
        raise ConfigError(
            "no market is left to watch",
            hint="[watch] exclude or --exclude takes away all that were asked for",
        )
    return markets
