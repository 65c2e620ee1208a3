"""A price path as plain text."""

import pytest
from hypothesis import given, strategies as st

from liqmon.core.pricepath import PricePath
from liqmon.ui.pathchart import path_chart

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def chart(*closes: float | None, width: int = 24, **more: object) -> list[str]:
    path = PricePath(HOUR_MS, MINUTE_MS, closes)
    given_marks: dict[str, object] = {"marks": {}, "height": 4, "only_ascii": True}
    return list(path_chart(path, width=width, **given_marks | more))  # type: ignore[arg-type]


def test_a_fall_goes_from_the_upper_left_to_the_lower_right() -> None:
    assert chart(200.0, 190.0, 180.0, 170.0, width=19) == [
        "200.00 |**",
        "       |  ***",
        "       |     ****",
        "170.00 |         **",
        "",
        "        01:00 01:03",
    ]


def test_marks_stand_under_their_moments_and_those_outside_do_not() -> None:
    marks = {
        "^": HOUR_MS,
        "!": HOUR_MS + 3 * MINUTE_MS,
        "?": HOUR_MS + 4 * MINUTE_MS,
        "-": HOUR_MS - MINUTE_MS,
    }
    *_, marked, times = chart(200.0, 199.0, 198.0, 197.0, width=20, marks=marks)

    assert marked.strip() == "^" + " " * 10 + "!"
    assert times.strip().startswith("01:00")
    assert times.endswith("01:03")


def test_where_no_price_is_known_the_line_is_broken() -> None:
    whole = chart(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, width=20)
    torn = chart(1.0, 1.0, 1.0, None, None, 1.0, 1.0, 1.0, width=20)

    assert "".join(whole).count("*") > "".join(torn).count("*")
    (row,) = [line for line in torn if "*" in line]
    assert "* " in row.strip("0123456789.| ")


def test_without_a_price_there_is_no_chart() -> None:
    assert chart(None, None) == []


def test_a_price_that_stands_still_is_a_line_and_no_division_by_zero() -> None:
    (row,) = [line for line in chart(5.0, 5.0, 5.0) if "*" in line]

    assert row.count("*") > 5


def test_braille_has_eight_dots_a_cell_and_the_same_frame() -> None:
    lines = chart(200.0, 100.0, width=24, only_ascii=False)

    assert lines[0].startswith("200.00 │⠉⠒⠤⣀")
    assert lines[3].startswith("100.00 │")
    dots = {char for line in lines for char in line if char >= "\u2800"}
    assert dots
    assert all("\u2800" < char <= "\u28ff" for char in dots)


@given(
    st.lists(st.none() | st.floats(1e-6, 1e7), min_size=1, max_size=130),
    st.integers(1, 120),
    st.booleans(),
)
def test_no_line_is_wider_than_allowed_for_any_terminal_that_can_be_read(
    closes: list[float | None], width: int, only_ascii: bool
) -> None:
    lines = chart(*closes, width=width, only_ascii=only_ascii, marks={"!": HOUR_MS})

    labels = 13
    assert all(len(line) <= max(width, 10 + labels + 2) for line in lines)
    assert not only_ascii or all(line.isascii() for line in lines)
    assert len(lines) in (0, 6)


@pytest.mark.parametrize("count", [2, 121])
def test_the_first_and_the_last_price_are_drawn_at_the_edges(count: int) -> None:
    lines = chart(*[float(n + 1) for n in range(count)], width=60)

    assert lines[0].endswith("*")
    assert "|*" in lines[3]
