"""Score a cascade detector's alerts against labelled events.

    python score.py ALERTS.jsonl --set DEV5
    python score.py --rule surge --set DEV5 --threshold-sweep

From Python: `score("alerts.jsonl", "DEV5")` or `score([{"symbol": "BTCUSDT", ...}], "DEV1")`. README.md defines the terms.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scoring.scorer.data import MINUTE_MS, SETS, Series, load_set
from benchmarks.scoring.scorer.rules import RULES, Scores

Alert = Mapping[str, Any]

SIDES = ("long", "short")  # positions that are closed: longs when price falls, shorts when it rises
NONE, MAYBE, TOLERATED, HIT = range(4)
MAJORS = {"BTC", "ETH", "BNB"}
AFTER_EXTREME_MIN = 60
MERGE_MIN = {1: 15, 5: 30}  # by timeframe: alerts of one market and side closer than this are one
CLUSTER_MS = 6 * 60 * MINUTE_MS
WEEK_MS = 7 * 1440 * MINUTE_MS
TARGETS_PER_DAY = {"1 / symbol-day": 1.0, "1 / symbol-week": 1 / 7, "1 / symbol-month": 1 / 30.44}
STRICT_TARGETS_PER_DAY = {"strict 1 / week": 1 / 7}  # alerts in maybe legs count as false too
EVERYTHING = float(np.finfo(float).min)  # a threshold below every score

SIDE_NAMES = {
    **dict.fromkeys(("long", "long_cascade", "long_liquidation", "down", "sell", "-1"), 0),
    **dict.fromkeys(("short", "short_squeeze", "short_cascade", "short_liquidation", "up", "buy", "1", "+1"), 1),
}
SEVERITIES = {"low": 1.0, "medium": 2.0, "high": 3.0, "critical": 4.0}
TIMEFRAMES = {"1m": 1, "1": 1, "5m": 5, "5": 5}


class AlertError(ValueError):
    """An alert that cannot be read; the message says which and why."""


# ---------------------------------------------------------------------------------------------------------------- the truth


@dataclass(frozen=True)
class Leg:
    """A labelled move of one series. `ref`, `onset` and `extreme` are bar numbers; log prices are signed so that the move falls."""

    series: int
    side: int
    ref: int
    onset: int
    extreme: int
    log_ref: float
    log_extreme: float
    event: bool
    scored: bool
    major: bool
    named: bool

    @property
    def first(self) -> int:
        """First bar at which an alert counts as a hit."""
        return max(0, self.onset - 1)


@dataclass(frozen=True)
class Bench:
    """An evaluation set ready for scoring."""

    name: str
    series: list[Series]
    events: list[Leg]
    cluster: np.ndarray  # per event: number of its cluster in time, over all symbols
    zones: list[tuple[np.ndarray, np.ndarray]]  # per series: zone of every bar, by side
    owners: list[tuple[np.ndarray, np.ndarray]]  # per series: number of the event every bar belongs to or -1, by side
    week_days: dict[int, float]  # symbol-days by calendar week: scored
    week_none_days: dict[int, float]  # the same outside every labelled zone

    @property
    def days(self) -> float:
        return sum(self.week_days.values())

    @property
    def none_days(self) -> float:
        return sum(self.week_none_days.values())

    @property
    def clusters(self) -> int:
        return int(self.cluster.max()) + 1


@cache
def load_bench(set_name: str, data: str | None = None) -> Bench:
    """The candles and labels of a set. Raises FileNotFoundError where a candle file is missing."""
    table = pd.read_csv(Path(__file__).resolve().parent / "labels" / "DEV_intervals.csv", keep_default_na=False)
    return make_bench(set_name, load_set(set_name, data), table[table["set"] == set_name])


def make_bench(name: str, series: list[Series], labels: pd.DataFrame) -> Bench:
    """Join series with their label rows (columns as in labels/DEV_intervals.csv)."""
    legs = [list(_legs(number, s, labels[labels.key == s.key])) for number, s in enumerate(series)]
    zones = [_zones(s, own) for s, own in zip(series, legs, strict=True)]
    events = [leg for own in legs for leg in own if leg.event and leg.scored]
    onsets = np.array([series[leg.series].time_ms[leg.onset] for leg in events])
    in_none = [(zone[0] == NONE) & (zone[1] == NONE) for zone in zones]
    days = _days_by_week(series, [s.scored for s in series])
    none_days = _days_by_week(series, [s.scored & quiet for s, quiet in zip(series, in_none, strict=True)])
    return Bench(name, series, events, _clusters(onsets), zones, _owners(series, events), days, none_days)


def _legs(number: int, s: Series, rows: pd.DataFrame) -> Iterator[Leg]:
    """Label rows in order of their extreme."""
    at = {name: ((rows[name].to_numpy(np.int64) - s.time_ms[0]) // (s.timeframe_min * MINUTE_MS)) for name in ("t_ref", "t_on", "t_ext")}
    for i in np.argsort(at["t_ext"], kind="stable"):
        row = rows.iloc[i]
        side = SIDE_NAMES[row.side]
        ref, onset, extreme = (int(at[name][i]) for name in ("t_ref", "t_on", "t_ext"))
        log_ref, log_extreme = _log_prices(s, side, ref, extreme)
        named, strength = row["name"] != "", float(row.R or "nan")
        major = named or (log_ref - log_extreme >= (0.04 if s.symbol in MAJORS else 0.06) and strength >= 5)
        yield Leg(number, side, ref, onset, extreme, log_ref, log_extreme, row.grade == "event", str(row.scored) == "True", major, named)


def _log_prices(s: Series, side: int, ref: int, extreme: int) -> tuple[float, float]:
    """Signed log prices where the move starts and ends; within one bar it starts at the open, as the order inside is unknown."""
    opposite, own = (s.high, s.low) if side == 0 else (s.low, s.high)
    start = s.open[extreme] if ref == extreme else opposite[ref]
    return _signed_log(start, side), _signed_log(own[extreme], side)


def _signed_log(price: float, side: int) -> float:
    return math.log(price) if side == 0 else -math.log(price)


def _zones(s: Series, legs: Sequence[Leg]) -> tuple[np.ndarray, np.ndarray]:
    """Zone of every bar for alerts of each side; where zones overlap, the more lenient one holds."""
    zones = (np.zeros(len(s), np.int8), np.zeros(len(s), np.int8))
    after = AFTER_EXTREME_MIN // s.timeframe_min

    def mark(side: int, first: int, end: int, zone: int) -> None:
        part = slice(max(0, first), max(0, end))
        zones[side][part] = np.maximum(zones[side][part], zone)

    for leg in legs:
        end = leg.extreme + 1 + after
        lenient = TOLERATED if leg.event else MAYBE
        mark(leg.side, leg.ref, end, lenient)
        mark(1 - leg.side, leg.extreme, end, lenient)
        if leg.event:
            mark(leg.side, leg.onset - 1, leg.extreme + 1, HIT)
    return zones


def _owners(series: Sequence[Series], events: Sequence[Leg]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Where events of a side overlap, the earlier one owns the bar."""
    owners = [(np.full(len(s), -1, np.int32), np.full(len(s), -1, np.int32)) for s in series]
    for number, leg in reversed(list(enumerate(events))):
        owners[leg.series][leg.side][leg.first : leg.extreme + 1] = number
    return owners


