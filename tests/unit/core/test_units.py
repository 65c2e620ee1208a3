"""Redenominations and absurd prices are not moves."""

from dataclasses import replace

import numpy as np
import pytest

from candles import calm
from liqmon.core.model import Candles
from liqmon.core.units import comparable


def rescaled(candles: Candles, where: slice, factor: float) -> Candles:
    close = candles.close.copy()
    close[where] *= factor
    return replace(candles, close=close)


def kept(candles: Candles) -> list[int]:
    return [int(open_ms) for open_ms in comparable(candles).open_ms]


def test_an_ordinary_market_is_left_alone() -> None:
    candles = calm(5)

    assert comparable(candles) is candles


@pytest.mark.parametrize("factor", [1000.0, 1 / 1000])
def test_what_comes_before_a_new_unit_is_left_out(factor: float) -> None:
    candles = rescaled(calm(5), slice(40, None), factor)

    assert kept(candles) == candles.open_ms[40:].tolist()


def test_an_absurd_price_that_is_taken_back_costs_one_row() -> None:
    candles = rescaled(calm(5), slice(40, 41), 50.0)

    assert kept(candles) == np.delete(candles.open_ms, 40).tolist()


def test_two_new_units_leave_what_is_newest() -> None:
    candles = rescaled(calm(5), slice(20, None), 1000.0)
    candles = rescaled(candles, slice(40, None), 1000.0)

    assert kept(candles) == candles.open_ms[40:].tolist()


def test_a_halving_is_a_move() -> None:
    candles = rescaled(calm(5), slice(40, None), 0.5)

    assert comparable(candles) is candles


def test_no_candles_are_comparable() -> None:
    assert len(comparable(Candles.empty(60_000))) == 0
