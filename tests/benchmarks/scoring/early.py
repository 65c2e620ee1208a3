"""Prints what speaking sooner would earn, and cost: bars that form, and a first step.

    LIQMON_DATA=... PYTHONPATH=tests python -m benchmarks.scoring.early

*Forming*: the minutes of DEV1 make five-minute bars. The five-minute rule judges each
when it has closed, or each minute of it as far as it has come. Both at the thresholds
that cost one false, or one strict false, alert a week and market, minute by minute: the
nearest that closed candles come to a bar that is judged at every poll.

*Building*: a first message at a share of the threshold, confirmed when that is reached
within half an hour. How many there are, and how many of them come to something.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.scoring.recordings import (
    Pairs,
    Recorded,
    by_side,
    half_of,
    recorded,
)
from benchmarks.scoring.scorer.data import SETS, Series, candle_dir
from benchmarks.scoring.scorer.score import (
    HIT,
    NONE,
    Bench,
    Result,
    evaluate,
    figures,
    threshold_for,
)
from liqmon.archive.bars import aggregated
from liqmon.archive.reader import read
from liqmon.backtest.sources import candles_from
from liqmon.core.baseline import usual
from liqmon.core.breadth import Crowd, Voice, scores
from liqmon.core.episode import BUILDING_MS
from liqmon.core.features import SCALES
from liqmon.core.model import Candles, FloatArray, IntArray
from liqmon.core.sensitivity import Sensitivity, threshold_of

__all__ = ["built", "forming", "main"]

_WEEKLY: Final = 1 / 7
_MINUTE_MS: Final = 60_000
_BAR_MS: Final = 300_000
_SHARES: Final = (0.5, 0.6, 0.7, 0.8)
_REARM: Final = 0.5
_RESAMPLES: Final = 1000


def main() -> None:
    """Print both tables for all weeks, and for the even and the odd ones."""
    minutes = recorded("DEV1")
    soon, closed = forming(minutes)
    for part, bench in _parts(minutes.bench):
        sys.stdout.writelines(
            f"{line}\n" for line in _compared(part, bench, closed, soon)
        )
    for name in SETS:
        whole = recorded(name)
        pairs = by_side(whole.bench, whole.seen, whole.scores)
        for part, bench in _parts(whole.bench):
            sys.stdout.writelines(f"{line}\n" for line in _steps(part, bench, pairs))


def _parts(bench: Bench) -> Iterator[tuple[str, Bench]]:
    yield f"{bench.name}, all weeks", bench
    yield f"{bench.name}, even weeks", half_of(bench, 0)
    yield f"{bench.name}, odd weeks", half_of(bench, 1)


# bars that form


def forming(minutes: Recorded) -> tuple[Pairs, Pairs]:
    """Return the five-minute rule's scores on the minutes, of all bars and closed ones.

    Companions are heard as of the same minute.
    """
    bench = minutes.bench
    voices = [
        _voice(source.file, series)
        for source, series in zip(SETS[bench.name], bench.series, strict=True)
    ]
    closing = [_closing(voice) for voice in voices]
    return _judged(bench, voices), _judged(bench, closing)


def _voice(file: str, series: Series) -> Voice:
    path = Path(candle_dir()) / f"{file}.csv.gz"
    bars = read(path, symbol=series.symbol, timeframe="1m")
    minutes = candles_from(bars).closed(int(series.time_ms[-1]) + _MINUTE_MS)
    larger = candles_from(aggregated(bars, "5m"))
    ends = minutes.open_ms + _MINUTE_MS
    return Voice(series.symbol, ends, _strength(minutes, larger))


def _closing(voice: Voice) -> Voice:
    kept = voice.end_ms % _BAR_MS == 0
    return Voice(voice.base, voice.end_ms[kept], voice.strength[kept])


def _strength(minutes: Candles, larger: Candles) -> FloatArray:
    """Return M of each minute's five-minute bar as far as it has come by then."""
    scale, slots = SCALES[_BAR_MS], larger.open_ms // _BAR_MS
    first, size = int(slots[0]), int(slots[-1] - slots[0]) + 1
    close, volume = np.full(size, np.nan), np.full(size, np.nan)
    close[slots - first], volume[slots - first] = larger.close, larger.volume
    traded = np.append(0.0, np.nan_to_num(volume).cumsum())
    missing = np.append(0, np.isnan(volume).cumsum())
    at = minutes.open_ms // _BAR_MS - first
    ends = (at + first + 1) * _BAR_MS
    before = usual(
        larger,
        scale.baseline_ms,
        int(ends[0]) - scale.longest_ms,
        int(ends[-1]) - scale.horizons_ms[0],
    )
    total, unknown = np.zeros(at.size), np.ones(at.size, dtype=np.bool_)
    for horizon_ms in scale.horizons_ms:
        count = horizon_ms // _BAR_MS
        from_ = np.maximum(at - count, 0)
        per_move, per_volume = before.per_window(horizon_ms)
        entry = before.entries(ends - horizon_ms)
        inside = traded[at] - traded[from_ + 1] + _so_far(minutes, at)
        times = np.minimum(25.0, inside * per_volume[entry])
        moved = np.log(minutes.close / close[from_]) * per_move[entry]
        score = moved * np.sqrt(times)
        score[(at < count) | (missing[at] > missing[from_ + 1])] = np.nan
        unknown &= np.isnan(score)
        total += np.nan_to_num(score)
    total *= 1.0 / len(scale.horizons_ms)
    total[unknown] = np.nan
    return total


