import pytest

from liqmon.charts.shapes import Line


@pytest.mark.parametrize(
    "line", [Line(0, 5, 40, 5, "#fff"), Line(3, 3, 3, 3, "", 1, 6)]
)
def test_a_line_without_dashes_or_length_is_one_stroke(line: Line) -> None:
    assert list(line.strokes()) == [(line.x0, line.y0, line.x1, line.y1)]


def test_dashes_are_as_long_as_the_gaps_and_end_where_the_line_does() -> None:
    strokes = list(Line(10, 0, 10, 25, "#fff", dash=10).strokes())

    assert strokes == [(10, 0, 10, 10), (10, 20, 10, 25)]


def test_dashes_of_a_slanted_line_lie_on_it() -> None:
    [first, second] = Line(0, 0, 30, 40, "#fff", dash=15).strokes()

    assert first == pytest.approx((0, 0, 9, 12))
    assert second == pytest.approx((18, 24, 27, 36))
