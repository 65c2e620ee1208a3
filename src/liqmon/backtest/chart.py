"""Price with findings as a PNG; needs the extra ``chart`` (Pillow)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from liqmon.backtest.columns import Columns
from liqmon.charts.candlesticks import candlesticks
from liqmon.charts.paint import png
from liqmon.charts.scale import Scale, price_text, ticks
from liqmon.charts.shapes import Line, Picture, Polygon, Rect, Shape, Text
from liqmon.core.model import Finding, Phase, PositionSide, Severity
from liqmon.errors import UserError

__all__ = ["draw", "drawn"]

_WIDTH: Final = 1600
_HEIGHT: Final = 800

_LEFT: Final = 24.0
_RIGHT: Final = 1490.0
_TOP: Final = 64.0
_BOTTOM: Final = 646.0
_VOLUME_TOP: Final = 656.0
_VOLUME_BOTTOM: Final = 756.0

_SIZE: Final = 14.0
"""Of all letters but those of the market's name."""

_INK: Final = "#dbdee1"
_FAINT: Final = "#3a3d44"
_QUIET: Final = "#949ba4"
_PAPER: Final = "#1e1f22"
_UP: Final = "#3ba55d"
_DOWN: Final = "#d9534f"
_VOLUME_INK: Final = "#4e5058"
_MOMENT: Final = "#5865f2"

_SEVERITY: Final = {
    Severity.LOW: "#f0b132",
    Severity.MEDIUM: "#f57731",
    Severity.HIGH: "#ed4245",
    Severity.CRITICAL: "#9b1c31",
}

_MINUTES: Final = (5, 10, 15, 30, 60, 120, 240, 480, 720)
_DAYS: Final = (1, 2, 5, 7, 14, 28, 56, 91, 182, 364)
_STEPS_S: Final = (
    *(minutes * 60 for minutes in _MINUTES),
    *(days * 86_400 for days in _DAYS),
)


def draw(
    path: Path,
    columns: Columns,
    findings: Sequence[Finding],
    *,
    name: str,
    title: str,
    moment_ms: int | None = None,
) -> None:
    """Write the picture; ``moment_ms`` is marked if it is not None.

    Raises:
        UserError: Pillow is not installed, or the file cannot be written.
    """
    picture = drawn(columns, findings, name=name, title=title, moment_ms=moment_ms)
    painted = png(picture)
    try:
        path.write_bytes(painted)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="name another file with --chart",
        ) from error


def drawn(
    columns: Columns,
    findings: Sequence[Finding],
    *,
    name: str,
    title: str,
    moment_ms: int | None = None,
) -> Picture:
    """Return the picture before it is painted."""
    plot = _Plot.of(columns)
    onsets = [finding for finding in findings if finding.phase is Phase.ONSET]
    shapes = (
        *_prices(plot),
        *_times(plot),
        *_moment(plot, moment_ms),
        *(_rule(plot, finding) for finding in onsets),
        *_volumes(plot),
        *candlesticks(
            plot.columns, plot.known(), plot.y, up=_UP, down=_DOWN, stroke=1.0
        ),
        *(_mark(plot, finding) for finding in onsets),
        *_words(name, title),
        *_legend(),
    )
    return Picture(_WIDTH, _HEIGHT, _PAPER, shapes)


@dataclass(frozen=True, slots=True, eq=False)
class _Plot:
    """The columns shown, and where times and prices lie."""

    columns: Columns
    x: Scale
    y: Scale

    @classmethod
    def of(cls, columns: Columns) -> "_Plot":
        low, high = float(np.nanmin(columns.low)), float(np.nanmax(columns.high))
        room = max(0.06 * (high - low), 1e-6 * high)
        end_ms = columns.start_ms + columns.step_ms * columns.close.size
        return cls(
            columns,
            Scale(columns.start_ms, end_ms, _LEFT, _RIGHT),
            Scale(low - room, high + room, _BOTTOM, _TOP),
        )

    def known(self) -> Iterator[tuple[int, float, float]]:
        """Yield the number and both edges of each column with a price."""
        wide = (_RIGHT - _LEFT) / self.columns.close.size
        # columns too dense for gaps between them touch
        half = max(0.35 * wide, 1.0)
        for at in np.flatnonzero(~np.isnan(self.columns.close)).tolist():
            middle = _LEFT + (at + 0.5) * wide
            yield at, middle - half, middle + half


