"""One market's line: every cell a function of the row and the moment.

Direction has an arrow and a colour, severity a shape and a colour: neither depends on
colour alone. Colours are the terminal's own, by name, so that themes work.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.model import PositionSide, Severity
from liqmon.ui.feeds import (
    FEED_STYLE,
    brief,
    effective_feed,
    feed_words,
    few_feed_words,
)
from liqmon.ui.figures import UNKNOWN, is_open, percent, price, time_of_day
from liqmon.ui.glyphs import Glyphs
from liqmon.ui.look import Look, alarm, muted_for_s

__all__ = [
    "COLUMNS",
    "NARROW_FEED",
    "SEVERITY_STYLE",
    "Column",
    "View",
    "fitted",
]

_BAR_CELLS: Final = 12
_NEAR: Final = 0.6
"""From here on a market is worth a glance: yellow."""

_LATE: Final = 2.0
"""Data older than this many intervals are shown yellow, twice that red."""

SEVERITY_STYLE: Final = {
    Severity.LOW: "yellow",
    Severity.MEDIUM: "bright_yellow",
    Severity.HIGH: "bright_red",
    Severity.CRITICAL: "bold bright_red",
}


@dataclass(frozen=True, slots=True)
class View:
    """What a cell may look at besides its row."""

    board: BoardSnapshot
    glyphs: Glyphs
    now_mono: float
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of fixed ``width``; a higher ``priority`` is dropped first."""

    title: str
    width: int
    priority: int
    cell: Callable[[MarketRow, View], Text]
    right: bool = False

    def draw(self, row: MarketRow, view: View, width: int) -> Text:
        """Return the row's cell, exactly ``width`` cells wide."""
        return fitted(self.cell(row, view), width, view.glyphs, right=self.right)

    def head(self, width: int, glyphs: Glyphs) -> Text:
        """Return the title, exactly ``width`` cells wide."""
        title = Text(self.title, style="bold")
        return fitted(title, width, glyphs, right=self.right)


def fitted(text: Text, width: int, glyphs: Glyphs, *, right: bool = False) -> Text:
    """Return ``text`` padded or cut to exactly ``width`` cells."""
    if cell_len(text.plain) > width:
        more = glyphs.more if width > 3 else ""
        text = text.copy()
        text.truncate(width - len(more), overflow="crop")
        text.append(more)
    room = " " * (width - cell_len(text.plain))
    return Text.assemble(room, text) if right else Text.assemble(text, room)


def _symbol(row: MarketRow, view: View) -> Text:
    """Return severity's shape, a mark, the cursor, and the name."""
    glyphs = view.glyphs
    severity = alarm(row, view.board)
    cursor = glyphs.cursor if row.market.key == view.look.selected else " "
    told = f"{_shape(row, glyphs)}{_mark(row, view)}{cursor}"
    style = SEVERITY_STYLE[severity] if severity is not None else ""
    return Text(f"{told}{glyphs.text(row.market.name)}", style=style)


def _shape(row: MarketRow, glyphs: Glyphs) -> str:
    if row.finding is None or not is_open(row.finding):
        return " "
    return glyphs.severe if row.finding.severity >= Severity.HIGH else glyphs.mild


def _mark(row: MarketRow, view: View) -> str:
    """Return the key that was pressed for this market: m for muted, a for seen."""
    if muted_for_s(row, view.board, view.now_mono):
        return "m"
    is_seen = row.finding is not None and row.finding.episode in view.board.acknowledged
    return "a" if is_seen and is_open(row.finding) else " "


def _exchange(row: MarketRow, view: View) -> Text:
    return Text(view.glyphs.text(row.market.exchange))


def _price(row: MarketRow, view: View) -> Text:
    return Text(view.glyphs.text(price(row.price)))


def _change(row: MarketRow, view: View) -> Text:
    return _moved(row.change, view.glyphs)


def _change_1h(row: MarketRow, view: View) -> Text:
    return _moved(row.change_1h, view.glyphs)


def _moved(change: float | None, glyphs: Glyphs) -> Text:
    if change is None or not math.isfinite(change):
        return Text(glyphs.text(UNKNOWN), style="bright_black")
    figure = f"{abs(change) * 100:.2f}"
    if float(figure) == 0:
        return Text(figure, style="bright_black")
    if change < 0:
        return Text(f"{glyphs.down}{figure}", style="red")
    return Text(f"{glyphs.up}{figure}", style="green")


