"""Shapes as SVG: what a picture looks like, without anything that paints."""

from collections.abc import Iterable
from typing import Final, assert_never
from xml.sax.saxutils import escape

from liqmon.charts.shapes import Anchor, Line, Picture, Polygon, Rect, Shape, Text

__all__ = ["FONTS", "box", "document", "elements"]

FONTS: Final = "'gg sans', 'Noto Sans', 'Helvetica Neue', Helvetica, Arial, sans-serif"

_ANCHORS: Final[dict[Anchor, str]] = {
    "left": "start",
    "middle": "middle",
    "right": "end",
}


def document(width: int, height: int, body: Iterable[str]) -> str:
    """Return a whole file of these elements."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONTS}">'
    )
    return "\n".join([head, *body, "</svg>", ""])


def box(
    x: float, y: float, width: float, height: float, color: str, *, round_by: float = 0
) -> str:
    """Return a filled box, perhaps with round corners."""
    corners = f' rx="{round_by:g}"' if round_by else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f'{corners} fill="{color}"/>'
    )


def elements(picture: Picture) -> Iterable[str]:
    """Yield the ground and every shape."""
    ground = Rect(0, 0, picture.width, picture.height, picture.ground)
    yield from map(_element, (ground, *picture.shapes))


def _element(shape: Shape) -> str:
    match shape:
        case Rect():
            width, height = shape.right - shape.left, shape.bottom - shape.top
            return box(shape.left, shape.top, width, height, shape.color)
        case Line():
            dash = f' stroke-dasharray="{shape.dash:g}"' if shape.dash else ""
            return (
                f'<line x1="{shape.x0:.1f}" y1="{shape.y0:.1f}" x2="{shape.x1:.1f}" '
                f'y2="{shape.y1:.1f}" stroke="{shape.color}" '
                f'stroke-width="{shape.width:g}"{dash}/>'
            )
        case Polygon():
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.corners)
            return f'<polygon points="{corners}" fill="{shape.color}"/>'
        case Text():
            return (
                f'<text x="{shape.x:.1f}" y="{shape.y + 0.35 * shape.size:.1f}" '
                f'font-size="{shape.size:g}" fill="{shape.color}" '
                f'text-anchor="{_ANCHORS[shape.anchor]}">{escape(shape.words)}</text>'
            )
        case _:
            assert_never(shape)
