"""One market's line: every cell a function of the row and the moment.

Direction has an arrow and a colour, severity a shape and a colour: neither depends on
colour alone. Colours are the terminal's own, by name, so that themes work.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.events import FeedState
from liqmon.core.model import Finding, PositionSide, Severity
from liqmon.ui.figures import UNKNOWN, is_open, percent, price, time_of_day
from liqmon.ui.glyphs import Glyphs

__all__ = [
    "COLUMNS",
    "FEED_STYLE",
    "SEVERITY_STYLE",
    "Column",
    "View",
    "effective_feed",
    "fitted",
]

_BAR_CELLS: Final = 12
_NEAR: Final = 0.6
"""From here on a market is worth a glance: yellow."""

_LATE: Final = 2.0
"""Data older than this many intervals are shown yellow, twice that red."""

FEED_STYLE: Final = {
    FeedState.CONNECTING: "bright_black",
    FeedState.OK: "green",
    FeedState.RETRY: "yellow",
    FeedState.HEALING: "yellow",
    FeedState.COOLING: "yellow",
    FeedState.STALE: "red",
    FeedState.UNAVAILABLE: "red",
    FeedState.BLOCKED: "red",
    FeedState.REJECTED: "red",
}

_WHOLE_EXCHANGE: Final = frozenset(
    {FeedState.COOLING, FeedState.UNAVAILABLE, FeedState.BLOCKED}
)
"""What an exchange says of all its markets at once."""

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


def effective_feed(row: MarketRow, board: BoardSnapshot) -> Feed:
    """Return the row's feed state, or its exchange's where that decides."""
    exchange = board.exchanges.get(row.market.exchange)
    if exchange is not None and exchange.state in _WHOLE_EXCHANGE:
        return exchange
    return row.feed


def _symbol(row: MarketRow, view: View) -> Text:
    name = view.glyphs.text(row.market.name)
    if row.finding is None or not is_open(row.finding):
        return Text(f"  {name}")
    style = SEVERITY_STYLE[row.finding.severity]
    return Text(f"{_shape(row.finding, view.glyphs)} {name}", style=style)


def _shape(finding: Finding, glyphs: Glyphs) -> str:
    return glyphs.severe if finding.severity >= Severity.HIGH else glyphs.mild


def _exchange(row: MarketRow, view: View) -> Text:
    return Text(view.glyphs.text(row.market.exchange))


def _price(row: MarketRow, view: View) -> Text:
    return Text(view.glyphs.text(price(row.price)))


def _change(row: MarketRow, view: View) -> Text:
    if row.change is None or not math.isfinite(row.change):
        return Text(view.glyphs.text(UNKNOWN), style="bright_black")
    figure = f"{abs(row.change) * 100:.2f}"
    if float(figure) == 0:
        return Text(figure, style="bright_black")
    if row.change < 0:
        return Text(f"{view.glyphs.down}{figure}", style="red")
    return Text(f"{view.glyphs.up}{figure}", style="green")


def _nearness(row: MarketRow, view: View) -> Text:
    if row.warmup is not None:
        have, need = math.floor(row.warmup.have_h), math.ceil(row.warmup.need_h)
        return Text(f"warming up {have} of {need} h", style="bright_black")
    if row.nearness is None or not math.isfinite(row.nearness):
        return Text(view.glyphs.text(UNKNOWN), style="bright_black")
    side = {PositionSide.LONG: "L", PositionSide.SHORT: "S", None: " "}[row.liquidated]
    bar = _bar(row.nearness, view.glyphs)
    shown = f"{bar} {min(row.nearness, 9.99):>5.0%} {side}"
    return Text(shown, style=_nearness_style(row.nearness))


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
    feed = effective_feed(row, view.board)
    words = _feed_words(feed, row, view.now_mono)
    shown = (
        words if view.glyphs.only_ascii else f"{view.glyphs.feed[feed.state]} {words}"
    )
    return Text(view.glyphs.text(shown), style=FEED_STYLE[feed.state])


def _feed_words(feed: Feed, row: MarketRow, now_mono: float) -> str:
    left = "" if feed.until_mono is None else _brief(feed.until_mono - now_mono)
    match feed.state:
        case FeedState.RETRY:
            return f"retry {feed.attempt}/{feed.attempts} {left}"
        case FeedState.COOLING:
            return f"cooling {left}"
        case FeedState.UNAVAILABLE:
            return f"down {left or _brief(now_mono - feed.since_mono)}"
        case FeedState.STALE:
            known = feed.since_mono if row.updated_mono is None else row.updated_mono
            return f"stale {_brief(now_mono - known)}"
        case _:
            return feed.state.value


def _brief(seconds: float) -> str:
    """Return a duration for a narrow column: ``1.4s``, ``27s``, ``4m``, ``3h``."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    for size, unit in ((1, "s"), (60, "m"), (3600, "h")):
        if seconds < size * 100:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86400:.0f}d"


def _age(row: MarketRow, view: View) -> Text:
    if row.updated_mono is None:
        return Text(view.glyphs.text(UNKNOWN), style="bright_black")
    age_s = view.now_mono - row.updated_mono
    late = age_s / (view.board.interval_s.get(row.market.exchange, 5.0) * _LATE)
    style = "red" if late > 2 else "yellow" if late > 1 else ""
    return Text(_brief(age_s), style=style)


def _last(row: MarketRow, view: View) -> Text:
    finding = row.finding
    if finding is None:
        return Text("")
    at = time_of_day(finding.onset_ms)[:5]
    side, strength = finding.liquidated.name, finding.severity.name
    moved = percent(finding.change, digits=1)
    words = f"{side} {strength} {at} {moved}"
    style = SEVERITY_STYLE[finding.severity] if is_open(finding) else "bright_black"
    return Text(view.glyphs.text(words), style=style)


_SPARK = Column("Price 30m", 15, 5, _spark)

COLUMNS: Final = (
    Column("  Symbol", 14, 1, _symbol),
    Column("Exchange", 10, 2, _exchange),
    Column("Price", 11, 1, _price, right=True),
    Column("5m %", 6, 2, _change, right=True),
    Column("Nearness", 21, 3, _nearness),
    _SPARK,
    Column("Feed", 16, 1, _feed),
    Column("Age", 4, 3, _age, right=True),
    Column("Last finding", 26, 4, _last),
)
