"""Where a run is seen: a live table, plain lines, or NDJSON.

Import it inside a command: it brings rich and numpy.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from liqmon.cli.output import LineWriter, Unbuffered
from liqmon.cli.remembering import remember, remembered
from liqmon.clock import Clock
from liqmon.core.events import Event
from liqmon.logs import Tail
from liqmon.monitor.bulletin import Bulletin
from liqmon.ui.controls import Controls
from liqmon.ui.figures import time_of_day
from liqmon.ui.lines import stamped, status_line
from liqmon.ui.live import LiveView, is_ascii_only, usable
from liqmon.ui.ndjson import dumps

__all__ = ["Surface", "chosen", "logs_to_terminal", "shown"]


_FIRST_STATUS_S: Final = 5.0
"""Whoever starts a watch in a pipe wants to see soon that it works."""


class Surface(StrEnum):
    """The three ways to look at a run."""

    TABLE = "table"
    LINES = "lines"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a run is to be shown; ``status_s`` is between status lines.

    ``tail`` is the log's, for the table's pane; ``memory`` keeps how the table looked.
    """

    surface: Surface
    ascii_only: bool
    status_s: float
    tail: Tail = field(default_factory=Tail)
    memory: Path | None = None


def chosen(*, as_json: bool, plain: bool) -> Surface:
    """Return the surface for what was asked and what standard output is."""
    if as_json:
        return Surface.NDJSON
    if plain or not usable(sys.stdout, os.environ):
        return Surface.LINES
    return Surface.TABLE


def logs_to_terminal(surface: Surface) -> bool:
    """Return whether diagnostics may go to standard error.

    Never under a table, and not between lines that tell the same.
    """
    match surface:
        case Surface.TABLE:
            return False
        case Surface.LINES:
            return not _is_one_place()
        case Surface.NDJSON:
            return True


@asynccontextmanager
async def shown(
    how: Shown, bulletin: Bulletin, *, clock: Clock, controls: Controls
) -> AsyncIterator[None]:
    """Show the bulletin until the block ends; ``controls`` are called on the loop."""
    if how.surface is Surface.TABLE:
        with LiveView(
            lambda: bulletin.snapshot,
            controls=controls,
            clock=clock,
            log_lines=lambda: how.tail.lines,
            look=remembered(how.memory),
            ascii_only=how.ascii_only or is_ascii_only(sys.stdout),
        ) as view:
            yield
        remember(view.look, how.memory)
        return
    written: Callable[[Event], str] = (
        dumps if how.surface is Surface.NDJSON else stamped
    )
    loop = asyncio.get_running_loop()

    def on_broken() -> None:
        loop.call_soon_threadsafe(controls.quit)

    lines = LineWriter(Unbuffered(sys.stdout), on_broken)
    with (
        lines,
        bulletin.listening(lambda event: lines.write(written(event)), "the output"),
    ):
        async with asyncio.TaskGroup() as tasks:
            status = tasks.create_task(_status(how, bulletin, clock, lines))
            yield
            status.cancel()


async def _status(
    how: Shown, bulletin: Bulletin, clock: Clock, lines: LineWriter
) -> None:
    wait_s = min(how.status_s, _FIRST_STATUS_S)
    while how.surface is Surface.LINES:
        await clock.sleep(wait_s)
        wait_s = how.status_s
        told = status_line(bulletin.snapshot, now_mono=clock.monotonic())
        lines.write(f"{time_of_day(clock.now_ms())}  {told}")


def _is_one_place() -> bool:
    """Tell whether standard output and standard error end up in the same file."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except OSError:
        return False
