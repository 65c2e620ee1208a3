"""``liqmon download``."""

from typing import Annotated

import typer

from liqmon.cli.options import (
    AllMarketsOption,
    ArchiveOption,
    ByOption,
    ConfigOption,
    ExcludeOption,
    JsonOption,
    LogFileOption,
    OneExchangeOption,
    QuietOption,
    SymbolsArgument,
    TimeframeOption,
    TopOption,
    VerboseOption,
)

__all__ = ["download"]


def download(
    symbols: SymbolsArgument = None,
    *,
    top: TopOption = None,
    by: ByOption = None,
    all_markets: AllMarketsOption = False,
    exclude: ExcludeOption = None,
    since: Annotated[
        str,
        typer.Option(
            "--since", help="How far back: 90d, 12h, or a time (UTC).", metavar="SINCE"
        ),
    ] = "90d",
    exchange: OneExchangeOption = None,
    timeframe: TimeframeOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Fetch candles for backtest, explain and tune.

    Only what is not in the archive yet is fetched, so a download that was stopped goes
    on where it was. The days before SINCE that tell what is usual come along.
    """
    from liqmon.cli.asked import Asked, overrides, selecting
    from liqmon.cli.downloading import run_download

    asked = Asked(
        symbols=tuple(symbols or ()),
        config=config,
        flags=overrides(
            exchange=[exchange] if exchange else None,
            timeframe=timeframe,
            threshold=None,
            log_file=log_file,
        )
        | selecting(top=top, by=by, all_markets=all_markets, exclude=exclude),
        verbose=verbose,
        quiet=quiet,
    )
    raise typer.Exit(
        run_download(asked, since_text=since, archive=archive, as_json=as_json)
    )
