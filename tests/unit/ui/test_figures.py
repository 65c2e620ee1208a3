import math

import pytest
from hypothesis import given, strategies as st

from liqmon.ui.figures import name_of, percent, plain, price, span, time_of_day, usd


@given(st.text())
def test_cleaned_text_is_one_line_without_anything_hidden(text: str) -> None:
    cleaned = plain(text)

    assert cleaned.isprintable()
    assert cleaned == plain(cleaned)
    assert not any(ord(char) in range(0x202A, 0x202F) for char in cleaned)


def test_controls_and_bidi_marks_vanish() -> None:
    assert plain("a\x1b[31mb\u202ec\u200bd\nE\ud800") == "a[31mbcd E"


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("BTC/USD:BTC", "BTCUSD"),
        ("BTC/USDT:USDT-251226", "BTCUSDT"),
    ],
)
def test_a_unified_symbol_has_a_short_name(symbol: str, name: str) -> None:
    assert name_of(symbol) == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (62_480.5, "62,480.50"),
        (145.27, "145.27"),
        (2.2041, "2.2041"),
        (0.16284, "0.16284"),
        (0.00001234, "0.000012340"[:11]),
        (0.0, "0.00"),
        (None, "·"),
        (math.nan, "·"),
        (math.inf, "·"),
    ],
)
def test_a_price_has_the_digits_its_size_deserves(
    value: float | None, shown: str
) -> None:
    assert price(value) == shown


def test_a_fall_has_a_real_minus_sign() -> None:
    assert percent(-0.0245) == "\N{MINUS SIGN}2.45 %"
    assert percent(0.1, digits=1) == "+10.0 %"
    assert percent(None) == percent(math.nan) == "·"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1.4, "1.4 s"),
        (2.0, "2 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (185.2, "3 min 5 s"),
        (300, "5 min"),
        (600, "10 min"),
        (11_400, "3 h 10 min"),
        (273_600, "3 d 4 h"),
        (-5, "0 s"),
        (math.nan, "·"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (41_800_000.0, "$41.8 M"),
        (2.34e9, "$2.3 B"),
        (1_500.0, "$1.5 K"),
        (12.0, "$12"),
        (math.nan, "·"),
    ],
)
def test_dollars_are_shortened(value: float, shown: str) -> None:
    assert usd(value) == shown


def test_times_are_utc() -> None:
    assert time_of_day(1_700_000_040_000) == "22:14:00"