def _so_far(minutes: Candles, bar: IntArray) -> FloatArray:
    """Return the volume of each minute's own bar up to that minute's end."""
    begins = np.flatnonzero(np.diff(bar, prepend=-1))
    traded = np.append(0.0, minutes.volume.cumsum())
    before = np.repeat(traded[begins], np.diff(begins, append=bar.size))
    so_far: FloatArray = traded[1:] - before
    return so_far


def _judged(bench: Bench, voices: Sequence[Voice]) -> Pairs:
    crowd, pairs = Crowd.of(voices), []
    for voice, series in zip(voices, bench.series, strict=True):
        full = np.zeros(len(series))
        at = (voice.end_ms - int(series.time_ms[0])) // _MINUTE_MS - 1
        full[at] = np.nan_to_num(scores(voice.strength, crowd.around(voice)))
        pairs.append((-full, full))
    return pairs


def _compared(part: str, bench: Bench, closed: Pairs, soon: Pairs) -> Iterator[str]:
    yield (
        f"| {part}: five-minute rule | at | threshold | found | half left | "
        "false a week | strict a week |"
    )
    yield "|---|---|---|---|---|---|---|"
    for strict in (False, True):
        results = []
        for name, pairs in (("closed bars", closed), ("forming bars too", soon)):
            threshold = threshold_for(bench, pairs, _WEEKLY, strict=strict)
            results.append(evaluate(bench, pairs, threshold))
            told = figures(results[-1], _RESAMPLES)
            yield (
                f"| {name} | {'1 strict' if strict else '1 false'} | {threshold:.2f} | "
                f"{told['recall']['value']:.3f} | "
                f"{told['recall_half_left']['value']:.3f} | "
                f"{results[-1].false_per_day * 7:.2f} | "
                f"{results[-1].strict_false_per_day * 7:.2f} |"
            )
        found, half = _gained(*results)
        yield f"| gained |  |  | {found} | {half} |  |  |"
    yield ""


def _gained(before: Result, after: Result) -> tuple[str, str]:
    """Return the gain in found and in half left, each with its 95 % interval."""
    found = after.caught.astype(float) - before.caught
    half = (after.left >= 0.5).astype(float) - (before.left >= 0.5)
    cluster, rng = before.bench.cluster, np.random.default_rng(1)
    members = [np.flatnonzero(cluster == one) for one in range(before.bench.clusters)]
    drawn = [
        np.concatenate([members[one] for one in pick])
        for pick in rng.integers(0, len(members), (_RESAMPLES, len(members)))
    ]
    return _interval(found, drawn), _interval(half, drawn)


def _interval(gain: FloatArray, drawn: Sequence[np.ndarray]) -> str:
    low, high = np.quantile([gain[events].mean() for events in drawn], (0.025, 0.975))
    return f"{gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


# the first step


@dataclass(frozen=True, slots=True)
class Built:
    """One first message: the zone its bar lies in, and the minutes to the finding.

    None where there was none in time.
    """

    zone: int
    lead_min: int | None


def built(bench: Bench, pairs: Pairs, threshold: float, share: float) -> list[Built]:
    """Return the first messages, each side of a market silent for a while after one."""
    found = []
    for series, zones, pair in zip(bench.series, bench.zones, pairs, strict=True):
        bar_ms = int(series.timeframe_min) * _MINUTE_MS
        for zone, values in zip(zones, pair, strict=True):
            told = np.where(series.scored, values, 0.0)
            for at, onset in _first_steps(
                told, threshold, share, BUILDING_MS // bar_ms
            ):
                if onset != at:
                    lead = None if onset is None else (onset - at) * bar_ms
                    minutes = None if lead is None else lead // _MINUTE_MS
                    found.append(Built(int(zone[at]), minutes))
    return found


def _first_steps(
    told: FloatArray, threshold: float, share: float, patience: int
) -> Iterator[tuple[int, int | None]]:
    fires, free = np.flatnonzero(told >= threshold), 0
    goes_on = told >= _REARM * threshold
    for at in np.flatnonzero(told >= share * threshold).tolist():
        if at < free:
            continue
        place = int(np.searchsorted(fires, at))
        onset = int(fires[place]) if place < fires.size else None
        if onset is None or onset > at + patience:
            yield at, None
            free = at + 2 * patience
            continue
        yield at, onset
        last = onset
        while (more := np.flatnonzero(goes_on[last + 1 : last + 1 + patience])).size:
            last += 1 + int(more[-1])
        free = last + 2 * patience


def _steps(part: str, bench: Bench, pairs: Pairs) -> Iterator[str]:
    timeframe = f"{bench.series[0].timeframe_min}m"
    threshold, weeks = threshold_of(Sensitivity.NORMAL, timeframe), bench.days / 7
    at_once = figures(evaluate(bench, pairs, threshold), 2)["recall_half_left"]["value"]
    yield (
        f"| {part}: building at | messages a week | confirmed | lead, median min | "
        "in an event | in no leg | half left (the finding: "
        f"{at_once:.2f}) |"
    )
    yield "|---|---|---|---|---|---|---|"
    for share in _SHARES:
        found = built(bench, pairs, threshold, share)
        leads = [one.lead_min for one in found if one.lead_min is not None]
        zones = np.array([one.zone for one in found])
        result = evaluate(bench, pairs, share * threshold)
        half = figures(result, 2)["recall_half_left"]["value"]
        yield (
            f"| {share:g} of {threshold:g} | {len(found) / weeks:.2f} | "
            f"{len(leads) / len(found):.2f} | {np.median(leads):.0f} | "
            f"{np.mean(zones == HIT):.2f} | {np.mean(zones == NONE):.2f} | "
            f"{half:.2f} |"
        )
    yield ""


if __name__ == "__main__":
    main()
