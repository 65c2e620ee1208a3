"""From a verdict to the disk, and from the disk to Discord."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.figures import Figure
from couriers import entry, until
from factories import MARKET
from liqmon.app.parts import opened
from liqmon.app.run import Run, empty_board
from liqmon.clock import SystemClock
from liqmon.monitor.bulletin import Bulletin
from liqmon.settings.models import Settings
from liqmon.sim.discord import StrictDiscord
from loopback_discord import URL, served

_BURST = 1
"""The first of a group goes at once, what follows waits for its company: each has a
Discord and a store of its own."""


def delivery(full: bool, directory: Path) -> list[Figure]:
    """Commit findings one by one, and see when Discord gets each request."""
    bursts = [
        asyncio.run(_burst(directory / f"{n}")) for n in range(100 if full else 2)
    ]
    commits_ms, posts_ms = zip(*chain.from_iterable(bursts), strict=True)
    budget = "<= 50, p99 <= 250"
    return [
        _figure("commit of a finding to disk", commits_ms, ""),
        _figure("finding committed to POST at Discord", posts_ms, budget),
    ]


def _figure(what: str, taken_ms: Sequence[float], budget: str) -> Figure:
    note = f"p99 {quantiles(taken_ms, n=100)[-1]:.3g}, of {len(taken_ms)}"
    return Figure(what, median(taken_ms), "ms", budget, note)


async def _burst(directory: Path) -> list[tuple[float, float]]:
    """Return the milliseconds of each commit, and from its end to the request."""
    began, committed, arrived = list[float](), list[float](), list[float]()
    clock = SystemClock()
    # asked for a fault when a request arrives, it notes the moment and has none
    discord = StrictDiscord(clock=clock, fault=lambda: arrived.append(perf_counter()))
    async with served(discord.routes()) as root, asyncio.TaskGroup() as tasks:
        settings = {"discord": {"webhook_url": URL, "base_url": root}}
        run = Run(Settings.model_validate(settings), (), directory)
        bulletin = Bulletin(clock, empty_board(run, clock))
        async with opened(run, clock=clock, bulletin=bulletin) as parts:
            couriers = [
                tasks.create_task(courier.run())
                for courier in parts.couriers.by_name.values()
            ]
            for key in range(_BURST):
                began.append(perf_counter())
                await parts.store.commit_findings(
                    market_key=MARKET.key,
                    timeframe="1m",
                    state={},
                    findings=[entry(key)],
                    now_ms=clock.now_ms(),
                )
                committed.append(perf_counter())
                parts.couriers.wake()
                await until(
                    lambda: (
                        len(discord.messages) == len(committed)
                        and not bulletin.snapshot.receiver.pending
                    )
                )
            for courier in couriers:
                courier.cancel()
    moments = zip(began, committed, arrived, strict=True)
    return [((end - start) * 1e3, (there - end) * 1e3) for start, end, there in moments]
