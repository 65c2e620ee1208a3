import pytest
from hypothesis import given, strategies as st

from liqmon.charts.scale import Scale, price_text, ticks


def test_a_scale_maps_both_ends_and_the_middle() -> None:
    up = Scale(10.0, 20.0, 300.0, 100.0)

    assert [up(10.0), up(15.0), up(20.0)] == [300.0, 200.0, 100.0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (61_800.0, 64_100.0, [62_000.0, 62_500.0, 63_000.0, 63_500.0, 64_000.0]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (97.6, 100.4, [98.0, 99.0, 100.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert list(ticks(low, high, most=5)) == pytest.approx(expected)


@given(st.floats(1e-9, 1e9), st.floats(1e-3, 10.0))
def test_ticks_lie_inside_and_are_few(low: float, share: float) -> None:
    high = low * (1.0 + share)
    found = list(ticks(low, high, most=5))
    grain = 1e-9 * high

    assert 1 <= len(found) <= 6
    assert all(low - grain <= value <= high + grain for value in found)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (62_500.0, 500.0, "62,500"),
        (62_500.5, 0.5, "62,500.5"),
        (0.0000098, 1e-7, "0.0000098"),
        (1.5, 0.0, "1.50"),
        (1.5, float("inf"), "1.50"),
        (1.5, float("nan"), "1.50"),
    ],
)
def test_a_price_has_the_decimals_that_matter(
    value: float, step: float, text: str
) -> None:
    assert price_text(value, step=step) == text
