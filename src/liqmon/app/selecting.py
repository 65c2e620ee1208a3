"""From what a run was asked for to the markets it watches."""

from collections.abc import Iterable

from liqmon.app.run import Run
from liqmon.core.model import Market
from liqmon.errors import ConfigError
from liqmon.exchange.selection import Pick, Wanted

__all__ = ["wanted_of", "watched"]


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
