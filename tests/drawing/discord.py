"""A message as Discord draws it in its dark theme, from the body that is sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from drawing.markdown import BLUE, FAINT, WHITE, Run, lines
from drawing.svg import box, document, elements
from liqmon.charts.shapes import Picture

__all__ = ["message"]

_WIDTH: Final = 600
_LEFT: Final = 72.0
_CARD: Final = 500.0
_INSIDE: Final = _LEFT + 20
_ROOM: Final = _CARD - 36

_CIRCLES: Final = {"🟡": "#fdcb58", "🟠": "#f4900c", "🔴": "#dd2e44", "⚪": "#e6e7e8"}
_TRENDS: Final = {
    "📉": ("0,2 5,6 9,4 15,13", "#dd2e44"),
    "📈": ("0,13 5,8 9,10 15,2", ""),
}


def message(body: Mapping[str, Any], chart: Picture) -> str:
    """Return the picture of a message with one card and its attached chart."""
    [embed] = body["embeds"]
    sent = datetime.fromisoformat(embed["timestamp"])
    page = _Page(int(sent.timestamp()))
    page.add(_author(sent))
    page.y = 48.0
    page.text(body["content"], _LEFT, 15, room=_WIDTH - _LEFT - 20)
    top = page.y = page.y + 10
    page.y += 14
    _card(page, embed, chart, sent)
    bottom = page.y + 6
    bar = f"#{embed['color']:06x}"
    back = (
        box(0, 0, _WIDTH, bottom + 18, "#313338", round_by=8),
        box(_LEFT, top, _CARD, bottom - top, "#2b2d31", round_by=4),
        box(_LEFT, top, 4, bottom - top, bar, round_by=2),
    )
    return document(_WIDTH, round(bottom + 18), (*back, *page.elements))


@dataclass(slots=True)
class _Page:
    """What has been set so far; ``y`` is the top of what comes next."""

    now_s: int
    y: float = 0.0
    elements: list[str] = field(default_factory=list)

    def add(self, elements: Iterable[str]) -> None:
        self.elements.extend(elements)

    def text(
        self, words: str, x: float, size: float, *, room: float, look: Run | None = None
    ) -> None:
        """Set a text below what there is, its sign in front as a drawing."""
        sign, rest = _sign(words)
        if sign:
            self.add([_drawn(sign, x, self.y, size)])
        indent = 1.5 * size if sign else 0.0
        for number, line in enumerate(
            lines(rest, now_s=self.now_s, size=size, room=room - indent)
        ):
            runs = (
                line
                if look is None
                else [Run(r.words, look.color, look.bold) for r in line]
            )
            begin = x + (indent if number == 0 else 0.0)
            self.add([_line(runs, begin, self.y + size, size)])
            self.y += 1.35 * size


def _card(
    page: _Page, embed: Mapping[str, Any], chart: Picture, sent: datetime
) -> None:
    page.text(embed["title"], _INSIDE, 16, room=_ROOM, look=Run("", BLUE, bold=True))
    page.y += 6
    page.text(embed["description"], _INSIDE, 14, room=_ROOM)
    for row in _rows(embed["fields"]):
        page.y += 8
        _fields(page, row)
    page.y += 12
    high = _ROOM * chart.height / chart.width
    frame = (
        f'<svg x="{_INSIDE:.0f}" y="{page.y:.0f}" width="{_ROOM:.0f}" '
        f'height="{high:.0f}" viewBox="0 0 {chart.width} {chart.height}">'
    )
    page.add([frame, *elements(chart), "</svg>"])
    page.y += high + 10
    footer = f"{embed['footer']['text']} • {sent:%H:%M}"
    page.text(footer, _INSIDE, 12, room=_ROOM)


def _rows(fields: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield fields that stand beside each other: three that are inline, or one."""
    row: list[Mapping[str, Any]] = []
    for one in fields:
        if row and (len(row) == 3 or not one["inline"] or not row[-1]["inline"]):
            yield row
            row = []
        row.append(one)
    yield row


def _fields(page: _Page, row: list[Mapping[str, Any]]) -> None:
    top, bottom = page.y, page.y
    for column, one in enumerate(row):
        page.y = top
        room = _ROOM / len(row) - 8
        x = _INSIDE + column * _ROOM / len(row)
        page.text(one["name"], x, 14, room=room, look=Run("", WHITE, bold=True))
        page.text(one["value"], x, 14, room=room)
        bottom = max(bottom, page.y)
    page.y = bottom


def _author(sent: datetime) -> Iterator[str]:
    yield '<circle cx="36" cy="36" r="20" fill="#5865f2"/>'
    yield (
        '<polyline points="26,28 33,35 38,32 46,44" fill="none" stroke="#ffffff" '
        'stroke-width="3"/>'
    )
    yield _line([Run("liqmon", WHITE, bold=True)], _LEFT, 34, 16)
    yield box(_LEFT + 64, 21, 34, 16, "#5865f2", round_by=4)
    yield _line([Run("APP", "#ffffff", bold=True)], _LEFT + 69, 33, 10)
    yield _line([Run(f"Today at {sent:%H:%M}", FAINT)], _LEFT + 106, 33, 12)


def _sign(words: str) -> tuple[str, str]:
    sign, _, rest = words.partition(" ")
    return (sign, rest) if sign in _CIRCLES or sign in _TRENDS else ("", words)


def _drawn(sign: str, x: float, y: float, size: float) -> str:
    """Return an emoji as a drawing: not every viewer has a font for it."""
    if sign in _CIRCLES:
        half = size / 2
        return (
            f'<circle cx="{x + half:.1f}" cy="{y + half + 2:.1f}" r="{half:.1f}" '
            f'fill="{_CIRCLES[sign]}"/>'
        )
    points, color = _TRENDS[sign]
    return (
        f'<g transform="translate({x:.1f} {y + 1:.1f})">'
        '<rect width="16" height="16" rx="2" fill="#e6e7e8"/>'
        f'<polyline points="{points}" fill="none" stroke="{color}" '
        'stroke-width="2"/></g>'
    )


def _line(runs: Iterable[Run], x: float, y: float, size: float) -> str:
    spans = "".join(map(_span, _joined(runs)))
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" xml:space="preserve">'
        f"{spans}</text>"
    )


def _span(run: Run) -> str:
    weight = ' font-weight="700"' if run.bold else ""
    return f'<tspan fill="{run.color}"{weight}>{escape(run.words)}</tspan>'


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield neighbours of one look as one."""
    before: Run | None = None
    for run in runs:
        if before and (before.color, before.bold) == (run.color, run.bold):
            before = Run(before.words + run.words, run.color, run.bold)
            continue
        if before:
            yield before
        before = run
    if before:
        yield before
