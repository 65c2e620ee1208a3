"""``liqmon tune``."""

from typing import Annotated

import typer

from liqmon.cli.options import (
    ArchiveOption,
    ConfigOption,
    JsonOption,
    OneExchangeOption,
    TimeframeOption,
)
from liqmon.cli.recorded import FilesOption, OneSymbolArgument, WithOption

__all__ = ["tune"]


def tune(
    symbol: OneSymbolArgument,
    *,
    false_per_week: Annotated[
        float,
        typer.Option(
            "--false-alerts-per-week",
            help="How many alerts a week may be about nothing.",
            metavar="NUMBER",
            min=0.01,
            max=1000.0,
        ),
    ] = 1.0,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            help="How far back from the newest candle: 90d, or a time (UTC).",
            metavar="SINCE",
        ),
    ] = "90d",
    data: FilesOption = None,
    companions: WithOption = None,
    exchange: OneExchangeOption = None,
    timeframe: TimeframeOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Write the threshold into the settings file as an override."
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Find the threshold for a market on its own history.

    Shows what each threshold would have cost in alerts a week, and which of the large
    moves it would have caught.
    """
    from liqmon.cli.configured import loaded
    from liqmon.cli.recorded import Recorded
    from liqmon.cli.tuning import run_tune

    recorded = Recorded(
        words=(*symbol, *(companions or ())),
        data=tuple(data or ()),
        archive=archive,
        exchange=exchange,
        timeframe=timeframe,
    )
    run_tune(
        recorded,
        loaded(config),
        since_text=since,
        false_per_week=false_per_week,
        as_json=as_json,
        write=write,
    )
