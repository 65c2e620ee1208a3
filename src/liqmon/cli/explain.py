"""``liqmon explain``."""

from typing import Annotated

import typer

from liqmon.cli.options import (
    ArchiveOption,
    ConfigOption,
    OneExchangeOption,
    ThresholdOption,
    TimeframeOption,
)
from liqmon.cli.recorded import ChartOption, FilesOption, OneSymbolArgument, WithOption

__all__ = ["explain"]


def explain(
    symbol: OneSymbolArgument,
    *,
    at: Annotated[
        str,
        typer.Option("--at", help="The moment, ISO (UTC) or epoch.", metavar="TIME"),
    ],
    data: FilesOption = None,
    companions: WithOption = None,
    threshold: ThresholdOption = None,
    exchange: OneExchangeOption = None,
    timeframe: TimeframeOption = None,
    archive: ArchiveOption = None,
    chart: ChartOption = None,
    config: ConfigOption = None,
) -> None:
    """Show why a market was found, or was not, at one moment."""
    from liqmon.cli.configured import loaded
    from liqmon.cli.explaining import run_explain
    from liqmon.cli.recorded import Recorded

    recorded = Recorded(
        words=(*symbol, *(companions or ())),
        data=tuple(data or ()),
        archive=archive,
        exchange=exchange,
        timeframe=timeframe,
    )
    run_explain(
        recorded, loaded(config).settings, at=at, threshold=threshold, chart=chart
    )
