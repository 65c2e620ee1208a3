"""A backtest from what was asked for to what is printed."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liqmon.backtest.chart import draw
from liqmon.backtest.columns import gathered
from liqmon.backtest.followed import Followed, median
from liqmon.backtest.replay import SURGE
from liqmon.backtest.rules import RULES
from liqmon.backtest.runs import Ask, Report, backtest
from liqmon.backtest.sources import Source
from liqmon.cli.moments import since
from liqmon.cli.recorded import Recorded, sources, threshold_of
from liqmon.core.events import FindingRaised
from liqmon.core.model import Finding
from liqmon.errors import UserError
from liqmon.settings.models import Settings
from liqmon.ui.columns import columns
from liqmon.ui.figures import UNKNOWN, day_and_time, percent, price
from liqmon.ui.ndjson import record

__all__ = ["FINDING_HEAD", "Wish", "finding_cells", "run_backtest"]

_END_MS: Final = 1 << 60

FINDING_HEAD: Final = (
    "time (UTC)",
    "market",
    "side",
    "severity",
    "score",
    "move",
    "from",
    "to",
)

_NOTE: Final = (
    "A finding is inferred from price and volume; nobody knows from candles what was "
    "liquidated.\nfurther: the furthest it went on within the hour, the median; after "
    "15 and 60 min: it went on (+) or came back (\N{MINUS SIGN})."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What one call of ``backtest`` was asked for."""

    recorded: Recorded
    since: str | None
    rule: str
    threshold: float | None
    raw: bool
    as_json: bool
    key: bool
    chart: Path | None
    jobs: int


def run_backtest(wish: Wish, settings: Settings) -> None:
    """Judge the past and print what would have been told.

    Raises:
        UserError: there are no candles, or they cannot be used.
    """
    chosen = sources(wish.recorded, settings)
    if wish.chart is not None and len(chosen) != 1:
        raise UserError(
            f"--chart: a picture is of one market, and here are {len(chosen)}",
            hint="name one of them",
        )
    asked = [(source, _ask(wish, source, settings)) for source in chosen]
    reports = list(backtest(asked, jobs=wish.jobs))
    if wish.as_json:
        sys.stdout.writelines(f"{line}\n" for line in _ndjson(reports, key=wish.key))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _text(reports, wish, asked))
    if wish.chart is not None:
        _draw(wish.chart, *asked[0], reports[0])


def _ask(wish: Wish, source: Source, settings: Settings) -> Ask:
    since_ms = 0
    if wish.since is not None:
        back = since(wish.since)
        since_ms = back.before(source.end_ms() if back.start_ms is None else 0)
    threshold = wish.threshold
    if threshold is None and wish.rule == SURGE:
        threshold = threshold_of(source, settings)
    return Ask(
        rule=wish.rule,
        threshold=RULES[wish.rule].threshold if threshold is None else threshold,
        cooldown_ms=round(settings.detector.cooldown_s * 1000),
        since_ms=since_ms,
        until_ms=_END_MS,
        raw=wish.raw,
        builds_from=1.0 if wish.raw else settings.detector.builds_from,
    )


def _draw(path: Path, source: Source, ask: Ask, report: Report) -> None:
    start_ms, end_ms = report.first_ms, report.end_ms
    told = [told.finding for told in report.told]
    draw(
        path,
        gathered(source.parts(start_ms, end_ms), start_ms, end_ms),
        told,
        name=f"{report.market.name} {report.timeframe} ({report.market.exchange})",
        title=f"{day_and_time(start_ms)} to {day_and_time(end_ms)} UTC, "
        f"{len(report.onsets)} findings of {ask.rule} at {ask.threshold:g}",
    )


# as JSON


def _ndjson(reports: Iterable[Report], *, key: bool) -> Iterator[str]:
    told = [
        (one.finding.decided_ms, report.key, one.finding)
        for report in reports
        for one in report.told
    ]
    for _, name, finding in sorted(told, key=lambda each: each[:2]):
        line = _record(finding) | ({"key": name} if key else {})
        yield json.dumps(
            line, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )


def _record(finding: Finding) -> dict[str, object]:
    """Return what ``watch`` would write, and the two names that scorers read."""
    return record(FindingRaised(finding.decided_ms, finding)) | {
        "ts_ms": finding.decided_ms,
        "side": finding.liquidated.value,
    }


# as text


def _text(
    reports: Sequence[Report], wish: Wish, asked: Sequence[tuple[Source, Ask]]
) -> Iterator[str]:
    shown = [
        (report, told)
        for report in reports
        for told in (report.told if wish.raw else report.onsets)
    ]
    shown.sort(key=lambda pair: pair[1].finding.decided_ms)
    if shown:
        head = (*FINDING_HEAD, "15 min", "60 min")
        rows = [
            (*finding_cells(told.finding), *_after(told.followed)) for _, told in shown
        ]
        yield from columns(head, rows, left=4)
        yield ""
    yield from columns(_SUMMARY_HEAD, [*map(_summary, reports)], left=2)
    yield ""
    thresholds = sorted({ask.threshold for _, ask in asked})
    spoken = " or ".join(f"{threshold:g}" for threshold in thresholds)
    yield f"rule {wish.rule}, threshold {spoken}. {_NOTE}"


_SUMMARY_HEAD: Final = (
    "market",
    "candles",
    "days judged",
    "findings",
    "a week",
    "move before",
    "further",
    "15 min",
    "60 min",
)


def finding_cells(finding: Finding) -> tuple[str, ...]:
    """Return a finding as cells of a table."""
    return (
        day_and_time(finding.decided_ms),
        finding.market.name,
        finding.liquidated.value,
        finding.severity.name,
        f"{finding.score:.1f}",
        percent(finding.change),
        price(finding.price_from),
        price(finding.price_to),
    )


def _after(followed: Followed | None) -> tuple[str, str]:
    if followed is None:
        return UNKNOWN, UNKNOWN
    return percent(followed.after_15), percent(followed.after_60)


def _summary(report: Report) -> tuple[str, ...]:
    told = report.onsets
    after = [one.followed for one in told if one.followed is not None]
    weekly = f"{len(told) / report.weeks:.2f}" if report.weeks else UNKNOWN
    moves = [abs(one.finding.change) for one in told]
    return (
        report.market.name,
        f"{report.key} {report.timeframe}" if report.key else report.timeframe,
        f"{report.weeks * 7:.1f}" if report.judged else "warming up",
        str(len(told)),
        weekly,
        _share(median(moves)),
        _share(median(one.further for one in after)),
        percent(median(one.after_15 for one in after)),
        percent(median(one.after_60 for one in after)),
    )


def _share(fraction: float | None) -> str:
    return UNKNOWN if fraction is None else f"{fraction * 100:.2f} %"
