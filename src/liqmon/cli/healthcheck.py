"""``liqmon healthcheck``: for containers, without a network."""

from typing import Annotated

import typer

from liqmon.cli.durations import seconds
from liqmon.cli.options import StateDirOption

__all__ = ["healthcheck"]

_LEAST_S = 60.0


def healthcheck(
    *,
    max_age_s: Annotated[
        float | None,
        typer.Option(
            "--max-age",
            help="Age of the newest data that is still healthy.",
            metavar="DURATION",
            parser=seconds,
            show_default="60s, or three intervals",
        ),
    ] = None,
    state_dir: StateDirOption = None,
) -> None:
    """Tell whether a watch scans and gets data: 0 or 1."""
    import os

    from liqmon.clock import SystemClock
    from liqmon.monitor.lastscan import mark_in
    from liqmon.settings.places import state_dir as place_of

    directory = place_of(state_dir, os.environ)
    mark = mark_in(directory)
    if mark is None:
        typer.echo(
            f"unhealthy: no scan has left its mark in {directory}; does a watch keep "
            "its state there?"
        )
        raise typer.Exit(1)
    limit_s = max_age_s or max(_LEAST_S, 3 * mark.interval_s)
    is_good, told = mark.verdict(now_ms=SystemClock().now_ms(), limit_s=limit_s)
    typer.echo(told)
    raise typer.Exit(0 if is_good else 1)
