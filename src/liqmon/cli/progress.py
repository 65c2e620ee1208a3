"""A bar on the terminal for what takes a while: what, how much, how long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bars,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from liqmon.app.download import Progress

__all__ = ["Tell", "progress"]

Tell: TypeAlias = Callable[[Progress], None]

_HERTZ: Final = 4


@contextmanager
def progress(stream: TextIO, timeframe: str) -> Iterator[Tell]:
    """Yield what to tell of progress; without a terminal nobody is shown any."""
    if not stream.isatty():
        yield lambda _: None
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("candles"),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=stream),
        refresh_per_second=_HERTZ,
    )
    tasks: dict[str, TaskID] = {}

    def tell(told: Progress) -> None:
        name = told.market.key
        if name not in tasks:
            tasks[name] = bars.add_task(f"{told.market.name} {timeframe}", total=None)
        bars.update(tasks[name], completed=told.done, total=told.total)

    with bars:
        yield tell
