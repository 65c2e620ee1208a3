"""The live table: a frozen snapshot in, a frame out.

Only what fits is drawn, so a frame costs the same for ten markets and for a thousand.
Columns have fixed widths and leave as a whole when the terminal is narrow; the feed
state never leaves.
"""

from dataclasses import replace
from itertools import islice
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.events import BreakerChanged, Event, FindingRaised, GaveUp
from liqmon.ui.cells import COLUMNS, SEVERITY_STYLE, Column, View, fitted
from liqmon.ui.glyphs import ASCII, UNICODE, Glyphs
from liqmon.ui.header import header
from liqmon.ui.lines import stamped

__all__ = ["build", "most_scroll"]

_ROOMY: Final = 130
"""From this width on columns stand two cells apart."""

_TABLE_ROWS: Final = 40
"""Above this many visible rows a line of text each is six times cheaper than a table
(measured: 39 against 6 ms a frame at 50 rows)."""

_KEYS: Final = " q quit   up/down scroll"

_EVENTS_WANTED: Final = 3
_FRAME_LINES: Final = 4
"""Column titles, rule, blank line, keys."""


def build(
    snapshot: BoardSnapshot,
    *,
    now_mono: float,
    now_ms: int,
    width: int,
    height: int,
    ascii_only: bool = False,
    scroll: int = 0,
) -> RenderableType:
    """Return the frame for a terminal of ``width`` by ``height`` cells.

    ``scroll`` is the number of rows above the first visible one; too much is clamped.
    """
    glyphs = ASCII if ascii_only else UNICODE
    view = View(snapshot, glyphs, now_mono)
    above = header(
        snapshot, now_mono=now_mono, now_ms=now_ms, width=width, glyphs=glyphs
    )
    room = height - len(above) - _FRAME_LINES
    first, shown, hidden = _window(len(snapshot.rows), room, scroll, snapshot)
    columns = _columns(snapshot, width)
    rows = list(islice(snapshot.rows.values(), first, first + shown))
    more = [Text(f"  {hidden} more, up and down to scroll")] if hidden else []
    events = _events(snapshot, room - shown - len(more), width, glyphs)
    return Group(
        *above,
        _joined([column.head(column.width, glyphs) for column in columns], width),
        Text(glyphs.rule * _total(columns, width), style="bright_black"),
        *_body(rows, columns, view, width),
        *(fitted(line, width, glyphs) for line in more),
        Text(""),
        *events,
        fitted(Text(_KEYS, style="bright_black"), width, glyphs),
    )


def most_scroll(snapshot: BoardSnapshot) -> int:
    """Return the scroll that leaves one row, so that keys cannot run away."""
    return max(len(snapshot.rows) - 1, 0)


def _window(
    rows: int, room: int, scroll: int, snapshot: BoardSnapshot
) -> tuple[int, int, int]:
    """Return the first visible row, how many there are, and how many are not seen."""
    events = min(_EVENTS_WANTED, len(snapshot.events))
    if rows <= room - events:
        return 0, rows, 0
    shown = max(room - events - 1, 1)
    return min(max(scroll, 0), rows - shown), shown, rows - shown


# columns


def _columns(snapshot: BoardSnapshot, width: int) -> tuple[Column, ...]:
    """Return the columns that fit, the least important dropped first."""
    exchanges = {row.market.exchange for row in snapshot.rows.values()}
    kept = [
        column for column in COLUMNS if column.title != "Exchange" or len(exchanges) > 1
    ]
    while _total(kept, width) > width:
        least = max(kept, key=lambda column: column.priority)
        if least.priority == 1:
            return _squeezed(kept, width)
        kept.remove(least)
    return tuple(kept)


def _squeezed(columns: list[Column], width: int) -> tuple[Column, ...]:
    """Give the last column, the feed, what the others leave; a glyph at least."""
    *others, feed = columns
    left = width - _total(others, width) - _gap(width)
    if left < 1 and len(others) > 1:
        return _squeezed([*others[:-1], feed], width)
    return (*others, replace(feed, width=max(left, 1)))


def _gap(width: int) -> int:
    return 2 if width >= _ROOMY else 1


def _total(columns: list[Column] | tuple[Column, ...], width: int) -> int:
    return sum(column.width for column in columns) + _gap(width) * (len(columns) - 1)


# rows


def _body(
    rows: list[MarketRow], columns: tuple[Column, ...], view: View, width: int
) -> list[RenderableType]:
    cells = [
        [column.draw(row, view, column.width) for column in columns] for row in rows
    ]
    if len(cells) > _TABLE_ROWS:
        return [_joined(line, width) for line in cells]
    table = Table(
        box=None,
        show_header=False,
        padding=(0, _gap(width), 0, 0),
        pad_edge=False,
    )
    for column in columns:
        table.add_column(width=column.width, no_wrap=True, overflow="crop")
    for line in cells:
        table.add_row(*line)
    return [table] if cells else [Text("  connecting", style="bright_black")]


def _joined(cells: list[Text], width: int) -> Text:
    line = Text(" " * _gap(width), no_wrap=True, overflow="crop").join(cells)
    line.truncate(width)
    return line


# below the table


def _events(
    snapshot: BoardSnapshot, room: int, width: int, glyphs: Glyphs
) -> list[Text]:
    """Return the last events, newest first."""
    newest = reversed(snapshot.events[-room:] if room > 0 else ())
    return [
        fitted(
            Text(f" {glyphs.text(stamped(event))}", style=_event_style(event)),
            width,
            glyphs,
        )
        for event in newest
    ]


def _event_style(event: Event) -> str:
    match event:
        case FindingRaised(finding=finding):
            return SEVERITY_STYLE[finding.severity]
        case BreakerChanged() | GaveUp():
            return "yellow"
        case _:
            return "default"
