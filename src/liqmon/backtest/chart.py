"""Price with findings as a PNG, drawn with Pillow (the extra ``chart``)."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from liqmon.backtest.columns import Columns
from liqmon.core.model import (
    Finding,
    Phase,
    PositionSide,
    Severity,
)
from liqmon.errors import UserError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["draw"]

_WIDTH: Final = 1600
_HEIGHT: Final = 800
_SCALE: Final = 2
"""Drawn twice as large and reduced: smooth edges without a drawing library."""

_LEFT, _TOP, _RIGHT, _BOTTOM = 24, 64, 110, 44
_VOLUME: Final = 110
"""Height of the strip with volumes."""

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
    try:
        from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError(
            "--chart: pictures need Pillow, which is not installed",
            hint="pip install 'liqmon[chart]'",
        ) from None
    image = Image.new("RGB", (_WIDTH * _SCALE, _HEIGHT * _SCALE), _PAPER)
    canvas = _Canvas(ImageDraw.Draw(image), columns)
    canvas.axes()
    if moment_ms is not None:
        canvas.moment(moment_ms)
    onsets = [finding for finding in findings if finding.phase is Phase.ONSET]
    for finding in onsets:
        canvas.rule(finding)
    canvas.bars()
    for finding in onsets:
        canvas.mark(finding)
    canvas.words(name, title)
    small = image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
    try:
        small.save(path, format="PNG", optimize=True)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="name another file with --chart",
        ) from error


# the picture


class _Canvas:
    """Draws in points of the final picture."""

    def __init__(self, pen: "ImageDraw", columns: Columns) -> None:
        self._pen = pen
        self._columns = columns
        low, high = np.nanmin(columns.low), np.nanmax(columns.high)
        room = max((high - low) * 0.06, high * 1e-6)
        self._low, self._high = float(low - room), float(high + room)
        self._floor = _HEIGHT - _BOTTOM - _VOLUME
        self._width = _WIDTH - _LEFT - _RIGHT
        self._end_ms = columns.start_ms + columns.step_ms * columns.close.size

    def axes(self) -> None:
        for value in _round_values(self._low, self._high):
            y = self._y(value)
            self._line([(_LEFT, y), (_WIDTH - _RIGHT, y)], _FAINT)
            self._text((_WIDTH - _RIGHT + 8, y - 8), _spoken(value), _QUIET)
        for at_ms, label in _round_times(self._columns.start_ms, self._end_ms):
            x = self._x(at_ms)
            self._line([(x, _TOP), (x, _HEIGHT - _BOTTOM)], _FAINT)
            self._text((x + 4, _HEIGHT - _BOTTOM + 8), label, _QUIET)

    def bars(self) -> None:
        columns = self._columns
        wide = self._width / columns.close.size
        most = float(columns.volume.max()) or 1.0
        body = max(wide * 0.7, 1.0)
        for at in np.flatnonzero(~np.isnan(columns.close)).tolist():
            x = _LEFT + (at + 0.5) * wide
            height = float(columns.volume[at]) / most * (_VOLUME - 10)
            bottom = _HEIGHT - _BOTTOM
            self._box(
                (x - body / 2, bottom - height, x + body / 2, bottom), _VOLUME_INK
            )
            opened, closed = float(columns.open[at]), float(columns.close[at])
            ink = _UP if closed >= opened else _DOWN
            top, foot = (
                self._y(float(columns.high[at])),
                self._y(float(columns.low[at])),
            )
            self._line([(x, top), (x, max(foot, top + 1))], ink)
            if body > 1.0:
                edges = sorted([self._y(opened), self._y(closed)])
                box = (
                    x - body / 2,
                    edges[0],
                    x + body / 2,
                    max(edges[1], edges[0] + 1),
                )
                self._box(box, ink)

    def rule(self, finding: Finding) -> None:
        """Draw a faint line through the moment of the decision."""
        x = self._x(finding.decided_ms)
        ink = _mixed(_SEVERITY[finding.severity], _PAPER)
        self._line([(x, _TOP), (x, self._floor)], ink)

    def mark(self, finding: Finding) -> None:
        """Draw a triangle at the price of the decision, pointing where it went."""
        x, y = self._x(finding.decided_ms), self._y(finding.price_to)
        ink = _SEVERITY[finding.severity]
        way = 1 if finding.liquidated is PositionSide.LONG else -1
        tip, base = y - way * 6, y - way * 22
        corners = [(x, tip), (x - 9, base), (x + 9, base)]
        self._pen.polygon(
            [_scaled(corner) for corner in corners], fill=ink, outline=_PAPER
        )

    def moment(self, at_ms: int) -> None:
        x = self._x(at_ms)
        self._line([(x, _TOP), (x, _HEIGHT - _BOTTOM)], _MOMENT, width=3)

    def words(self, name: str, title: str) -> None:
        self._text((_LEFT, 14), name, _INK, size=22)
        self._text((_LEFT, 40), title, _QUIET)
        x = _WIDTH - _RIGHT - 470
        for severity in (Severity.LOW, Severity.MEDIUM, Severity.HIGH):
            self._box((x, 20, x + 12, 32), _SEVERITY[severity])
            self._text((x + 18, 17), severity.name, _QUIET)
            x += 100
        self._text((x, 17), "down: longs, up: shorts", _QUIET)

    def _x(self, at_ms: float) -> float:
        columns = self._columns
        share = (at_ms - columns.start_ms) / (self._end_ms - columns.start_ms)
        return _LEFT + min(max(share, 0.0), 1.0) * self._width

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._floor - share * (self._floor - _TOP)

    def _line(
        self,
        points: list[tuple[float, float]],
        ink: str,
        *,
        width: int = 1,
    ) -> None:
        thick = width * _SCALE
        self._pen.line([_scaled(point) for point in points], fill=ink, width=thick)

    def _box(self, corners: tuple[float, float, float, float], ink: str) -> None:
        left, top, right, bottom = (round(corner * _SCALE) for corner in corners)
        self._pen.rectangle((left, top, max(right, left), max(bottom, top)), fill=ink)

    def _text(
        self, place: tuple[float, float], text: str, ink: str, *, size: int = 14
    ) -> None:
        self._pen.text(_scaled(place), text, fill=ink, font_size=size * _SCALE)


def _mixed(ink: str, paper: str) -> str:
    """Return a colour that is a third ink."""
    pairs = [
        (int(ink[at : at + 2], 16), int(paper[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{(one + 2 * two) // 3:02x}" for one, two in pairs)


def _scaled(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * _SCALE, point[1] * _SCALE


def _round_values(low: float, high: float) -> Iterator[float]:
    """Yield about six round numbers in between."""
    rough = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    yield from (
        step * count
        for count in range(math.ceil(low / step), math.floor(high / step) + 1)
    )


def _spoken(value: float) -> str:
    digits = max(0, 5 - math.ceil(math.log10(max(abs(value), 1e-9))))
    return f"{value:,.{min(digits, 9)}f}"


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
