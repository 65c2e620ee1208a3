"""The conditions of one moment, as text and as a picture."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from liqmon.backtest.chart import draw
from liqmon.backtest.columns import gathered
from liqmon.backtest.explain import Explained, Window, explain
from liqmon.backtest.sources import Source
from liqmon.cli.backtesting import FINDING_HEAD, finding_cells
from liqmon.cli.moments import moment_ms
from liqmon.cli.recorded import Recorded, threshold_of, with_companions
from liqmon.core.confidence import odds
from liqmon.core.episode import EpisodePolicy
from liqmon.settings.models import Settings
from liqmon.ui.columns import columns
from liqmon.ui.figures import UNKNOWN, counted, day_and_time, percent, price

__all__ = ["run_explain"]

_HOUR_MS: Final = 3_600_000
_BEFORE_MS: Final = 4 * _HOUR_MS
_AFTER_MS: Final = 2 * _HOUR_MS
"""What the picture shows around the moment."""


def run_explain(
    recorded: Recorded,
    settings: Settings,
    *,
    at: str,
    threshold: float | None,
    chart: Path | None,
) -> None:
    """Print why the market was, or was not, found at that moment.

    Raises:
        UserError: there are no candles of that time.
    """
    source, companions = with_companions(recorded, settings)
    at_ms = moment_ms(at, option="--at")
    if threshold is None:
        threshold = threshold_of(source, settings)
    told = explain(
        source,
        companions,
        at_ms=at_ms,
        until_ms=at_ms + _AFTER_MS,
        policy=EpisodePolicy(
            threshold,
            round(settings.detector.cooldown_s * 1000),
            settings.detector.builds_from,
        ),
    )
    sys.stdout.writelines(f"{line}\n" for line in _text(told, threshold))
    if chart is not None:
        _draw(chart, source, told, at_ms)


def _text(told: Explained, threshold: float) -> Iterator[str]:
    yield (
        f"{told.market.name} {told.timeframe} on {told.market.exchange}, "
        f"the bar that closed at {day_and_time(told.end_ms)} UTC"
    )
    prices = zip(("open", "high", "low", "close"), _prices(told), strict=True)
    spoken = ", ".join(f"{name} {price(value)}" for name, value in prices)
    yield f"{spoken}, volume {told.volume:,.6g}"
    yield ""
    head = ("window", "move", "usual", "z", "volume", "S")
    yield from columns(head, [*map(_cells, told.windows)], left=1)
    yield ""
    yield from _verdict(told, threshold)
    if told.findings:
        yield ""
        rows = [(*finding_cells(one), one.phase.value) for one in told.findings]
        yield from columns((*FINDING_HEAD, "phase"), rows, left=4)


def _prices(told: Explained) -> tuple[float, ...]:
    return told.open, told.high, told.low, told.close


def _cells(window: Window) -> tuple[str, ...]:
    usual = UNKNOWN if window.usual is None else f"{window.usual * 100:.2f} %"
    return (
        f"{window.minutes} min",
        percent(window.change),
        usual,
        _number(window.move),
        UNKNOWN if window.times is None else f"{window.times:.1f} x",
        _number(window.score),
    )


def _number(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _verdict(told: Explained, threshold: float) -> Iterator[str]:
    reading = told.reading
    yield f"baseline    {told.have_h:.1f} h of candles; {told.need_h:g} h are needed"
    if reading is None:
        why = "warming up" if told.have_h < told.need_h else "a gap in the candles"
        yield f"verdict     none: {why}"
        return
    yield f"strength    {_number(told.strength)}, the mean of S"
    if told.companions:
        others = counted(told.companions, "other market")
        yield f"companions  {told.breadth:.2f}, of {others}"
    else:
        yield f"companions  none, which counts as {told.breadth:.2f}"
    verdict = "fires" if reading.nearness >= 1.0 else "does not fire"
    yield (
        f"score       {reading.score:.2f} for {reading.liquidated.value}s, "
        f"threshold {threshold:g}: {verdict} ({reading.nearness:.0%})"
    )
    if reading.confidence is not None:
        share = odds(reading.confidence)
        yield f"confidence  {reading.confidence:.2f}: about {share} such were cascades"


def _draw(path: Path, source: Source, told: Explained, at_ms: int) -> None:
    start_ms, end_ms = at_ms - _BEFORE_MS, at_ms + _AFTER_MS
    draw(
        path,
        gathered(source.parts(start_ms, end_ms), start_ms, end_ms),
        [finding for finding in told.findings if finding.decided_ms >= start_ms],
        name=f"{told.market.name} {told.timeframe} ({told.market.exchange})",
        title=f"around {day_and_time(at_ms)} UTC",
        moment_ms=at_ms,
    )
