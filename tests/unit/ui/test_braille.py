import math

from hypothesis import given, strategies as st

from liqmon.ui.braille import curve


def test_a_rise_goes_from_the_lower_left_to_the_upper_right() -> None:
    assert curve(range(8), width=4, height=2, only_ascii=False) == ["  ⡠⠊", "⡠⠊  "]
    assert curve(range(4), width=4, height=4, only_ascii=True) == [
        "   *",
        "  * ",
        " *  ",
        "*   ",
    ]


def test_a_steep_move_is_not_torn() -> None:
    assert curve([0, 0, 9, 9], width=4, height=3, only_ascii=True) == [
        "  **",
        "  * ",
        "**  ",
    ]
    assert curve([9, 9, 0, 0], width=4, height=3, only_ascii=True) == [
        "**  ",
        "  * ",
        "  **",
    ]


def test_a_flat_line_runs_through_the_middle() -> None:
    assert curve([5, 5], width=4, height=3, only_ascii=True) == ["    ", "****", "    "]


def test_what_is_unknown_is_a_hole() -> None:
    values = [1.0, math.nan, math.inf, 1.0]

    assert curve(values, width=4, height=1, only_ascii=True) == ["*  *"]
    assert curve([math.nan], width=3, height=2, only_ascii=True) == ["   "] * 2
    assert curve([], width=3, height=1, only_ascii=False) == ["   "]


@given(
    st.lists(st.floats(allow_subnormal=False, width=32)),
    st.integers(1, 40),
    st.integers(1, 9),
    st.booleans(),
)
def test_a_curve_has_the_size_that_was_asked_for(
    values: list[float], width: int, height: int, only_ascii: bool
) -> None:
    lines = curve(values, width=width, height=height, only_ascii=only_ascii)

    assert len(lines) == height
    assert {len(line) for line in lines} == {width}
    assert not only_ascii or set("".join(lines)) <= set(" *")
