"""``liqmon sim``: two exchanges and a Discord on loopback, until it is stopped."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from liqmon.sim.markets import Markets
    from liqmon.sim.plan import FaultPlan

__all__ = [
    "DataOption",
    "FaultOption",
    "MoreData",
    "SeedOption",
    "SpeedOption",
    "StartOption",
    "markets",
    "sim",
]

DataOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="Candle files to replay (.csv, .csv.gz, .zip); the name tells the market.",
        metavar="FILE...",
    ),
]

MoreData = Annotated[
    list[Path] | None,
    typer.Argument(
        help="More files for --data, so that --data *.zip works.",
        metavar="FILE",
        show_default=False,
    ),
]

SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", help="Generate markets from this number (default 1).", min=0
    ),
]

StartOption = Annotated[
    str | None,
    typer.Option(
        "--start",
        help="Exchange time at the start, ISO (UTC) or epoch; default: the first "
        "candle + 72 h.",
        metavar="TIME",
    ),
]

SpeedOption = Annotated[
    float,
    typer.Option(
        "--speed", help="Exchange time runs so many times faster.", min=0.001, max=1e5
    ),
]

FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        help="What goes wrong and when, in seconds: http-503@10+5, hang@3+4:BTCUSDT, "
        "discord-500. May be given more than once; a wrong name lists them all.",
        metavar="NAME[@START[+SECONDS]][:SYMBOL]",
    ),
]


def sim(
    files: MoreData = None,
    *,
    data: DataOption = None,
    seed: SeedOption = None,
    start: StartOption = None,
    speed: SpeedOption = 1.0,
    fault: FaultOption = None,
    port: Annotated[
        int, typer.Option("--port", help="0 takes any free one.", min=0, max=65_535)
    ] = 0,
) -> None:
    """Serve two exchanges and a strict Discord on loopback.

    Prints one JSON line with the addresses when ready, and serves until it is stopped.
    """
    from liqmon.cli.errors import ExitCode
    from liqmon.cli.running import Signals, run
    from liqmon.clock import SystemClock
    from liqmon.sim.plan import FaultPlan
    from liqmon.sim.server import SimServer

    plan = FaultPlan.parse(fault or ())
    _check_process(plan)
    served = markets([*(data or ()), *(files or ())], seed=seed, start=start)

    async def serve(signals: Signals) -> None:
        async with SimServer(
            markets=served, clock=SystemClock(), speed=speed, plan=plan, port=port
        ) as server:
            typer.echo(json.dumps(server.ready()))
            await signals.stop.wait()

    if run(serve).signal is signal.SIGTERM:
        raise typer.Exit(ExitCode.TERMINATED)


def markets(files: list[Path], *, seed: int | None, start: str | None) -> "Markets":
    """Return the markets that the options ask for.

    Raises:
        UserError: they contradict each other, or a file cannot be used.
    """
    from liqmon.cli.moments import moment_ms
    from liqmon.errors import UserError
    from liqmon.sim.generated import START_MS, generated
    from liqmon.sim.markets import recorded

    if files and seed is not None:
        raise UserError(
            "--data and --seed: markets are either recorded or generated",
            hint="leave out one of them",
        )
    start_ms = None if start is None else moment_ms(start, option="--start")
    if files:
        return recorded(files, start_ms=start_ms)
    return generated(
        1 if seed is None else seed,
        start_ms=START_MS if start_ms is None else start_ms,
    )


def _check_process(plan: "FaultPlan") -> None:
    from liqmon.errors import UserError
    from liqmon.sim.plan import SESSION_CLOSED

    if plan.moments(SESSION_CLOSED):
        raise UserError(
            f"--fault {SESSION_CLOSED}: a server cannot close its client's session",
            hint="only liqmon demo can do that: it runs both",
        )
