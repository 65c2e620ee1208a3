"""Makes the tables of the core and checks them on what they never saw.

    PYTHONPATH=tests python -m benchmarks.scoring.calibration

The even weeks of DEV5 and DEV1 make the table, the odd ones check it. An alert of a bin
is one that reaches the bin for the first time in a leg; it was a cascade if it lies in
an event and none if it lies outside every labelled leg. Lesser legs and the hour after
an extreme count neither way, as in the scorer's precision.

The same weeks make and check what a threshold costs in false alerts a week and market.
"""

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from benchmarks.scoring.recordings import Pairs, by_side, half_of, recorded
from benchmarks.scoring.scorer.score import HIT, MERGE_MIN, NONE, Bench, evaluate
from liqmon.core.confidence import confidence
from liqmon.core.sensitivity import FALSE_ALERTS

__all__ = [
    "CHECKED_ON",
    "EDGES",
    "MADE_FROM",
    "checked",
    "costs",
    "made",
    "outcomes",
    "rates_made",
]

Outcome: TypeAlias = tuple[float, bool]

EDGES: Final = (5.0, 7.0, 9.0, 10.5, 12.0, 14.0, 17.0, 22.0, 1e9)
BINS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
"""Of confidence, to check in."""

RATES: Final = (20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)
"""False alerts a week and market."""

THRESHOLDS: Final = (1.5, 30.0)
"""What they are looked for between."""

SETS: Final = ("DEV5", "DEV1")
MADE_FROM, CHECKED_ON = 0, 1
"""Parity of the weeks."""


def outcomes(parity: int) -> list[Outcome]:
    """Return score and outcome of every alert of every bin in half of the weeks."""
    found: list[Outcome] = []
    for name in SETS:
        whole = recorded(name)
        pairs = by_side(whole.bench, whole.seen, whole.scores)
        bench = half_of(whole.bench, parity)
        for low, high in pairwise(EDGES):
            found += _alerts(bench, pairs, low, high)
    return found


def made(found: Sequence[Outcome]) -> list[tuple[float, float]]:
    """Return the table: each bin's mean score and the share that were cascades.

    Half an alert of each outcome is added, so that no bin claims certainty.
    """
    table = []
    for low, high in pairwise(EDGES):
        inside = [one for one in found if low <= one[0] < high]
        hits = sum(hit for _, hit in inside)
        middle = float(np.median([score for score, _ in inside]))
        table.append((round(middle, 1), round((hits + 0.5) / (len(inside) + 1), 2)))
    return table


def checked(found: Sequence[Outcome]) -> list[tuple[float, float, float, int]]:
    """Return by bin of confidence: edge, what is claimed, what came, and how many."""
    rows = []
    for low, high in pairwise(BINS):
        inside = [one for one in found if low <= confidence(one[0]) < high]
        claimed = float(np.mean([confidence(score) for score, _ in inside]))
        came = float(np.mean([hit for _, hit in inside]))
        rows.append((low, claimed, came, len(inside)))
    return rows


def rates_made(bench: Bench, pairs: Pairs) -> list[tuple[float, float]]:
    """Return false alerts a week, and the lowest threshold with no more of them."""
    return [(rate, _threshold(bench, pairs, rate)) for rate in RATES]


def costs(bench: Bench, pairs: Pairs, threshold: float) -> float:
    """Return what a threshold costs in false alerts a week."""
    per_day: float = evaluate(bench, pairs, threshold).false_per_day
    return per_day * 7


def _threshold(bench: Bench, pairs: Pairs, rate: float) -> float:
    low, high = THRESHOLDS
    for _ in range(16):
        middle = math.sqrt(low * high)
        if costs(bench, pairs, middle) <= rate:
            high = middle
        else:
            low = middle
    return round(high, 2)


def _alerts(bench: Bench, pairs: Pairs, low: float, high: float) -> list[Outcome]:
    found: list[Outcome] = []
    for series, zones, pair in zip(bench.series, bench.zones, pairs, strict=True):
        gap = MERGE_MIN[series.timeframe_min] // series.timeframe_min
        for zone, values in zip(zones, pair, strict=True):
            fired = np.flatnonzero((values >= low) & series.scored)
            kept = [
                at
                for at in _first_ones(fired.tolist(), gap)
                if values[at] < high and zone[at] in (NONE, HIT)
            ]
            found += [(float(values[at]), bool(zone[at] == HIT)) for at in kept]
    return found


def _first_ones(bars: Sequence[int], gap: int) -> list[int]:
    kept: list[int] = []
    for at in bars:
        if not kept or at - kept[-1] >= gap:
            kept.append(at)
    return kept


def main() -> None:
    """Print the tables, and how they fare on the other half."""
    out = sys.stdout
    for score, share in made(outcomes(MADE_FROM)):
        out.write(f"    ({score}, {share}),\n")
    out.write(
        "\n| confidence from | claimed | came true | alerts |\n|---|---|---|---|\n"
    )
    for low, claimed, came, count in checked(outcomes(CHECKED_ON)):
        out.write(f"| {low:.2f} | {claimed:.2f} | {came:.2f} | {count} |\n")
    for name in SETS:
        whole = recorded(name)
        pairs = by_side(whole.bench, whole.seen, whole.scores)
        timeframe = f"{whole.bench.series[0].timeframe_min}m"
        for rate, threshold in rates_made(half_of(whole.bench, MADE_FROM), pairs):
            out.write(f"        ({rate}, {threshold}),\n")
        out.write(f"\n| {timeframe} false a week | odd weeks |\n|---|---|\n")
        other = half_of(whole.bench, CHECKED_ON)
        for rate, threshold in FALSE_ALERTS[timeframe]:
            out.write(f"| {rate:g} | {costs(other, pairs, threshold):.2f} |\n")


if __name__ == "__main__":
    main()