def _nearness(row: MarketRow, view: View) -> Text:
    if row.warmup is not None:
        have, need = math.floor(row.warmup.have_h), math.ceil(row.warmup.need_h)
        return Text(f"warming up {have} of {need} h", style="bright_black")
    if row.nearness is None or not math.isfinite(row.nearness):
        return Text(view.glyphs.text(UNKNOWN), style="bright_black")
    bar = _bar(row.nearness, view.glyphs)
    side = _side(row.liquidated, view.glyphs)
    shown = f"{bar} {min(row.nearness, 9.99):>5.0%} {side}"
    return Text(shown, style=_nearness_style(row.nearness))


def _side(liquidated: PositionSide | None, glyphs: Glyphs) -> str:
    """Return the way the price goes, and L or S for whose positions are closed."""
    match liquidated:
        case PositionSide.LONG:
            return f"{glyphs.down}L"
        case PositionSide.SHORT:
            return f"{glyphs.up}S"
        case None:
            return ""


def _nearness_style(nearness: float) -> str:
    if nearness >= 1:
        return "bright_red"
    return "yellow" if nearness >= _NEAR else "cyan"


def _bar(fraction: float, glyphs: Glyphs) -> str:
    """Return a bar that is full at 1."""
    steps = len(glyphs.bar) - 1
    filled = round(min(max(fraction, 0.0), 1.0) * _BAR_CELLS * steps)
    whole, part = divmod(filled, steps)
    bar = glyphs.bar[-1] * whole + (glyphs.bar[part] if part else "")
    return bar.ljust(_BAR_CELLS)


def _spark(row: MarketRow, view: View) -> Text:
    closes = [close for close in row.spark if math.isfinite(close)]
    if len(closes) < 2:
        return Text("")
    points = [closes[at] for at in _spread(len(closes), _SPARK.width)]
    low, high = min(points), max(points)
    levels = len(view.glyphs.spark) - 1
    scale = levels / (high - low) if high > low else 0.0
    line = (view.glyphs.spark[round((point - low) * scale)] for point in points)
    return Text("".join(line), style="cyan")


def _spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` places out of ``count``, evenly, the last among them."""
    shown = min(count, most)
    return [(at + 1) * count // shown - 1 for at in range(shown)]


def _feed(row: MarketRow, view: View) -> Text:
    return _feed_as(feed_words, row, view)


def _narrow_feed(row: MarketRow, view: View) -> Text:
    return _feed_as(few_feed_words, row, view)


def _feed_as(
    told: Callable[[Feed, MarketRow, float], str], row: MarketRow, view: View
) -> Text:
    feed = effective_feed(row, view.board)
    words = told(feed, row, view.now_mono)
    mark = "" if view.glyphs.only_ascii else f"{view.glyphs.feed[feed.state]} "
    return Text(view.glyphs.text(f"{mark}{words}"), style=FEED_STYLE[feed.state])


def _age(row: MarketRow, view: View) -> Text:
    if row.updated_mono is None:
        return Text(view.glyphs.text(UNKNOWN), style="bright_black")
    age_s = view.now_mono - row.updated_mono
    late = age_s / (view.board.interval_s.get(row.market.exchange, 5.0) * _LATE)
    style = "red" if late > 2 else "yellow" if late > 1 else ""
    return Text(brief(age_s), style=style)


def _last(row: MarketRow, view: View) -> Text:
    finding = row.finding
    if finding is None:
        return Text("")
    falls = finding.liquidated is PositionSide.LONG
    arrow = view.glyphs.down if falls else view.glyphs.up
    at = time_of_day(finding.onset_ms)[:5]
    moved = percent(finding.change, digits=1).replace(" ", "")
    words = f"{finding.liquidated.name} {finding.severity.name} {at} {moved}"
    style = SEVERITY_STYLE[finding.severity] if is_open(finding) else "bright_black"
    return Text(f"{arrow}{view.glyphs.text(words)}", style=style)


_SPARK = Column("Price 30m", 15, 5, _spark)

COLUMNS: Final = (
    Column("   Symbol", 15, 1, _symbol),
    Column("Exchange", 10, 2, _exchange),
    Column("Price", 11, 1, _price, right=True),
    Column("5m %", 6, 2, _change, right=True),
    Column("1h %", 6, 6, _change_1h, right=True),
    Column("Nearness", 21, 3, _nearness),
    _SPARK,
    Column("Feed", 16, 1, _feed),
    Column("Age", 4, 3, _age, right=True),
    Column("Last finding", 25, 4, _last),
)

NARROW_FEED: Final = Column("Feed", 16, 1, _narrow_feed)
"""The feed where it has to do with less than its width."""
