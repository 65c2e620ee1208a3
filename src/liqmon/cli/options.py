"""Options that several commands share, so that they read the same everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from liqmon.cli.completion import markets_like
from liqmon.cli.durations import seconds

__all__ = [
    "AllMarketsOption",
    "AllowVolatileOption",
    "ArchiveOption",
    "AsciiOption",
    "ByOption",
    "ConfigOption",
    "DryRunOption",
    "ExchangeOption",
    "ExcludeOption",
    "ForOption",
    "JsonOption",
    "LogFileOption",
    "MetricsOption",
    "OneExchangeOption",
    "PlainOption",
    "QuietOption",
    "StateDirOption",
    "SymbolsArgument",
    "ThresholdOption",
    "TimeframeOption",
    "TopOption",
    "VerboseOption",
]

SymbolsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Perpetuals, such as BTCUSDT; else those of the settings.",
        autocompletion=markets_like,
        metavar="SYMBOL",
        show_default=False,
    ),
]

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings file; replaces the usual places.", metavar="FILE"
    ),
]

StateDirOption = Annotated[
    Path | None,
    typer.Option(
        "--state-dir", help="Where findings and cool-downs are kept.", metavar="DIR"
    ),
]

ExchangeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exchange",
        help="Exchange, by the name ccxt gives it; may be repeated.",
        metavar="ID",
        show_default=False,
    ),
]

OneExchangeOption = Annotated[
    str | None,
    typer.Option(
        "--exchange",
        help="Exchange, by the name ccxt gives it; else the first of the settings.",
        metavar="ID",
        show_default=False,
    ),
]

ArchiveOption = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        help="Where downloaded candles are; else $LIQMON_ARCHIVE or your data folder.",
        metavar="DIR",
        show_default=False,
    ),
]

TopOption = Annotated[
    int | None,
    typer.Option(
        "--top",
        help="Also the N most active linear perpetuals.",
        metavar="N",
        min=1,
        max=1000,
        show_default=False,
    ),
]


class _By(StrEnum):
    VOLUME = "volume"
    OI = "oi"


ByOption = Annotated[
    _By | None,
    typer.Option(
        "--by",
        help="Most active by volume (24 h) or oi, open interest.",
        show_default=False,
    ),
]

AllMarketsOption = Annotated[
    bool, typer.Option("--all", help="Every linear perpetual of the exchange.")
]

ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        help="Leave this market out; may be repeated.",
        autocompletion=markets_like,
        metavar="SYMBOL",
        show_default=False,
    ),
]

TimeframeOption = Annotated[
    str | None,
    typer.Option("--timeframe", help="Candles to judge: 1m or 5m.", metavar="TF"),
]

ThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--threshold", help="Score that counts as a cascade.", show_default=False
    ),
]

ForOption = Annotated[
    float | None,
    typer.Option(
        "--for",
        help="Stop by itself after 30s, 5m, 2h ...",
        metavar="DURATION",
        parser=seconds,
        show_default=False,
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]

PlainOption = Annotated[
    bool, typer.Option("--plain", help="Write lines instead of a live table.")
]

AsciiOption = Annotated[
    bool, typer.Option("--ascii", help="Write nothing but ASCII characters.")
]

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Send nothing and keep nothing on disk.")
]

AllowVolatileOption = Annotated[
    bool,
    typer.Option(
        "--allow-volatile",
        help="Run from memory if the state directory cannot be used.",
    ),
]

VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Log more; twice for every step.",
        show_default=False,
    ),
]

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Log errors only.")]

LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", help="Append diagnostics to this file.", metavar="FILE"),
]

MetricsOption = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        help="Serve /metrics and /healthz here, such as 127.0.0.1:9464.",
        metavar="ADDRESS",
        show_default=False,
    ),
]
