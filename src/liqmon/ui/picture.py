"""The table as text or as a picture, for documentation."""

from io import StringIO
from typing import Any, Final

from rich.console import Console

from liqmon.core.board import BoardSnapshot
from liqmon.ui.table import build

__all__ = ["export_svg", "export_text"]

_TITLE: Final = "liqmon watch"


def export_text(
    snapshot: BoardSnapshot,
    *,
    now_mono: float,
    now_ms: int,
    width: int,
    height: int,
    **how: Any,
) -> str:
    """Return a frame as plain text, line ends trimmed; ``how`` as for ``build``."""
    console = _recorder(width, height)
    console.print(
        build(
            snapshot,
            now_mono=now_mono,
            now_ms=now_ms,
            width=width,
            height=height,
            **how,
        )
    )
    lines = console.export_text().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def export_svg(
    snapshot: BoardSnapshot,
    *,
    now_mono: float,
    now_ms: int,
    width: int,
    height: int,
    title: str = _TITLE,
    **how: Any,
) -> str:
    """Return a frame as SVG; the same snapshot gives the same bytes."""
    console = _recorder(width, height)
    console.print(
        build(
            snapshot,
            now_mono=now_mono,
            now_ms=now_ms,
            width=width,
            height=height,
            **how,
        )
    )
    return console.export_svg(title=title, unique_id="liqmon")


def _recorder(width: int, height: int) -> Console:
    """Return a console that keeps what is printed and depends on no terminal."""
    return Console(
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
