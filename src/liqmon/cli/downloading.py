"""A download from the settings to the exit code."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from liqmon.app.download import Download, Held, download
from liqmon.cli.asked import Asked, logging_as_asked
from liqmon.cli.errors import ExitCode
from liqmon.cli.moments import since
from liqmon.cli.progress import Tell, progress
from liqmon.cli.running import Signals, run
from liqmon.clock import SystemClock
from liqmon.core.events import Event
from liqmon.errors import FeedError, UserError
from liqmon.exchange.selection import Wanted
from liqmon.settings.models import Settings, WatchTable
from liqmon.settings.places import archive_dir
from liqmon.ui.figures import counted, day_and_time
from liqmon.ui.lines import stamped
from liqmon.ui.ndjson import SCHEMA

__all__ = ["run_download"]

_MOST_GAPS: Final = 20
"""Gaps that are listed one by one."""


def run_download(
    asked: Asked, *, since_text: str, archive: Path | None, as_json: bool
) -> ExitCode:
    """Download, print what the archive holds, and return how it ended.

    Raises:
        UserError: no market is named, or something else the user must put right.
    """
    settings = asked.settings()
    back = since(since_text)
    wanted = Download(
        selection=_selection(asked, settings.watch),
        exchange=settings.exchange.ids[0],
        timeframe=settings.watch.timeframe,
        span_ms=back.span_ms,
        start_ms=back.start_ms,
        root=archive_dir(archive, os.environ),
    )
    if not (wanted.selection.named or wanted.selection.is_ranked):
        raise UserError(
            "no market to download",
            hint="name some (liqmon download BTCUSDT), say --top 20, or set [watch] "
            "symbols",
        )
    with (
        progress(sys.stderr, wanted.timeframe) as tell,
        logging_as_asked(asked, settings, to_terminal=True),
    ):
        ended = run(lambda signals: _stoppable(wanted, settings, signals, tell))
    if ended.signal is not None:
        stopped = ended.signal is signal.SIGTERM
        return ExitCode.TERMINATED if stopped else ExitCode.INTERRUPTED
    for held in ended.value or ():
        _print(held, as_json=as_json)
    return ExitCode.OK


def _selection(asked: Asked, watch: WatchTable) -> Wanted:
    return Wanted(
        named=asked.symbols or watch.symbols,
        top=watch.top,
        by=watch.by,
        all=watch.all,
        exclude=watch.exclude,
    )


async def _stoppable(
    wanted: Download, settings: Settings, signals: Signals, tell: Tell
) -> list[Held]:
    """Download until done or told to stop; what was fetched by then is kept."""
    try:
        async with asyncio.TaskGroup() as tasks:
            doing = tasks.create_task(
                download(
                    wanted, settings, clock=SystemClock(), tell=tell, emit=_tell_event
                )
            )
            stopping = tasks.create_task(_cancel_on(signals.stop, doing))
            await asyncio.wait([doing])
            stopping.cancel()
    except* FeedError:
        sys.stderr.write(
            "the download broke off; what has been fetched is kept, and the same "
            "command goes on from there\n"
        )
        raise
    return [] if doing.cancelled() else doing.result()


async def _cancel_on(stop: asyncio.Event, task: asyncio.Task[list[Held]]) -> None:
    await stop.wait()
    task.cancel()


def _tell_event(event: Event) -> None:
    sys.stderr.write(f"{stamped(event)}\n")


def _print(held: Held, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(f"{json.dumps(_record(held), allow_nan=False)}\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(held))


def _record(held: Held) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "event": "download",
        "symbol": held.market.symbol,
        "exchange": held.market.exchange,
        "timeframe": held.timeframe,
        "folder": str(held.folder),
        "first_ms": held.first_ms,
        "candles": held.bars,
        "fetched": held.fetched,
        "gaps": [{"start_ms": gap.start_ms, "candles": gap.bars} for gap in held.gaps],
    }


def _lines(held: Held) -> Iterator[str]:
    market = held.market
    what = f"{market.name} {held.timeframe} on {market.exchange}"
    if held.first_ms is None:
        yield f"{what}: no candles"
        return
    yield (
        f"{what}: {held.bars:,} candles from {day_and_time(held.first_ms)} UTC on, "
        f"{held.fetched:,} of them new, {counted(len(held.gaps), 'gap')}"
    )
    for gap in held.gaps[:_MOST_GAPS]:
        yield f"  no candles from {day_and_time(gap.start_ms)} on: {gap.bars:,} missing"
    if len(held.gaps) > _MOST_GAPS:
        yield f"  and {len(held.gaps) - _MOST_GAPS} more; --json lists them all"
    yield f"  kept in {held.folder}"
