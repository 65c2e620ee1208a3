"""One market in full: where it stands, its last hour, and what happened to it."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from liqmon.core.board import MarketRow
from liqmon.core.events import Event, FindingRaised
from liqmon.ui.braille import curve
from liqmon.ui.cells import COLUMNS, View, fitted
from liqmon.ui.controls import Remark
from liqmon.ui.feeds import brief, effective_feed
from liqmon.ui.figures import percent, plain, price
from liqmon.ui.header import packed
from liqmon.ui.look import muted_for_s
from liqmon.ui.panes import event_lines, ruled

__all__ = ["detail_lines"]

_TALLEST: Final = 8
_LOWEST: Final = 3
"""Lines of the curve; with less room there is none."""

_EVENTS: Final = 3
"""Events that the curve leaves room for."""

_LABEL: Final = 13

_CELL: Final = {column.title: column.cell for column in COLUMNS}


def detail_lines(
    row: MarketRow,
    view: View,
    room: int,
    width: int,
    remarks: Sequence[Remark] = (),
) -> list[Text]:
    """Return the pane, at most ``room`` lines of ``width`` cells.

    ``remarks`` are answers to keys, of whatever market: a key works here as well.
    """
    market, glyphs = row.market, view.glyphs
    title = glyphs.between.join((market.name, market.symbol, market.exchange))
    facts = packed(list(_facts(row, view)), width)
    lines = [
        ruled(plain(title), width, glyphs),
        *(fitted(fact, width, glyphs) for fact in facts),
    ]
    left = room - len(lines) - _EVENTS - 1
    if left >= _LOWEST:
        lines += _chart(row, view, min(left, _TALLEST), width)
    told = event_lines(_story(row, view), room - len(lines), width, glyphs, remarks)
    lines += told
    return lines[: max(room, 0)]


def _facts(row: MarketRow, view: View) -> Iterator[Text]:
    yield Text(f"price {price(row.price)}")
    yield Text.assemble("5 min ", _CELL["5m %"](row, view), " %")
    yield Text.assemble("1 h ", _CELL["1h %"](row, view), " %")
    nearness = _CELL["Nearness"](row, view)
    yield Text.assemble("nearness ", (" ".join(nearness.plain.split()), nearness.style))
    yield Text.assemble("feed ", _CELL["Feed"](row, view))
    reason = effective_feed(row, view.board).reason
    if reason:
        yield Text(view.glyphs.text(reason), style="yellow")
    yield Text.assemble("data ", _CELL["Age"](row, view), " old")
    every_s = view.board.interval_s.get(row.market.exchange)
    if every_s is not None:
        yield Text(f"asked every {every_s:g} s")
    yield from _attention(row, view)


def _attention(row: MarketRow, view: View) -> Iterator[Text]:
    muted_s = muted_for_s(row, view.board, view.now_mono)
    if muted_s:
        yield Text(f"muted for {brief(muted_s)}", style="yellow")
    if row.finding is not None and row.finding.episode in view.board.acknowledged:
        yield Text("acknowledged")


def _chart(row: MarketRow, view: View, height: int, width: int) -> Iterator[Text]:
    """Yield the last hour's closes with their highest and lowest, and a time axis."""
    glyphs, closes = view.glyphs, [c for c in row.hour if math.isfinite(c)]
    if len(closes) < 2 or width <= 2 * _LABEL:
        return
    drawn = curve(
        row.hour,
        width=width - _LABEL - 2,
        height=height,
        only_ascii=glyphs.only_ascii,
    )
    labels = [""] * height
    labels[0], labels[-1] = price(max(closes)), price(min(closes))
    for line, label in zip(drawn, labels, strict=True):
        text = Text.assemble(" ", (line, "cyan"), f"{label:>{_LABEL}}")
        yield fitted(text, width, glyphs)
    moved = glyphs.text(percent(row.change_1h))
    axis = f" {'an hour ago':<{width - _LABEL - 6}}now {moved:>{_LABEL}}"
    yield fitted(Text(axis, style="bright_black"), width, glyphs)


def _story(row: MarketRow, view: View) -> tuple[Event, ...]:
    """Return what happened to the market; its last finding at least."""
    recent = view.board.recent.get(row.market.key, ())
    if row.finding is None or any(isinstance(e, FindingRaised) for e in recent):
        return recent
    return (FindingRaised(row.finding.decided_ms, row.finding), *recent)