def _prices(plot: _Plot) -> Iterator[Shape]:
    values = list(ticks(plot.y.low, plot.y.high, most=6))
    step = values[1] - values[0]
    for value in values:
        y = plot.y(value)
        yield Line(_LEFT, y, _RIGHT, y, _FAINT)
        yield Text(_RIGHT + 8, y, price_text(value, step=step), _QUIET, _SIZE)


def _times(plot: _Plot) -> Iterator[Shape]:
    for at_ms, label in _round_times(plot.x.low, plot.x.high):
        x = plot.x(at_ms)
        yield Line(x, _TOP, x, _VOLUME_BOTTOM, _FAINT)
        yield Text(x + 4, _VOLUME_BOTTOM + 17, label, _QUIET, _SIZE)


def _moment(plot: _Plot, moment_ms: int | None) -> Iterator[Shape]:
    if moment_ms is not None:
        x = plot.x(moment_ms)
        yield Line(x, _TOP, x, _VOLUME_BOTTOM, _MOMENT, 3.0)


def _rule(plot: _Plot, finding: Finding) -> Line:
    """Return a faint line through the moment of the decision."""
    x = plot.x(finding.decided_ms)
    return Line(x, _TOP, x, _BOTTOM, _mixed(_SEVERITY[finding.severity], _PAPER))


def _volumes(plot: _Plot) -> Iterator[Shape]:
    most = float(plot.columns.volume.max()) or 1.0
    height = Scale(0.0, most, _VOLUME_BOTTOM, _VOLUME_TOP)
    for at, left, right in plot.known():
        top = height(float(plot.columns.volume[at]))
        yield Rect(left, top, right, _VOLUME_BOTTOM, _VOLUME_INK)


def _mark(plot: _Plot, finding: Finding) -> Polygon:
    """Return a triangle at the price of the decision, pointing where it went."""
    x, y = plot.x(finding.decided_ms), plot.y(finding.price_to)
    way = 1 if finding.liquidated is PositionSide.LONG else -1
    tip, base = y - way * 6, y - way * 22
    corners = (x, tip), (x - 9, base), (x + 9, base)
    return Polygon(corners, _SEVERITY[finding.severity])


def _words(name: str, title: str) -> Iterator[Shape]:
    yield Text(_LEFT, 27, _ascii(name), _INK, 22)
    yield Text(_LEFT, 49, _ascii(title), _QUIET, _SIZE)


def _legend() -> Iterator[Shape]:
    x = _RIGHT - 470
    for severity in (Severity.LOW, Severity.MEDIUM, Severity.HIGH):
        yield Rect(x, 20, x + 12, 32, _SEVERITY[severity])
        yield Text(x + 18, 26, severity.name, _QUIET, _SIZE)
        x += 100
    yield Text(x, 26, "down: longs, up: shorts", _QUIET, _SIZE)


def _mixed(ink: str, paper: str) -> str:
    """Return a colour that is a third ink."""
    pairs = [
        (int(ink[at : at + 2], 16), int(paper[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{(one + 2 * two) // 3:02x}" for one, two in pairs)


def _ascii(text: str) -> str:
    return text.encode("ascii", errors="replace").decode("ascii")


def _round_times(start_ms: float, end_ms: float) -> Iterator[tuple[float, str]]:
    """Yield at most nine round times with their labels."""
    span_s = (end_ms - start_ms) / 1000
    step_s = next((step for step in _STEPS_S if span_s / step <= 9), _STEPS_S[-1])
    at_s = math.ceil(start_ms / 1000 / step_s) * step_s
    while at_s * 1000 < end_ms:
        moment = datetime.fromtimestamp(at_s, tz=UTC)
        new_day = step_s >= 86_400 or moment.hour == moment.minute == 0
        yield at_s * 1000.0, f"{moment:%Y-%m-%d}" if new_day else f"{moment:%H:%M}"
        at_s += step_s
