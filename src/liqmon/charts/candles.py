"""The hour before a finding as candlesticks: what a reader would look up first.

Times are told in minutes before now, for the reader's zone is unknown. Letters are
large, since on a phone the picture is half as wide; and ASCII, for the built-in font
has little else.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from liqmon.charts.candlesticks import candlesticks
from liqmon.charts.paint import png
from liqmon.charts.scale import Scale, price_text, ticks
from liqmon.charts.shapes import Anchor, Line, Picture, Rect, Shape, Text
from liqmon.core.model import Candles, Finding, PositionSide, Severity

__all__ = ["alt_text", "candle_chart", "drawn"]

_WIDTH: Final = 800
_HEIGHT: Final = 450
_BARS: Final = 60

_LEFT: Final = 16.0
_RIGHT: Final = 672.0
_TOP: Final = 84.0
_BOTTOM: Final = 330.0
_VOLUME_TOP: Final = 342.0
_VOLUME_BOTTOM: Final = 404.0

# Discord's dark theme
_GROUND: Final = "#1e1f22"
_GRID: Final = "#35373c"
_WORDS: Final = "#dbdee1"
_FAINT: Final = "#949ba4"
_UP: Final = "#2dc770"
_DOWN: Final = "#f23f43"
_UP_VOLUME: Final = "#1f6b44"
_DOWN_VOLUME: Final = "#7c2a2f"
_ONSET: Final = "#ff9f1c"

_TO_THE_LEFT: Final[Anchor] = "right"
_TO_THE_RIGHT: Final[Anchor] = "left"

_SEVERITY: Final = {
    Severity.LOW: "#f5a524",
    Severity.MEDIUM: "#f76b15",
    Severity.HIGH: "#e5484d",
    Severity.CRITICAL: "#d6334f",
}


def candle_chart(candles: Candles, finding: Finding) -> bytes:
    """Return the chart as a PNG of 800 by 450 pixels.

    Raises:
        UserError: Pillow is not installed.
        ValueError: there is no candle.
    """
    return png(drawn(candles, finding))


def alt_text(finding: Finding) -> str:
    """Return what the chart shows, for whoever cannot see it."""
    extreme = "low" if finding.liquidated is PositionSide.LONG else "high"
    step = finding.price_from / 10_000
    path = [finding.price_from, finding.price_extreme, finding.price_to]
    begin, worst, now = (price_text(price, step=step) for price in path)
    return (
        f"Candlestick chart of {_ascii(finding.market.name)} on "
        f"{_ascii(finding.market.exchange)}, {finding.timeframe} candles: from {begin} "
        f"at the onset to a {extreme} of {worst}, now {now} "
        f"({finding.change * 100:+.2f} %)."
    )


def drawn(candles: Candles, finding: Finding) -> Picture:
    """Return the chart before it is painted.

    Raises:
        ValueError: there is no candle.
    """
    shown = candles.rows(slice(-_BARS, None))
    if len(shown) == 0:
        raise ValueError("a chart of no candles")
    plot = _Plot.of(shown, finding)
    shapes = (
        *_grid(plot),
        *_volumes(plot),
        *_onset(plot, finding),
        *candlesticks(shown, plot.places(), plot.y, up=_UP, down=_DOWN, stroke=1.5),
        *_extreme(plot, finding),
        *_last_price(plot, finding),
        *_times(plot),
        *_headline(finding),
    )
    return Picture(_WIDTH, _HEIGHT, _GROUND, shapes)


@dataclass(frozen=True, slots=True, eq=False)
class _Plot:
    """The bars shown, and where times and prices lie."""

    bars: Candles
    x: Scale
    y: Scale

    @classmethod
    def of(cls, bars: Candles, finding: Finding) -> "_Plot":
        low, high = float(bars.low.min()), float(bars.high.max())
        worst = finding.price_extreme
        # a finding may know a price that no closed bar has; nonsense it may not bring
        if math.isfinite(worst) and 0.5 * low < worst < 2.0 * high:
            low, high = min(low, worst), max(high, worst)
        room = max(0.06 * (high - low), 0.0005 * high)
        length_ms = bars.timeframe_ms
        end_ms = int(bars.open_ms[-1]) + length_ms
        return cls(
            bars,
            Scale(end_ms - _BARS * length_ms, end_ms, _LEFT, _RIGHT),
            Scale(low - room, high + room, _BOTTOM, _TOP),
        )

    @property
    def end_ms(self) -> int:
        return int(self.bars.open_ms[-1]) + self.bars.timeframe_ms

    def middle(self, bar: int) -> float:
        return self.x(float(self.bars.open_ms[bar]) + self.bars.timeframe_ms / 2)

    def places(self) -> Iterator[tuple[int, float, float]]:
        """Yield each bar's number, left and right edge."""
        half = 0.36 * (_RIGHT - _LEFT) / _BARS
        for bar in range(len(self.bars)):
            middle = self.middle(bar)
            yield bar, middle - half, middle + half


