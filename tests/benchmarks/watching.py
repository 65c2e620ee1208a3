"""What a watch costs while nothing happens, and whether it keeps its pace.

The embedded exchange runs in this process and the watch, with its table, in one of its
own. Memory and processor time are looked up from outside, and what it asked is read at
the exchange: nothing is taken from liqmon's own word.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.programs import LIQMON, on_terminal, usage
from candles import START_MS, calm
from liqmon.archive.bars import Bars
from liqmon.clock import SystemClock
from liqmon.sim.exchange import Asked
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer
from tapes import markets

_HISTORY_H = 84

_BEFORE_S = 170
"""From the start to a full five minutes, when every baseline grows by a candle, in the
middle of what is measured. Of Bybit's allowance a call takes 0.04 s: 500 markets, with
two calls each in the beginning, are all there after 40 s, and then polled in 24 s."""


def watches(full: bool, directory: Path) -> list[Figure]:
    """Watch two markets, then many, over a moment when all baselines are due."""
    plans = [(2, 40, "<= 150", "<= 2"), (500, 180, "<= 250", "<= 35")]
    figures = list[Figure]()
    for count, seconds, memory, cpu in plans if full else [(3, 3, "", "")]:
        work = _watched(count, seconds, 5 if full else 1, directory)
        percent, mib, interval_s, longest_s = asyncio.run(work)
        what, note = f"watch, {count} markets", f"{seconds} s"
        figures += [
            Figure(f"{what}: of a core", percent, "%", cpu, note),
            Figure(f"{what}: resident", mib, "MiB", memory, "at the end"),
            Figure(f"{what}: poll to poll", interval_s, "s", "", note),
            Figure(f"{what}: the longest", longest_s, "s", "<= 2 intervals", note),
        ]
    return figures


async def _watched(
    count: int, seconds: float, poll_s: int, directory: Path
) -> tuple[float, float, float, float]:
    """Return percent of a core, MiB resident, usual and longest seconds to a poll."""
    async with SimServer(markets=_calm_markets(count), clock=SystemClock()) as sim:
        settings = {
            "LIQMON_EXCHANGE__BASE_URL": sim.base_url,
            "LIQMON_WATCH__POLL_INTERVAL_S": f"{poll_s}",
            "LIQMON_DISCORD__BASE_URL": sim.base_url,
            "LIQMON_DISCORD__WEBHOOK_URL": sim.webhook_url,
        }
        command = (*LIQMON, "watch", *sim.markets.by_symbol)
        with on_terminal(command, directory, settings) as (process, screen):
            loop = asyncio.get_running_loop()
            loop.add_reader(screen, os.read, screen, 65_536)
            async with asyncio.timeout(_BEFORE_S):
                # twice: the first poll brings the history, and takes longer
                while len(_polls(sim.requests, least=2)) < count:
                    assert process.poll() is None, "the watch has ended"
                    await asyncio.sleep(0.5)
            began_s, (before_s, _) = sim.time.elapsed_s, usage(process)
            await asyncio.sleep(seconds)
            ended_s, (after_s, mib) = sim.time.elapsed_s, usage(process)
            loop.remove_reader(screen)
        percent = 100 * (after_s - before_s) / (ended_s - began_s)
        polls = _polls(sim.requests).values()
        gaps_s = [
            later - sooner for times in polls for sooner, later in pairwise(times[1:])
        ]
        open_s = [ended_s - times[-1] for times in polls]
        return percent, mib, median(gaps_s), max(gaps_s + open_s)


def _polls(asked: Iterable[Asked], *, least: int = 1) -> dict[str, list[float]]:
    """Return when the newest minutes were asked for, of markets with so many polls."""
    polls: dict[str, list[float]] = defaultdict(list)
    for each in asked:
        if each.query.get("interval") == "1":
            polls[each.query["symbol"]].append(each.at_s)
    return {symbol: times for symbol, times in polls.items() if len(times) >= least}


def _calm_markets(count: int) -> Markets:
    """Return markets of one and the same history, so that many fit into memory."""
    made = calm(_HISTORY_H + 1, timeframe_ms=60_000)
    names = ("open", "high", "low", "close", "volume")
    prices = zip(names, (column.round(2) for column in made.columns()), strict=True)
    one = Bars(symbol="", timeframe="1m", open_ms=made.open_ms, **dict(prices))
    start_ms = START_MS + (_HISTORY_H * 3_600 - _BEFORE_S) * 1000
    bars = (replace(one, symbol=f"COIN{at}USDT") for at in range(count))
    return replace(markets(*bars), start_ms=start_ms)
