"""Durations as people type them: ``30s``, ``5m``, ``1.5h``, ``2d``."""

import re
from typing import Final

import typer

__all__ = ["seconds"]

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)


def seconds(text: str | float) -> float:
    """Return the seconds; a bare number counts seconds.

    Raises:
        typer.BadParameter: it is no duration, or none at all.
    """
    if not isinstance(text, str):
        # typer has an option's default parsed too
        return text
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise typer.BadParameter(f"{text!r} is no duration; try 30s, 5m or 2h")
    return float(match[1]) * _UNITS[match[2] or "s"]
