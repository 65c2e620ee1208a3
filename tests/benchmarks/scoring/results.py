"""Prints the README's table of rules and what they find, from the recorded markets.

    LIQMON_DATA=... PYTHONPATH=tests python -m benchmarks.scoring.results

Each rule is taken at the threshold that costs one false alert a week and market on that
set, and at the one that costs one *strict* false alert (lesser moves count as false
too). In brackets: 95 % intervals, bootstrapped by cluster of events.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks.scoring.recordings import (
    Pairs,
    Recorded,
    by_side,
    half_of,
    recorded,
)
from benchmarks.scoring.scorer.rules import RULES
from benchmarks.scoring.scorer.score import Bench, evaluate, figures, threshold_for
from liqmon.core.sensitivity import Sensitivity, threshold_of

__all__ = ["LIQMON", "compared_row", "main"]

LIQMON: Final = "**liqmon**"

_SETS: Final = ("DEV5", "DEV1")
_WEEKLY: Final = 1 / 7

_PEERS: Final = {
    "the loudest window instead of the mean (SURGE)": "surge",
    "return z-score, 15 min against 24 h": "z_r",
    "fixed gates on volume and return": "volume_return",
    "per cent in 5 minutes": "pct",
    "per cent in 15 minutes": "pct_15m",
    "change in ATR14, volume over 3 SMA20": "atr",
    "volume z-score": "volume_z",
}


def main() -> None:
    """Print all tables."""
    for name in _SETS:
        whole = recorded(name)
        for block in (_compared(whole), _sensitivities(whole), _halves(whole)):
            sys.stdout.write("\n".join(block) + "\n\n")


def compared_row(bench: Bench, rule: str, pairs: Pairs) -> str:
    """Return a rule's line of the table: at one false alert, and at one strict one."""
    loose = threshold_for(bench, pairs, _WEEKLY)
    tight = threshold_for(bench, pairs, _WEEKLY, strict=True)
    found, half, _, strict, precision = _told(bench, pairs, loose)
    found_strict, half_strict, false, *_ = _told(bench, pairs, tight)
    cells = (
        *(f"{loose:.2f}", found, half, strict, precision),
        *(f"{tight:.2f}", found_strict, half_strict, false),
    )
    return f"| {rule} | {' | '.join(cells)} |"


def _compared(whole: Recorded) -> Iterator[str]:
    bench = whole.bench
    yield (
        f"| {bench.name}: {len(bench.events)} events in {bench.clusters} clusters, "
        f"{bench.days:.0f} market-days | 1 false a week at | found | half left | "
        "strict a week | precision | 1 strict a week at | found | half left | "
        "false a week |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for rule, pairs in _rules(whole).items():
        yield compared_row(bench, rule, pairs)


def _sensitivities(whole: Recorded) -> Iterator[str]:
    bench, pairs = whole.bench, by_side(whole.bench, whole.seen, whole.scores)
    timeframe = f"{bench.series[0].timeframe_min}m"
    yield (
        f"| {bench.name} | threshold | alerts a week | found | half left | "
        "false a week | strict a week | precision |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for sensitivity in Sensitivity:
        threshold = threshold_of(sensitivity, timeframe)
        alerts = evaluate(bench, pairs, threshold).merged.total() / bench.days * 7
        cells = _cells(bench, pairs, threshold)
        yield f"| {sensitivity} | {threshold:g} | {alerts:.1f} | {cells} |"


def _halves(whole: Recorded) -> Iterator[str]:
    """Thresholds of the even weeks, met by the odd weeks, which had no say in them."""
    even, odd = half_of(whole.bench, 0), half_of(whole.bench, 1)
    yield (
        f"| {whole.bench.name}, odd weeks at thresholds of the even ones | at | "
        "threshold | found | half left | false a week | strict a week | precision |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for rule, pairs in list(_rules(whole).items())[:3]:
        for strict in (False, True):
            threshold = threshold_for(even, pairs, _WEEKLY, strict=strict)
            at = "1 strict" if strict else "1 false"
            cells = _cells(odd, pairs, threshold)
            yield f"| {rule} | {at} | {threshold:.2f} | {cells} |"


def _rules(whole: Recorded) -> Mapping[str, Pairs]:
    bench, seen = whole.bench, whole.seen
    return {
        LIQMON: by_side(bench, seen, whole.scores),
        "liqmon, one market alone": by_side(bench, seen, whole.scores_alone),
        **{
            rule: [RULES[name].score(series) for series in bench.series]
            for rule, name in _PEERS.items()
        },
    }


def _cells(bench: Bench, pairs: Pairs, threshold: float) -> str:
    return " | ".join(_told(bench, pairs, threshold))


def _told(bench: Bench, pairs: Pairs, threshold: float) -> tuple[str, ...]:
    """Return found, half left, false and strict a week, and precision."""
    told = figures(evaluate(bench, pairs, threshold))
    weekly = (
        f"{told[name]['value'] * 7:.2f}"
        for name in ("false_per_day", "strict_false_per_day")
    )
    shares = (_interval(told[name]) for name in ("recall", "recall_half_left"))
    return (*shares, *weekly, f"{told['precision']['value']:.2f}")


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


if __name__ == "__main__":
    main()