def _clusters(onset_ms: np.ndarray) -> np.ndarray:
    """Numbers of the groups of events whose onsets, over all symbols, follow each other within six hours."""
    order = np.argsort(onset_ms, kind="stable")
    numbers = np.empty(len(order), int)
    numbers[order] = np.r_[0, np.cumsum(np.diff(onset_ms[order]) > CLUSTER_MS)]
    return numbers


def _weeks(s: Series) -> np.ndarray:
    return s.time_ms // WEEK_MS


def _days_by_week(series: Sequence[Series], masks: Sequence[np.ndarray]) -> dict[int, float]:
    days: dict[int, float] = {}
    for s, mask in zip(series, masks, strict=True):
        for week, bars in zip(*np.unique(_weeks(s)[mask], return_counts=True), strict=True):
            days[int(week)] = days.get(int(week), 0.0) + bars * s.timeframe_min / 1440
    return days


# --------------------------------------------------------------------------------------------------------------- the alerts


def read_alerts(path: str | Path) -> list[Alert]:
    """Alerts of a JSON-lines file. Raises AlertError with the line number of the first bad line."""
    alerts = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                alerts.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise AlertError(f"{path}:{number}: not JSON: {error}") from error
    return alerts


def alert_scores(alerts: Iterable[Alert], bench: Bench, ts: str = "close") -> tuple[list[Scores], int]:
    """Per series the alerts' scores by bar (-inf: no alert), and the number of alerts that fit no series of the set.

    `ts` says what `ts_ms` is: the close of the alert's bar (the moment of decision) or its open.
    """
    scores = [(np.full(len(s), -np.inf), np.full(len(s), -np.inf)) for s in bench.series]
    unmatched = 0
    for number, alert in enumerate(alerts, 1):
        try:
            places = list(_places(alert, bench, ts))
            side, value = _known("side", str(alert["side"]).lower(), SIDE_NAMES), _alert_score(alert)
        except KeyError as error:
            raise AlertError(f"alert {number}: no {error} in {dict(alert)}") from error
        except (TypeError, ValueError) as error:
            raise AlertError(f"alert {number}: {error} in {dict(alert)}") from error
        unmatched += not places
        for series, bar in places:
            scores[series][side][bar] = max(scores[series][side][bar], value)
    return scores, unmatched


