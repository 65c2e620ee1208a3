"""The table as text or as a picture, for documentation."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

from rich.console import Console

from liqmon.core.board import BoardSnapshot
from liqmon.ui.table import build

__all__ = ["export_svg", "export_text"]

_TITLE: Final = "liqmon watch"

_SPACE: Final = "&#160;"
_CELL: Final = 12.2
"""How wide rich draws a cell, and as what it writes a space."""

_TEXT: Final = re.compile(
    r'(<text class="liqmon-r\d+" x=")([\d.]+)(" [^>]*textLength=")([\d.]+)("[^>]*>)'
    r"([^<]*)</text>"
)


def export_text(snapshot: BoardSnapshot, *, width: int, height: int, **how: Any) -> str:
    """Return a frame as plain text, line ends trimmed; ``how`` as for ``build``."""
    lines = _recorded(snapshot, width, height, how).export_text().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def export_svg(
    snapshot: BoardSnapshot,
    *,
    width: int,
    height: int,
    title: str = _TITLE,
    **how: Any,
) -> str:
    """Return a frame as SVG; the same snapshot gives the same bytes."""
    console = _recorded(snapshot, width, height, how)
    return _TEXT.sub(_tight, console.export_svg(title=title, unique_id="liqmon"))


def _tight(text: re.Match[str]) -> str:
    """Move a text to where its ink begins: some viewers drop the spaces before it."""
    head, x, middle, length, foot, padded = text.groups()
    padded = padded.replace(_SPACE, " ")
    words = padded.strip()
    if not words:
        return ""
    begin = float(x) + (len(padded) - len(padded.lstrip())) * _CELL
    span = float(length) - (len(padded) - len(words)) * _CELL
    words = words.replace(" ", _SPACE)
    return f"{head}{begin:g}{middle}{span:g}{foot}{words}</text>"


def _recorded(
    snapshot: BoardSnapshot, width: int, height: int, how: Mapping[str, Any]
) -> Console:
    """Return a console that depends on no terminal and has kept the frame."""
    console = Console(
        file=StringIO(),
        record=True,
        width=width,
        height=height,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        markup=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(build(snapshot, width=width, height=height, **how))
    return console
