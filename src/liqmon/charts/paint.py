"""Shapes to PNG, with Pillow, which only charts need and not everybody has."""

from io import BytesIO
from typing import TYPE_CHECKING, Final, assert_never

from liqmon.charts.shapes import Anchor, Line, Picture, Polygon, Rect, Text
from liqmon.errors import UserError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["png"]

_FINE: Final = 2
"""Painted this much larger and then reduced: edges and letters come out smooth."""

_ANCHORS: Final[dict[Anchor, str]] = {"left": "lm", "middle": "mm", "right": "rm"}
"""Pillow's names for where in a text its point is."""


def png(picture: Picture) -> bytes:
    """Paint; the same picture gives the same bytes with the same Pillow.

    Raises:
        UserError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError(
            "charts need Pillow, which is not installed",
            hint="pip install 'liqmon[chart]'",
        ) from None
    size = picture.width * _FINE, picture.height * _FINE
    canvas = Image.new("RGB", size, picture.ground)
    draw = ImageDraw.Draw(canvas)
    for shape in picture.shapes:
        match shape:
            case Rect():
                draw.rectangle(_corners(shape), fill=shape.color)
            case Line():
                _line(draw, shape)
            case Polygon():
                corners = [(x * _FINE, y * _FINE) for x, y in shape.corners]
                draw.polygon(corners, fill=shape.color)
            case Text():
                _text(draw, shape)
            case _:
                assert_never(shape)
    done = BytesIO()
    small = canvas.resize((picture.width, picture.height), Image.Resampling.BOX)
    small.save(done, format="PNG", optimize=True)
    return done.getvalue()


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    left, top = round(rect.left * _FINE), round(rect.top * _FINE)
    # Pillow's boxes include their last row and column
    right, bottom = round(rect.right * _FINE) - 1, round(rect.bottom * _FINE) - 1
    return left, top, max(right, left), max(bottom, top)


def _line(draw: "ImageDraw", line: Line) -> None:
    width = max(round(line.width * _FINE), 1)
    for x0, y0, x1, y1 in line.strokes():
        ends = (x0 * _FINE, y0 * _FINE, x1 * _FINE, y1 * _FINE)
        draw.line(ends, fill=line.color, width=width)


def _text(draw: "ImageDraw", text: Text) -> None:
    from PIL import ImageFont  # noqa: PLC0415 - an extra

    font = ImageFont.load_default(size=text.size * _FINE)
    at = (text.x * _FINE, text.y * _FINE)
    draw.text(at, text.words, fill=text.color, font=font, anchor=_ANCHORS[text.anchor])
