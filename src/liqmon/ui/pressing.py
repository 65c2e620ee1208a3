"""What a key does: to the look of the table, or by way of the controls.

And the list of all keys, for the help.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from liqmon.core.board import MarketRow
from liqmon.core.model import Market
from liqmon.ui.controls import Controls
from liqmon.ui.look import FPS, Look, Pane, Sort

__all__ = ["KEYS", "WISHES", "pressed", "wish"]

KEYS: Final = (
    ("q, Ctrl-C", "quit"),
    ("p, space", "pause drawing; monitoring goes on"),
    ("s, S", "next, previous order of the rows"),
    ("r", "reverse the order"),
    ("/", "filter by name; Enter keeps, Esc clears"),
    ("up, down, j, k", "select a market"),
    ("PgUp, PgDn", "by the page; Home, End to the ends"),
    ("Enter", "details of the selected market"),
    ("m", "mute the market for 30 min, or let it speak"),
    ("a", "acknowledge its open episode"),
    ("b", "bell on or off"),
    ("l", "log"),
    ("t", "send a test message to the webhook"),
    ("R", "reload the settings"),
    ("+, -", "more, fewer frames a second"),
    ("?", "this help"),
    ("Esc", "close, clear the filter, deselect"),
)
"""Every key, and what it does, in the words of the help pane."""

_LONGEST_FILTER: Final = 30


def pressed(look: Look, key: str, rows: Sequence[MarketRow], *, page: int) -> Look:
    """Return the look after ``key``.

    ``rows`` are those the look shows, ``page`` is how many of them fit on the screen.
    """
    look = replace(look, hint="")
    if look.is_typing:
        return _typed(look, key)
    if key in _CHANGES:
        return _CHANGES[key](look)
    if key == "enter":
        return _opened(look, rows)
    if key in _STEPS:
        return _moved(look, rows, _STEPS[key] * (page if key in _BY_PAGE else 1), page)
    return look


# what others have to do

WISHES: Final = frozenset("qQtRma")
"""Keys that are for the controls."""


def wish(controls: Controls, key: str, market: Market | None) -> str:
    """Ask for what ``key`` means, for the selected market; return what to say."""
    match key:
        case "q" | "Q":
            controls.quit()
        case "t":
            controls.test_webhook()
        case "R":
            controls.reload()
        case "m" | "a" if market is None:
            return "select a market first, with the arrows"
        case "m" if market is not None:
            controls.mute(market)
        case "a" if market is not None:
            controls.acknowledge(market)
    return ""


# the filter


def _typed(look: Look, key: str) -> Look:
    match key:
        case "enter":
            return replace(look, is_typing=False)
        case "esc":
            return replace(look, is_typing=False, filter="")
        case "backspace":
            return replace(look, filter=look.filter[:-1], top=0)
        case _ if len(key) == 1 and key.isprintable():
            filtered = (look.filter + key)[:_LONGEST_FILTER]
            return replace(look, filter=filtered, top=0)
        case _:
            return look


# the selection

_STEPS: Final[Mapping[str, int]] = {
    "up": -1,
    "k": -1,
    "down": 1,
    "j": 1,
    "pgup": -1,
    "pgdn": 1,
    "home": -1_000_000,
    "end": 1_000_000,
}
_BY_PAGE: Final = frozenset({"pgup", "pgdn"})


def _moved(look: Look, rows: Sequence[MarketRow], by: int, page: int) -> Look:
    if not rows:
        return look
    at = _place(look, rows)
    # the first key selects what is on top, or goes from there
    to = look.top if at is None and abs(by) == 1 else (at or 0) + by
    to = min(max(to, 0), len(rows) - 1)
    top = min(max(look.top, to - page + 1), to)
    return replace(look, selected=rows[to].market.key, top=top)


def _place(look: Look, rows: Sequence[MarketRow]) -> int | None:
    keys = (row.market.key for row in rows)
    return next((at for at, key in enumerate(keys) if key == look.selected), None)


def _opened(look: Look, rows: Sequence[MarketRow]) -> Look:
    if look.pane is Pane.DETAIL:
        return replace(look, pane=None)
    if rows and _place(look, rows) is None:
        look = replace(look, selected=rows[look.top % len(rows)].market.key)
    return replace(look, pane=Pane.DETAIL) if look.selected else look


# everything else


def _sorted(step: int) -> Callable[[Look], Look]:
    def change(look: Look) -> Look:
        order = list(Sort)
        after = order[(order.index(look.sort) + step) % len(order)]
        return replace(look, sort=after, top=0)

    return change


def _toggled(pane: Pane) -> Callable[[Look], Look]:
    return lambda look: replace(look, pane=None if look.pane is pane else pane)


def _paced(step: int) -> Callable[[Look], Look]:
    def change(look: Look) -> Look:
        at = FPS.index(look.fps) if look.fps is not None else len(FPS) - 1
        fps = FPS[min(max(at + step, 0), len(FPS) - 1)]
        return replace(look, fps=fps, hint=f"at most {fps:g} frames a second")

    return change


def _held(look: Look) -> Look:
    return replace(look, is_held=not look.is_held)


def _belled(look: Look) -> Look:
    hint = "the bell is off" if look.has_bell else "the bell is on"
    return replace(look, has_bell=not look.has_bell, hint=hint)


def _escaped(look: Look) -> Look:
    if look.pane is not None:
        return replace(look, pane=None)
    if look.filter:
        return replace(look, filter="", top=0)
    return replace(look, selected="", top=0)


_CHANGES: Final[Mapping[str, Callable[[Look], Look]]] = {
    "p": _held,
    " ": _held,
    "s": _sorted(1),
    "S": _sorted(-1),
    "r": lambda look: replace(look, is_reversed=not look.is_reversed, top=0),
    "/": lambda look: replace(look, is_typing=True, pane=None),
    "b": _belled,
    "l": _toggled(Pane.LOG),
    "?": _toggled(Pane.HELP),
    "h": _toggled(Pane.HELP),
    "+": _paced(1),
    "-": _paced(-1),
    "esc": _escaped,
}