def _places(alert: Alert, bench: Bench, ts: str) -> Iterator[tuple[int, int]]:
    symbol, timeframe_min = base_asset(str(alert["symbol"])), _known("timeframe", str(alert["timeframe"]), TIMEFRAMES)
    for number, s in enumerate(bench.series):
        if (s.symbol, s.timeframe_min) != (symbol, timeframe_min) or alert.get("key", s.key) != s.key:
            continue
        since_start = int(alert["ts_ms"]) - int(s.time_ms[0])
        bar_ms = timeframe_min * MINUTE_MS
        bar = -(-since_start // bar_ms) - 1 if ts == "close" else since_start // bar_ms  # inside a bar: known at its close, never before
        if 0 <= bar < len(s):
            yield number, bar


def _known(what: str, word: str, meanings: Mapping[str, int]) -> int:
    if word not in meanings:
        raise ValueError(f"{what} {word!r} is none of {', '.join(meanings)}")
    return meanings[word]


def base_asset(symbol: str) -> str:
    """BTC for BTC, BTCUSDT, BTC/USDT, BTC/USDT:USDT, BTC-USDT-SWAP, BTC-PERP."""
    name = symbol.upper().split(":")[0]
    for suffix in ("-PERP", "-SWAP"):
        name = name.removesuffix(suffix)
    name = name.replace("/", "").replace("-", "").replace("_", "")
    for quote in ("USDT", "USDC", "USD"):
        if name.endswith(quote) and name != quote:
            return name.removesuffix(quote)
    return name


def _alert_score(alert: Alert) -> float:
    """`score`, else `severity`: a number as it is, low to critical as 1 to 4, any other word or nothing as 1."""
    value = alert.get("severity") if alert.get("score") is None else alert["score"]
    if not isinstance(value, int | float):
        return SEVERITIES.get(str(value).lower(), 1.0)
    if not math.isfinite(value):
        raise ValueError("score is not finite")
    return float(value)


# --------------------------------------------------------------------------------------------------------------- evaluation


@dataclass
class Result:
    """What alerts at one threshold achieve; arrays have one entry per event."""

    bench: Bench
    threshold: float
    caught: np.ndarray
    latency_min: np.ndarray  # from the close of the onset bar to the first alert; NaN where missed
    left: np.ndarray  # share of the whole move still ahead at the first alert; NaN where missed
    hits: np.ndarray  # merged alerts inside the event
    merged: Counter[int] = field(default_factory=Counter)  # merged alerts by zone
    weekly_false: Counter[int] = field(default_factory=Counter)
    weekly_maybe: Counter[int] = field(default_factory=Counter)

    @property
    def false_per_day(self) -> float:
        return self.merged[NONE] / self.bench.none_days

    @property
    def strict_false_per_day(self) -> float:
        return (self.merged[NONE] + self.merged[MAYBE]) / self.bench.days


def evaluate(bench: Bench, scores: Sequence[Scores], threshold: float) -> Result:
    """Score per-series `(score_long, score_short)` arrays; a bar alerts at its close when its score is at least `threshold`."""
    n = len(bench.events)
    result = Result(bench, threshold, np.zeros(n, bool), np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, int))
    fired = [[np.flatnonzero((score >= threshold) & s.scored) for score in pair] for s, pair in zip(bench.series, scores, strict=True)]
    merged = [[_merge(bars, MERGE_MIN[s.timeframe_min] // s.timeframe_min) for bars in pair] for s, pair in zip(bench.series, fired, strict=True)]
    for s, zones, owners, pair in zip(bench.series, bench.zones, bench.owners, merged, strict=True):
        for zone, owner, bars in zip(zones, owners, pair, strict=True):
            _count(result, s, zone[bars], owner[bars], bars)
    for number, leg in enumerate(bench.events):
        _judge(result, number, leg, fired[leg.series][leg.side])
    return result


def _merge(bars: np.ndarray, gap: int) -> np.ndarray:
    """Drop what fires less than `gap` bars after the last one kept."""
    kept: list[int] = []
    last = -gap
    for bar in bars.tolist():
        if bar - last >= gap:
            kept.append(bar)
            last = bar
    return np.array(kept, int)


def _count(result: Result, s: Series, zones: np.ndarray, owners: np.ndarray, bars: np.ndarray) -> None:
    weeks = _weeks(s)[bars]
    result.hits += np.bincount(owners[owners >= 0], minlength=len(result.hits))
    result.merged.update(zones.tolist())
    result.weekly_false.update(weeks[zones == NONE].tolist())
    result.weekly_maybe.update(weeks[zones == MAYBE].tolist())


def _judge(result: Result, number: int, leg: Leg, fired: np.ndarray) -> None:
    """An event is caught by the first bar that fires inside it, even where merging has put that alert under an earlier one."""
    s = result.bench.series[leg.series]
    at = np.searchsorted(fired, leg.first)
    if at == len(fired) or fired[at] > leg.extreme:
        return
    bar = int(fired[at])
    share = (_signed_log(s.close[bar], leg.side) - leg.log_extreme) / (leg.log_ref - leg.log_extreme)
    result.caught[number] = True
    result.latency_min[number] = (bar - leg.onset) * s.timeframe_min
    result.left[number] = min(1.0, max(0.0, share))


# ---------------------------------------------------------------------------------------------------------------- the figures

METRICS = {
    "recall": "event recall",
    "recall_major": "  major events",
    "recall_catalogue": "  catalogue events",
    "recall_btc_eth_bnb": "  BTC ETH BNB",
    "recall_alts": "  other symbols",
    "recall_half_left": "recall, half or more left",
    "recall_quarter_left": "recall, quarter or more left",
    "left": "left to come, median",
    "latency_min": "latency, median min",
    "latency_p90_min": "latency, 90th percentile min",
    "false_per_day": "false alerts / symbol-day",
    "strict_false_per_day": "  strict (maybe legs too)",
    "alerts_per_event": "alerts per caught event",
    "precision": "precision",
}


def figures(result: Result, resamples: int = 1000) -> dict[str, dict[str, float | None]]:
    """`{metric: {value, low, high}}`; None where a figure is undefined (nothing caught, say).

    The 95 % intervals are bootstrapped: events by cluster, false alerts by calendar week.
    """
    n_weeks = len(result.bench.week_days)
    counts = _week_counts(result)
    value = _figures(result, np.arange(len(result.caught)), counts.sum(axis=0))
    drawn = [_figures(result, events, counts[weeks].sum(axis=0)) for events, weeks in _draws(result.bench, n_weeks, resamples)]
    return {name: {"value": _number(value[name]), **_interval(np.array([one[name] for one in drawn]))} for name in METRICS}


def _draws(bench: Bench, n_weeks: int, resamples: int, seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Event numbers and week numbers of each resample."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(bench.cluster == number) for number in range(bench.clusters)]
    picks = rng.integers(0, len(members), (resamples, len(members)))
    weeks = rng.integers(0, n_weeks, (resamples, n_weeks))
    for pick, week in zip(picks, weeks, strict=True):
        yield np.concatenate([members[number] for number in pick]), week


def _week_counts(result: Result) -> np.ndarray:
    """Per calendar week: symbol-days, symbol-days of none time, false alerts, alerts in maybe legs."""
    bench = result.bench
    sources = (bench.week_days, bench.week_none_days, result.weekly_false, result.weekly_maybe)
    return np.array([[source.get(week, 0) for source in sources] for week in bench.week_days], float)


def _figures(result: Result, events: np.ndarray, weeks: np.ndarray) -> dict[str, float]:
    days, none_days, false, maybe = weeks
    caught, left, latency, hits = (values[events] for values in (result.caught, result.left, result.latency_min, result.hits))
    groups = {name: mask[events] for name, mask in _groups(result.bench).items()}
    return {
        "recall": _ratio(caught.sum(), len(caught)),
        **{name: _ratio(caught[mask].sum(), mask.sum()) for name, mask in groups.items()},
        "recall_half_left": _ratio((left >= 0.5).sum(), len(left)),
        "recall_quarter_left": _ratio((left >= 0.25).sum(), len(left)),
        "left": _quantile(left, 0.5),
        "latency_min": _quantile(latency, 0.5),
        "latency_p90_min": _quantile(latency, 0.9),
        "false_per_day": _ratio(false, none_days),
        "strict_false_per_day": _ratio(false + maybe, days),
        "alerts_per_event": _ratio(hits.sum(), caught.sum()),
        "precision": _ratio(hits.sum(), hits.sum() + false),
    }


def _groups(bench: Bench) -> dict[str, np.ndarray]:
    majors = np.array([bench.series[leg.series].symbol in MAJORS for leg in bench.events])
    return {
        "recall_major": np.array([leg.major for leg in bench.events]),
        "recall_catalogue": np.array([leg.named for leg in bench.events]),
        "recall_btc_eth_bnb": majors,
        "recall_alts": ~majors,
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def _quantile(values: np.ndarray, q: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, q)) if len(known) else math.nan


def _interval(samples: np.ndarray) -> dict[str, float | None]:
    return {"low": _number(_quantile(samples, 0.025)), "high": _number(_quantile(samples, 0.975))}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


# ---------------------------------------------------------------------------------------------------------- operating points


def threshold_for(bench: Bench, scores: Sequence[Scores], target_per_day: float, *, strict: bool = False) -> float:
    """Lowest threshold found with at most `target_per_day` (strict) false alerts per symbol-day; if none has, the highest tried."""

    def rate(threshold: float) -> float:
        result = evaluate(bench, scores, threshold)
        return result.strict_false_per_day if strict else result.false_per_day

    candidates = _candidates(bench, scores)
    rates = np.array([rate(threshold) for threshold in candidates])
    good = np.flatnonzero(rates <= target_per_day)
    if not len(good):
        return float(candidates[-1])
    high, low = candidates[good[0]], candidates[max(0, good[0] - 1)]
    for _ in range(12 if good[0] else 0):
        middle = (low + high) / 2
        if rate(middle) <= target_per_day:
            high = middle
        else:
            low = middle
    return float(high)


def _candidates(bench: Bench, scores: Sequence[Scores], n: int = 32) -> np.ndarray:
    """Scores exceeded, before merging, from 30 times to 0.01 times per symbol-day."""
    best = np.concatenate([np.maximum(*pair)[s.scored] for s, pair in zip(bench.series, scores, strict=True)])
    falling = np.sort(best[np.isfinite(best)])[::-1]
    ranks = (np.geomspace(30.0, 0.01, n) * bench.days).astype(int)
    return np.unique(falling[np.clip(ranks, 0, len(falling) - 1)])


# ------------------------------------------------------------------------------------------------------------- entry points


def score(
    alerts: str | Path | Iterable[Alert],
    set_name: str,
    *,
    ts: str = "close",
    threshold: float | None = None,
    sweep: bool = False,
    data: str | None = None,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Score alerts (a JSON-lines file or dicts) on a set: counts, `metrics` and, with `sweep`, `operating_points`.

    Alerts below `threshold` are left out. Raises AlertError for an unreadable alert, FileNotFoundError for missing candles.
    """
    bench = load_bench(set_name, data)
    read = read_alerts(alerts) if isinstance(alerts, str | Path) else list(alerts)
    scores, unmatched = alert_scores(read, bench, ts)
    return {"alerts": len(read), "unmatched": unmatched, **_report(bench, scores, threshold, sweep, resamples)}


def score_rule(
    name: str, set_name: str, *, threshold: float | None = None, sweep: bool = False, data: str | None = None, resamples: int = 1000
) -> dict[str, Any]:
    """Score a reference rule (a key of `rules.RULES`), at its usual threshold unless another is given."""
    bench = load_bench(set_name, data)
    rule = RULES[name]
    level = rule.threshold(bench.series[0].timeframe_min) if threshold is None else threshold
    return {"rule": name, **_report(bench, [rule.score(s) for s in bench.series], level, sweep, resamples)}


def _report(bench: Bench, scores: Sequence[Scores], threshold: float | None, sweep: bool, resamples: int) -> dict[str, Any]:
    sizes = {"series": len(bench.series), "symbol_days": bench.days, "none_days": bench.none_days}
    report = {"set": bench.name, **sizes, "events": len(bench.events), "clusters": bench.clusters}
    report |= _point(bench, scores, threshold, resamples)
    if sweep:
        report["operating_points"] = _operating_points(bench, scores, resamples)
    return report


def _point(bench: Bench, scores: Sequence[Scores], threshold: float | None, resamples: int) -> dict[str, Any]:
    result = evaluate(bench, scores, EVERYTHING if threshold is None else threshold)
    merged = result.merged.total()
    return {"threshold": threshold, "merged_alerts": merged, "merged_per_day": merged / bench.days, "metrics": figures(result, resamples)}


def _operating_points(bench: Bench, scores: Sequence[Scores], resamples: int) -> dict[str, Any]:
    if not any(np.isfinite(side).any() for pair in scores for side in pair):
        return {}
    levels = {name: threshold_for(bench, scores, target) for name, target in TARGETS_PER_DAY.items()}
    levels |= {name: threshold_for(bench, scores, target, strict=True) for name, target in STRICT_TARGETS_PER_DAY.items()}
    return {name: _point(bench, scores, level, resamples) for name, level in levels.items()}


# ------------------------------------------------------------------------------------------------------------- command line


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    if (args.alerts is None) == (args.rule is None):
        print("score.py: give either an alerts file or --rule", file=sys.stderr)
        return 2
    options = {"threshold": args.threshold, "sweep": args.threshold_sweep, "data": args.data, "resamples": args.resamples}
    try:
        report = score_rule(args.rule, args.set, **options) if args.rule else score(args.alerts, args.set, ts=args.ts, **options)
    except (OSError, AlertError) as error:
        print(f"score.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2) if args.json else as_text(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Score a cascade detector's alerts against labelled events.")
    parser.add_argument("alerts", nargs="?", help="JSON-lines file of {symbol, timeframe, ts_ms, side, score or severity, key?}")
    parser.add_argument("--rule", choices=sorted(RULES), help="score a reference rule instead of a file")
    parser.add_argument("--set", choices=sorted(SETS), default="DEV5", help="5-minute or 1-minute candles (default DEV5)")
    parser.add_argument("--ts", choices=("close", "open"), default="close", help="what ts_ms is: the bar's close (default) or its open")
    parser.add_argument("--threshold", type=float, help="leave out what scores less (default: nothing; a rule's own threshold)")
    parser.add_argument("--threshold-sweep", action="store_true", help="also the thresholds of 1 false alert per symbol-day, -week, -month")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples (default 1000)")
    parser.add_argument("--data", help="folder of candle files (default $LIQMON_DATA, else ../data)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def as_text(report: Mapping[str, Any]) -> str:
    """The report as a table: one column for the alerts as given, one per operating point."""
    points = {"as given": report, **report.get("operating_points", {})}
    title = f"{report.get('rule', 'alerts')} on {report['set']}: {report['series']} series, {report['symbol_days']:.0f} symbol-days"
    lines = [f"{title}, {report['events']} events in {report['clusters']} clusters, {report['none_days']:.0f} days of none time"]
    if report.get("unmatched"):
        lines.append(f"warning: {report['unmatched']} of {report['alerts']} alerts fit no series of {report['set']}")
    lines += ["", _row("", points), _row("threshold", [_plain(point["threshold"]) for point in points.values()])]
    lines.append(_row("alerts after merging", [str(point["merged_alerts"]) for point in points.values()]))
    lines.append(_row("  per symbol-day", [f"{point['merged_per_day']:.3f}" for point in points.values()]))
    lines += [_row(title, [_cell(point["metrics"][name]) for point in points.values()]) for name, title in METRICS.items()]
    return "\n".join(lines)


def _row(title: str, cells: Iterable[str]) -> str:
    return f"{title:30}" + "".join(f"{cell:>24}" for cell in cells)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _cell(figure: Mapping[str, float | None]) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "-"
    digits = 0 if value >= 10 else 3
    return f"{value:.{digits}f}" + (f" [{low:.{digits}f}, {high:.{digits}f}]" if low is not None and high is not None else "")


if __name__ == "__main__":
    sys.exit(main())
