"""Numbers as people read them."""

import math

import pytest
from hypothesis import given, strategies as st

from liqmon.discord.figures import UNKNOWN, number, percent, price, span, usd

NO_NUMBERS = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(16.2, "16.2"), (1234.56, "1,234.6"), (1.354, "1.35"), (0.0, "0.00")]
    + [(-12.34, "-12.3")]
    + [(value, "n/a") for value in NO_NUMBERS],
)
def test_scores(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (62_480.5, "62,480.50"),
        (100.0, "100.00"),
        (99.5, "99.500"),
        (1.0, "1.0000"),
        (0.5, "0.50000"),
        (0.000012345, "0.000012345"),
        (1e-15, "0.000000000000"),
        (0.0, "0.00"),
        *((value, "n/a") for value in NO_NUMBERS),
    ],
)
def test_a_price_has_the_digits_its_size_deserves(value: float, shown: str) -> None:
    assert price(value) == shown


@pytest.mark.parametrize(
    ("fraction", "digits", "shown"),
    [
        (-0.0245, 2, "\N{MINUS SIGN}2.45 %"),
        (0.0148, 2, "+1.48 %"),
        (0.0, 2, "+0.00 %"),
        (-0.0245, 1, "\N{MINUS SIGN}2.5 %"),
        *((value, 2, "n/a") for value in NO_NUMBERS),
    ],
)
def test_a_change_has_a_sign(fraction: float, digits: int, shown: str) -> None:
    assert percent(fraction, digits=digits) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (41_800_000.0, "$41.8 M"),
        (999_949.0, "$999.9 K"),
        (999_960.0, "$1.0 M"),
        (7_420_000_000.0, "$7.4 B"),
        (1_500.0, "$1.5 K"),
        (999.0, "$999"),
        (0.0, "$0"),
        *((value, "n/a") for value in NO_NUMBERS),
    ],
)
def test_dollars_are_rounded(value: float, shown: str) -> None:
    assert usd(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (27, "27 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 d 0 h"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@given(st.floats(-1e300, 1e300))
def test_every_real_number_can_be_shown(value: float) -> None:
    for shown in (number, percent, price, usd):
        assert shown(value) != UNKNOWN


@given(st.floats(59, 61) | st.floats(0, 86_400 * 400))
def test_a_minute_is_never_called_sixty_seconds(seconds: float) -> None:
    assert span(seconds) != "60 s"
    assert "60 min" not in span(seconds)
