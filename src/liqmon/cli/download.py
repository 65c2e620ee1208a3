"""``liqmon download``."""

from typing import Annotated

import typer

from liqmon.cli.options import (
    ArchiveOption,
    ConfigOption,
    JsonOption,
    LogFileOption,
    OneExchangeOption,
    QuietOption,
    SymbolsArgument,
    TimeframeOption,
    VerboseOption,
)

__all__ = ["download"]


def download(
    symbols: SymbolsArgument = None,
    *,
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

    They are kept in the archive. Only what is not there yet is fetched, so a download
    that was stopped goes on where it was. The days before SINCE that tell what is usual
    come along.
    """
    from liqmon.cli.asked import Asked
    from liqmon.cli.downloading import run_download

    asked = Asked(
        symbols=tuple(symbols or ()),
        config=config,
        flags={
            "exchange.ids": [exchange] if exchange else None,
            "watch.timeframe": timeframe,
            "log.file": log_file,
        },
        verbose=verbose,
        quiet=quiet,
    )
    raise typer.Exit(
        run_download(asked, since_text=since, archive=archive, as_json=as_json)
    )