def _grid(plot: _Plot) -> Iterator[Shape]:
    values = list(ticks(plot.y.low, plot.y.high, most=5))
    step = values[1] - values[0] if len(values) > 1 else plot.y.high - plot.y.low
    tag = plot.y(float(plot.bars.close[-1]))
    for value in values:
        y = plot.y(value)
        yield Line(_LEFT, y, _RIGHT, y, _GRID)
        if abs(y - tag) > 26:
            yield _beside(y, price_text(value, step=step), _FAINT)


def _volumes(plot: _Plot) -> Iterator[Shape]:
    most = float(plot.bars.volume.max())
    if most <= 0:
        return
    height = Scale(0.0, most, _VOLUME_BOTTOM, _VOLUME_TOP)
    rose = plot.bars.close >= plot.bars.open
    for bar, left, right in plot.places():
        top = height(float(plot.bars.volume[bar]))
        color = _UP_VOLUME if rose[bar] else _DOWN_VOLUME
        yield Rect(left, top, right, _VOLUME_BOTTOM, color)
    yield _beside((_VOLUME_TOP + _VOLUME_BOTTOM) / 2, "volume", _FAINT)


def _onset(plot: _Plot, finding: Finding) -> Iterator[Shape]:
    if not plot.x.low <= finding.onset_ms <= plot.end_ms:
        return
    x = plot.x(finding.onset_ms)
    yield Line(x, _TOP - 4, x, _VOLUME_BOTTOM, _ONSET, 2.0, dash=6.0)
    # among the volumes, which are low before an onset: prices may be anywhere
    yield Text(x - 8, _VOLUME_TOP + 8, "onset", _ONSET, 20, "right")


def _extreme(plot: _Plot, finding: Finding) -> Iterator[Shape]:
    worst = finding.price_extreme
    if not plot.y.low <= worst <= plot.y.high:
        return
    is_low = finding.liquidated is PositionSide.LONG
    since = plot.bars.open_ms >= finding.onset_ms
    prices = plot.bars.low if is_low else -plot.bars.high
    bar = int(np.argmin(np.where(since, prices, prices.max()))) if since.any() else -1
    x, y = plot.middle(bar), plot.y(worst)
    word = "low" if is_low else "high"
    told = f"{word} {price_text(worst, step=worst / 10_000)}"
    yield Line(x - 7, y, x + 7, y, _WORDS, 2.0)
    # below or above all bars, on the side of those that led there if there is room
    below = min(y + 15, _BOTTOM + 2) if is_low else max(y - 15, _TOP)
    is_far = x > _LEFT + 200
    at, anchor = (x - 12, _TO_THE_LEFT) if is_far else (x + 12, _TO_THE_RIGHT)
    yield Text(at, below, told, _WORDS, 20, anchor)


def _last_price(plot: _Plot, finding: Finding) -> Iterator[Shape]:
    price = float(plot.bars.close[-1])
    y, color = plot.y(price), _SEVERITY[finding.severity]
    yield Line(_LEFT, y, _RIGHT, y, color, 1.0, dash=2.0)
    yield Rect(_RIGHT + 4, y - 14, _WIDTH - 4, y + 14, color)
    yield _beside(y, price_text(price, step=price / 10_000), "#ffffff")


def _beside(y: float, words: str, color: str) -> Text:
    """Return a label of the axis, smaller if it is long."""
    room = _WIDTH - 8 - (_RIGHT + 12)
    return Text(_RIGHT + 12, y, words, color, min(20.0, room / (0.6 * len(words))))


def _times(plot: _Plot) -> Iterator[Shape]:
    quarter_min = _BARS * plot.bars.timeframe_ms / 60_000 / 4
    for quarter in range(1, 4):
        ago = round(quarter * quarter_min)
        x = plot.x(plot.end_ms - ago * 60_000)
        yield Text(x, 428, f"{ago} min ago", _FAINT, 20, "middle")
    yield Text(_RIGHT, 428, "now", _FAINT, 20, "right")


def _headline(finding: Finding) -> Iterator[Shape]:
    color = _SEVERITY[finding.severity]
    yield Rect(0, 0, 6, _HEIGHT, color)
    name = f"{_ascii(finding.market.name)[:18]} {finding.timeframe}"
    yield Text(20, 30, name, "#ffffff", 30)
    where = f"{finding.liquidated.value} liquidations, {finding.severity.name}"
    yield Text(20, 62, where, color, 22)
    move = f"{finding.change * 100:+.2f} %"
    yield Text(_WIDTH - 16, 30, move, "#ffffff", 30, "right")
    yield Text(_WIDTH - 16, 62, _ascii(finding.market.exchange), _FAINT, 22, "right")


def _ascii(text: str) -> str:
    return "".join(
        char if char.isascii() and char.isprintable() else "?" for char in text
    )
