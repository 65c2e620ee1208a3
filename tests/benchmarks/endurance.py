"""What a week of watching leaves in memory, a minute of it in milliseconds."""

import asyncio
import gc
import os
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Figure
from candles import START_MS, calm
from endurance import a_hurried_watch
from liqmon.archive.bars import Bars
from tapes import markets

_HISTORY_H = 84
_DAY_MIN = 24 * 60
_NAMES = ("open", "high", "low", "close", "volume")


def endures(full: bool, _directory: Path) -> list[Figure]:
    """Watch one market for seven days of the exchange's time; the embedded exchange
    is in the same process and is measured with it."""
    days, day_min = (7, _DAY_MIN) if full else (1, 5)
    after_one, at_end = asyncio.run(_resident(days, day_min))
    what = f"watch, {days} days in a hurry: resident"
    return [
        Figure(what, at_end, "MiB", "", "with the exchange it asks"),
        Figure(f"{what}, grown", at_end - after_one, "MiB", "", "since the first day"),
    ]


async def _resident(days: int, day_min: int) -> tuple[float, float]:
    made = calm(_HISTORY_H + days * 24, timeframe_ms=60_000)
    columns = (column.round(2) for column in made.columns())
    bars = Bars(
        symbol="BTCUSDT",
        timeframe="1m",
        open_ms=made.open_ms,
        **dict(zip(_NAMES, columns, strict=True)),
    )
    start_ms = START_MS + _HISTORY_H * 3_600_000
    sizes = list[float]()
    async with a_hurried_watch(
        replace(markets(bars), start_ms=start_ms), "BTCUSDT"
    ) as (polls):
        for _ in range(days):
            await polls(day_min)
            gc.collect()
            sizes.append(_resident_mib())
    return sizes[0], sizes[-1]


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
