"""How the user wants to see the board: sorted, filtered, and with what opened.

A look is a value. Keys make the next one (``liqmon.ui.pressing``), frames are drawn
from it, and the board knows nothing of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.model import Severity
from liqmon.ui.figures import is_open

__all__ = [
    "FPS",
    "Look",
    "Pane",
    "Sort",
    "alarm",
    "arranged",
    "frames_per_s",
    "muted_for_s",
]

FPS: Final = (0.5, 1.0, 2.0, 4.0)
"""How many frames a second may be asked for; nobody reads faster than the last."""

_MANY_ROWS: Final = 20
"""Above this many rows half as many frames: each costs more, and nobody reads them."""


class Sort(StrEnum):
    """What decides the order of the rows."""

    SEVERITY = "severity"
    CONFIG = "config"
    CHANGE = "change"
    NEARNESS = "nearness"
    NAME = "name"


class Pane(StrEnum):
    """What may be open besides the table."""

    DETAIL = "detail"
    LOG = "log"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Look:
    """What the user has chosen. ``selected`` is a market's key, '' for none.

    ``top`` is how many rows are scrolled away. ``is_typing`` while the filter is being
    entered, ``is_held`` while the drawing is paused. ``fps`` None leaves the pace to
    the number of rows. ``hint`` is said until the next key.
    """

    sort: Sort = Sort.SEVERITY
    is_reversed: bool = False
    filter: str = ""
    is_typing: bool = False
    selected: str = ""
    top: int = 0
    pane: Pane | None = None
    is_held: bool = False
    has_bell: bool = True
    fps: float | None = None
    hint: str = ""


def frames_per_s(look: Look, rows: int) -> float:
    """Return how often the table is drawn at most, with that many rows."""
    if look.fps is not None:
        return look.fps
    return FPS[-2] if rows > _MANY_ROWS else FPS[-1]


def arranged(board: BoardSnapshot, look: Look) -> list[MarketRow]:
    """Return the rows that pass the filter, in order.

    Equals stay in the order of the settings, so that in the order of severity a row
    keeps its place until its own severity changes.
    """
    wanted = look.filter.casefold()
    rows = [row for row in board.rows.values() if not wanted or _passes(row, wanted)]
    key = _KEYS[look.sort]
    if key is not None:
        rows.sort(key=lambda row: key(row, board))
    return rows[::-1] if look.is_reversed else rows


def _passes(row: MarketRow, wanted: str) -> bool:
    market = row.market
    names = f"{market.name} {market.symbol}".casefold()
    return wanted in names or wanted == market.exchange


def alarm(row: MarketRow, board: BoardSnapshot) -> Severity | None:
    """Return how grave it is what still wants somebody's eyes, None for nothing."""
    finding = row.finding
    if finding is None or not is_open(finding):
        return None
    return None if finding.episode in board.acknowledged else finding.severity


def muted_for_s(row: MarketRow, board: BoardSnapshot, now_mono: float) -> float:
    """Return how much longer the market's messages are held back, 0 for not at all."""
    until = (board.muted.get(key, now_mono) for key in (row.market.key, ""))
    return max(max(until) - now_mono, 0.0)


def _gravest_first(row: MarketRow, board: BoardSnapshot) -> float:
    return -(alarm(row, board) or 0)


def _fastest_first(row: MarketRow, _board: BoardSnapshot) -> float:
    return _most_first(None if row.change is None else abs(row.change))


def _nearest_first(row: MarketRow, _board: BoardSnapshot) -> float:
    return _most_first(row.nearness)


def _most_first(value: float | None) -> float:
    """Return what sorts large values first and unknown ones last."""
    return math.inf if value is None or math.isnan(value) else -value


def _by_name(row: MarketRow, _board: BoardSnapshot) -> str:
    return row.market.name


_Key = (
    Callable[[MarketRow, BoardSnapshot], float]
    | Callable[[MarketRow, BoardSnapshot], str]
)

_KEYS: Final[dict[Sort, _Key | None]] = {
    Sort.SEVERITY: _gravest_first,
    Sort.CONFIG: None,
    Sort.CHANGE: _fastest_first,
    Sort.NEARNESS: _nearest_first,
    Sort.NAME: _by_name,
}
