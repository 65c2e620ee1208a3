"""``liqmon demo``."""

from enum import StrEnum
from typing import Annotated

import typer

from liqmon.cli.options import (
    AsciiOption,
    ForOption,
    JsonOption,
    LogFileOption,
    PlainOption,
    QuietOption,
    TimeframeOption,
    VerboseOption,
)
from liqmon.cli.sim import DataOption, FaultOption, MoreData, SeedOption, StartOption

__all__ = ["demo"]


class _Venue(StrEnum):
    """The exchanges whose language the demo's own one speaks."""

    BYBIT = "bybit"
    BINANCEUSDM = "binanceusdm"


def demo(
    files: MoreData = None,
    *,
    data: DataOption = None,
    seed: SeedOption = None,
    start: StartOption = None,
    speed: Annotated[
        float,
        typer.Option("--speed", help="Market time runs so many times faster.", min=1.0),
    ] = 60.0,
    fault: FaultOption = None,
    exchange: Annotated[
        _Venue, typer.Option("--exchange", help="Whose language is spoken.")
    ] = _Venue.BYBIT,
    timeframe: TimeframeOption = "1m",
    for_s: ForOption = None,
    as_json: JsonOption = False,
    plain: PlainOption = False,
    ascii_only: AsciiOption = False,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Show all of it in a minute, without network or webhook.

    A cascade is found and delivered while a session is closed and Discord is down.
    Exits with 0 only if every finding was delivered, else with 4.
    """
    from liqmon.cli.asked import Asked
    from liqmon.cli.demonstrating import Play, run_demo

    play = Play(
        data=(*(data or ()), *(files or ())),
        start=start,
        seed=seed,
        speed=speed,
        faults=tuple(fault or ()),
        exchange=exchange.value,
        timeframe=timeframe or "1m",
        for_s=for_s,
    )
    asked = Asked(flags={"log.file": log_file}, verbose=verbose, quiet=quiet)
    code = run_demo(play, asked, as_json=as_json, plain=plain, ascii_only=ascii_only)
    raise typer.Exit(code)
