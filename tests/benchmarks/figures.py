"""What a benchmark yields, and the table of it all.

Figures stand beside their budgets; nothing compares the two.
"""

import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Figure(NamedTuple):
    """One line of the table: a median, unless ``what`` or ``note`` says otherwise."""

    what: str
    value: float
    unit: str
    budget: str = ""
    note: str = ""


Measure = Callable[[bool, Path], list[Figure]]
"""Takes whether to do it in full, and an empty directory."""


def interleaved(
    works: Mapping[str, Callable[[], object]], repeats: int
) -> dict[str, float]:
    """Return the median seconds of each work, the first time left out.

    They take turns, so that what the machine does besides meets all of them alike.
    """
    took: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            began = perf_counter()
            work()
            if turn:
                took[name].append(perf_counter() - began)
    return {name: median(seconds) for name, seconds in took.items()}


def machine() -> str:
    """Return where the figures come from, and how busy it was."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    )


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as lines of text."""
    rows = [("what", "measured", "budget", "note")]
    rows += [(it.what, f"{it.value:.3g} {it.unit}", *it[3:]) for it in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
