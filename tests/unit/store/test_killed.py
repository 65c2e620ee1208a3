"""Rows of the fault matrix that need a real process and a real SIGKILL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from liqmon.store.database import Store
from outboxes import on_connection

PROGRAM = Path(__file__).with_name("a_writer.py")
ROOT = Path(__file__).parents[3]
KILLS = 10


def acknowledged(directory: Path, run: int) -> Iterator[str]:
    """Yield what a killed writer was told to be on disk."""
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT / "tests")])
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(PROGRAM), str(directory), str(run)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path.lstrip(os.pathsep)},
    ) as process:
        assert process.stdout is not None
        # a different number of commits each time, so that it dies in different places
        yield from islice(process.stdout, 1 + 3 * run)
        process.kill()
        yield from (line for line in process.stdout if line.endswith("\n"))


async def test_p03_p04_a_killed_run_loses_nothing_it_acknowledged(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    for run in range(KILLS):
        told += [line.strip() for line in acknowledged(tmp_path, run)]
        store = await Store.open(tmp_path)
        try:
            kept = [row.dedup_key for row in await store.entries()]
            journal = await store.events(kind="FindingRaised")
            states = await store.states("1m")
            integrity = await on_connection(
                store, lambda c: c.execute("PRAGMA integrity_check").fetchone()[0]
            )
        finally:
            await store.close()

        assert integrity == "ok"
        assert set(told) <= set(kept)
        assert len(kept) - len(told) <= run + 1, "at most one commit a run unheard"
        assert len(journal) == len(kept)
        assert states["bybit:BTC/USDT:USDT"] == {"last": kept[-1]}, "both or none"

    assert len(told) >= KILLS
