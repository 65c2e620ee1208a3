"""``liqmon symbols``: what would be watched, and why."""

import typer

from liqmon.cli.options import (
    AllMarketsOption,
    ByOption,
    ConfigOption,
    ExchangeOption,
    ExcludeOption,
    JsonOption,
    SymbolsArgument,
    TimeframeOption,
    TopOption,
)

__all__ = ["symbols"]


def symbols(
    symbols: SymbolsArgument = None,
    *,
    top: TopOption = None,
    by: ByOption = None,
    all_markets: AllMarketsOption = False,
    exclude: ExcludeOption = None,
    exchange: ExchangeOption = None,
    timeframe: TimeframeOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show which markets would be watched, and why each."""
    from liqmon.cli.asked import Asked, overrides, selecting
    from liqmon.cli.selected import selected

    flags = overrides(
        exchange=exchange, timeframe=timeframe, threshold=None, log_file=None
    ) | selecting(top=top, by=by, all_markets=all_markets, exclude=exclude)
    asked = Asked(symbols=tuple(symbols or ()), config=config, flags=flags)
    typer.echo("\n".join(selected(asked, as_json=as_json)))
