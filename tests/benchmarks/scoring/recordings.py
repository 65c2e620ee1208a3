"""The recorded markets of a set as liqmon sees them, and as the scorer counts bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.scoring.scorer.data import SETS, Series, candle_dir
from benchmarks.scoring.scorer.score import WEEK_MS, Bench, load_bench, make_bench
from liqmon.archive.bars import aggregated
from liqmon.archive.reader import read
from liqmon.backtest.sources import candles_from
from liqmon.core.breadth import ALONE, Crowd, Voice, scores
from liqmon.core.features import Features, features
from liqmon.core.model import TIMEFRAME_MS, FloatArray

__all__ = ["Pairs", "Recorded", "by_side", "half_of", "recorded"]

Pairs: TypeAlias = Sequence[tuple[FloatArray, FloatArray]]
"""What speaks for longs and for shorts, by series and bar of the scorer."""

_BASELINE: Final = "5m"


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A set's series, each with its features and its signed scores."""

    bench: Bench
    seen: list[Features]
    scores: list[FloatArray]
    scores_alone: list[FloatArray]


def recorded(name: str) -> Recorded:
    """Read a set and score all of it: no bar is judged before its companions are read.

    Raises:
        FileNotFoundError: a candle file is missing.
    """
    bench = load_bench(name)
    seen = [
        _features(source.file, series)
        for source, series in zip(SETS[name], bench.series, strict=True)
    ]
    voices = [
        Voice(series.symbol, one.end_ms, one.strength)
        for series, one in zip(bench.series, seen, strict=True)
    ]
    crowd = Crowd.of(voices)
    return Recorded(
        bench,
        seen,
        scores=[
            scores(one.strength, crowd.around(voice))
            for one, voice in zip(seen, voices, strict=True)
        ],
        scores_alone=[
            scores(one.strength, np.full(one.strength.size, ALONE)) for one in seen
        ],
    )


def by_side(
    bench: Bench, seen: Sequence[Features], signed: Sequence[FloatArray]
) -> Pairs:
    """Return the scorer's pair of arrays (longs, shorts) on each series' grid."""
    pairs = []
    for series, one, values in zip(bench.series, seen, signed, strict=True):
        bar_ms = int(series.timeframe_min) * 60_000
        at = (one.end_ms - int(series.time_ms[0])) // bar_ms - 1
        full = np.zeros(len(series))
        full[at] = np.nan_to_num(values)
        pairs.append((-full, full))
    return pairs


def half_of(bench: Bench, parity: int) -> Bench:
    """Return the even or the odd weeks of a bench, with the events that begin there."""
    table = _labels(bench.name)
    week = table["t_on"].astype("int64") // WEEK_MS % 2
    kept = (table["scored"].astype(str) == "True") & (week == parity)
    series = [
        replace(one, scored=one.scored & (one.time_ms // WEEK_MS % 2 == parity))
        for one in bench.series
    ]
    return make_bench(bench.name, series, table.assign(scored=kept.astype(str)))


def _labels(name: str) -> Any:
    import pandas as pd  # noqa: PLC0415 - of the bench extra

    table = pd.read_csv(
        Path(__file__).parent / "scorer" / "labels" / "DEV_intervals.csv",
        keep_default_na=False,
    )
    return table[table["set"] == name]


def _features(file: str, series: Series) -> Features:
    timeframe = f"{series.timeframe_min}m"
    path = Path(candle_dir()) / f"{file}.csv.gz"
    bars = read(path, symbol=series.symbol, timeframe=timeframe)
    candles = candles_from(bars).closed(
        int(series.time_ms[-1]) + TIMEFRAME_MS[timeframe]
    )
    return features(candles, candles_from(aggregated(bars, _BASELINE)))
