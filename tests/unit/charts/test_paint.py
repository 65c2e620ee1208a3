"""Shapes as pixels; without Pillow there is nothing to look at."""

import sys
from io import BytesIO

import pytest

from falling import an_hour, told_of
from liqmon.charts.candles import candle_chart
from liqmon.charts.paint import png
from liqmon.charts.shapes import Line, Picture, Polygon, Rect, Shape, Text
from liqmon.errors import UserError

CANDLES = an_hour()
GROUND, RED = (0x10, 0x20, 0x30), (0xFF, 0, 0)


def pixels(*shapes: Shape) -> list[list[tuple[int, ...]]]:
    """Return the colours of a picture of 40 by 20, by row."""
    image = pytest.importorskip("PIL.Image", reason="charts need Pillow")
    with image.open(BytesIO(png(Picture(40, 20, "#102030", shapes)))) as opened:
        painted = opened.convert("RGB")
        return [[painted.getpixel((x, y)) for x in range(40)] for y in range(20)]


def test_a_box_fills_its_pixels_and_no_other() -> None:
    rows = pixels(Rect(10, 5, 30, 15, "#ff0000"))

    assert rows[5][10] == rows[14][29] == RED
    assert rows[4][10] == rows[5][9] == rows[15][29] == rows[14][30] == GROUND


def test_a_box_of_no_size_is_a_point() -> None:
    rows = pixels(Rect(10, 5, 10, 5, "#ff0000"))

    assert rows[5][10] != GROUND


def test_a_line_may_be_dashed() -> None:
    solid = pixels(Line(0, 10, 40, 10, "#ff0000", 2.0))
    dashed = pixels(Line(0, 10, 40, 10, "#ff0000", 2.0, dash=5.0))

    assert GROUND not in solid[10]
    assert dashed[10][2] == RED
    assert dashed[10][7] == GROUND


def test_a_polygon_fills_what_lies_between_its_corners() -> None:
    rows = pixels(Polygon(((20, 15), (10, 5), (30, 5)), "#ff0000"))

    assert rows[6][12] == rows[6][27] == rows[13][20] == RED
    assert rows[13][12] == rows[13][27] == rows[4][20] == rows[16][20] == GROUND


@pytest.mark.parametrize(("anchor", "x"), [("left", 0), ("middle", 20), ("right", 40)])
def test_a_text_lies_where_its_anchor_says(anchor: str, x: int) -> None:
    rows = pixels(Text(x, 10, "Hn", "#ff0000", 14, anchor))  # type: ignore[arg-type]
    touched = [n for row in rows for n, color in enumerate(row) if color != GROUND]

    assert touched
    middle = (min(touched) + max(touched)) / 2
    assert abs(middle - {"left": 9, "middle": 20, "right": 31}[anchor]) < 5


def test_a_chart_is_a_small_png_and_always_the_same() -> None:
    image = pytest.importorskip("PIL.Image", reason="charts need Pillow")
    data = candle_chart(CANDLES, told_of(CANDLES))

    assert data.startswith(b"\x89PNG")
    assert len(data) <= 1 << 20
    assert data == candle_chart(CANDLES, told_of(CANDLES))
    with image.open(BytesIO(data)) as opened:
        assert opened.size == (800, 450)


def test_without_pillow_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UserError, match="charts need Pillow") as caught:
        candle_chart(CANDLES, told_of(CANDLES))

    assert caught.value.hint == "pip install 'liqmon[chart]'"
