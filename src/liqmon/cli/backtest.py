"""``liqmon backtest``."""

from enum import StrEnum
from typing import Annotated

import typer

from liqmon.cli.options import (
    ArchiveOption,
    ConfigOption,
    JsonOption,
    OneExchangeOption,
    SymbolsArgument,
    ThresholdOption,
    TimeframeOption,
)
from liqmon.cli.recorded import ChartOption, FilesOption

__all__ = ["backtest"]


class _Rule(StrEnum):
    SURGE = "surge"
    VOLUME_RETURN = "volume-return"
    ZSCORE = "zscore"
    ATR = "atr"


def backtest(
    symbols: SymbolsArgument = None,
    *,
    data: FilesOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="How far back from the newest candle: 90d, or a time (UTC).",
            metavar="SINCE",
            show_default="all there is",
        ),
    ] = None,
    rule: Annotated[
        _Rule,
        typer.Option("--rule", help="Liqmon's own, or one that people use today."),
    ] = _Rule.SURGE,
    threshold: ThresholdOption = None,
    exchange: OneExchangeOption = None,
    timeframe: TimeframeOption = None,
    archive: ArchiveOption = None,
    chart: ChartOption = None,
    as_json: JsonOption = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Every bar that fires, without episodes and cool-downs."
        ),
    ] = False,
    key: Annotated[
        bool,
        typer.Option(
            "--key", help="Write into each JSON line which file it comes from."
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            help="Processes at a time.",
            min=1,
            show_default="one per processor",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Show what would have been found, and what followed.

    Without SYMBOL, and if the settings name none, all that the archive has (see liqmon
    download); of files, all. A market's first day is not judged: it tells what is
    usual.
    """
    import os

    from liqmon.cli.backtesting import Wish, run_backtest
    from liqmon.cli.configured import loaded
    from liqmon.cli.recorded import Recorded

    run_backtest(
        Wish(
            Recorded(
                words=tuple(symbols or ()),
                data=tuple(data or ()),
                archive=archive,
                exchange=exchange,
                timeframe=timeframe,
            ),
            since=since,
            rule=rule.value,
            threshold=threshold,
            raw=raw,
            as_json=as_json,
            key=key,
            chart=chart,
            jobs=jobs or os.cpu_count() or 1,
        ),
        loaded(config).settings,
    )
