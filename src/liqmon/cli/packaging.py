"""``liqmon packaging``: what is needed to run it for good, ready to be copied."""

from enum import StrEnum
from typing import Annotated, Final

import typer

__all__ = ["FILES", "Piece", "packaging"]


class Piece(StrEnum):
    """What can be printed."""

    SYSTEMD = "systemd"
    TIMER = "timer"
    ONESHOT = "oneshot"
    CRON = "cron"
    DOCKER = "docker"
    ALERTS = "alerts"
    GRAFANA = "grafana"


_USUAL_PLACE: Final = "/usr/local/bin/liqmon"

FILES: Final = {
    Piece.SYSTEMD: "liqmon.service",
    Piece.TIMER: "liqmon-check.timer",
    Piece.ONESHOT: "liqmon-check.service",
    Piece.CRON: "crontab",
    Piece.DOCKER: "Dockerfile",
    Piece.ALERTS: "alerts.yml",
    Piece.GRAFANA: "grafana.json",
}


def packaging(
    piece: Annotated[
        Piece,
        typer.Argument(
            metavar="PIECE",
            help="systemd: the unit of watch; timer, oneshot: check every minute; "
            "cron: the same as a crontab line; docker: a Dockerfile; alerts, grafana: "
            "for Prometheus.",
        ),
    ],
) -> None:
    """Print a systemd unit, a Dockerfile and the like."""
    from importlib.resources import files

    text = (files("liqmon") / "packaging" / FILES[piece]).read_text()
    if piece is Piece.CRON:
        # yours runs this very program; a service has no part in anybody's home
        text = text.replace(_USUAL_PLACE, _program())
    typer.echo(text, nl=False)


def _program() -> str:
    """Return where this liqmon is, as a shell reads it."""
    import shlex
    import sys
    from pathlib import Path

    place = Path(sys.executable).with_name("liqmon")
    return shlex.quote(str(place)) if place.is_file() else _USUAL_PLACE
