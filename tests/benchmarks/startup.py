"""How long one waits for an answer, and for the first frame."""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.figures import Figure, interleaved
from benchmarks.programs import LIQMON, on_terminal

_HEAVY = {"aiohttp", "asyncio", "ccxt", "numpy", "pydantic", "rich", "tenacity"}

# perf_counter is the same clock in both processes: CLOCK_MONOTONIC
_WATCH_AND_TELL = """
import os, sys, time
def note(event, arguments):
    if event == "import" and arguments[0] == "ccxt":
        os.write(2, b"%.6f\\n" % time.perf_counter())
sys.addaudithook(note)
sys.argv = ["liqmon", "watch", "BTCUSDT", "ETHUSDT"]
from liqmon.cli import main
main()
"""

# nobody listens there; ccxt is imported all the same
_NOBODY = {"LIQMON_EXCHANGE__BASE_URL": "http://127.0.0.1:9"}


def commands(full: bool, directory: Path) -> list[Figure]:
    """Time the commands that only answer, beside a Python that does nothing."""
    asked = {name: (*LIQMON, name) for name in ("--version", "--help")}
    nothing = (sys.executable, "-c", "")
    works = {name: partial(_run, line) for name, line in asked.items()}
    took = interleaved({**works, "": partial(_run, nothing)}, 15 if full else 1)
    empty = f"an empty Python {took[''] * 1000:.3g}"
    notes = {name: f"{empty}; {_imported(line)}" for name, line in asked.items()}
    return [
        Figure(f"liqmon {name}, whole process", took[name] * 1000, "ms", "< 200", note)
        for name, note in notes.items()
    ]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stderr


def _imported(command: Sequence[str]) -> str:
    told = _run((command[0], "-X", "importtime", *command[1:]))
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    return f"{len(modules)} modules, heavy: {sorted(modules & _HEAVY) or 'none'}"


def first_frame(full: bool, directory: Path) -> list[Figure]:
    """Time the first frame of a watch, and how much later ccxt is imported."""
    runs = [_frame_and_ccxt_s(directory) for _ in range(15 if full else 1)]
    frame_ms = median(frame_s for frame_s, _ in runs) * 1000
    after_ms = min(ccxt_s - frame_s for frame_s, ccxt_s in runs) * 1000
    return [
        Figure("first frame of watch", frame_ms, "ms"),
        Figure("first frame to import of ccxt", after_ms, "ms", "> 0", "the least"),
    ]


def _frame_and_ccxt_s(directory: Path) -> tuple[float, float]:
    """Return the seconds from the start to the first frame, and to ccxt's import."""
    began = perf_counter()
    command = (sys.executable, "-c", _WATCH_AND_TELL)
    with on_terminal(command, directory, _NOBODY) as (process, screen):
        drawn = b""
        while b"connecting" not in drawn:
            drawn += os.read(screen, 65_536)
        frame_s = perf_counter() - began
        assert process.stderr is not None
        return frame_s, float(process.stderr.readline()) - began
