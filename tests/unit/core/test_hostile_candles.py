"""Candles as exchanges really send them: nothing false, no crash, and no blindness."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from candles import calm, from_closes, with_move
from histories import findings_alone
from liqmon.core.model import Candles, Phase, PositionSide

pytestmark = pytest.mark.untraced

FIVE_MS = 300_000
HOURS = 202
HURT = 1_600
"""The bar about which something is wrong: five days after the first one."""

PLANTED = 2_400
"""Where a cascade is planted afterwards: nearly three days later."""

seeds = st.integers(0, 2**32 - 1)


def with_hole(candles: Candles) -> Candles:
    """Six hours are missing, and the price is 8 % lower behind them."""
    lower = with_move(candles, HURT + 70, bars=1, change=-0.08, times=1.0)
    kept = np.ones(len(candles), dtype=np.bool_)
    kept[HURT : HURT + 72] = False
    return lower.rows(kept)


def with_holes(candles: Candles) -> Candles:
    """Every fifth bar of a day is missing."""
    at = np.arange(len(candles))
    gone = (at >= HURT) & (at < HURT + 288) & (at % 5 == 0)
    return candles.rows(~gone)


def with_repeated_rows(candles: Candles) -> Candles:
    """The same rows come again with every page, as they do from some venues."""
    page = candles.rows(slice(HURT, HURT + 50))
    return candles.merged(page).merged(page)


def with_a_day_without_volume(candles: Candles) -> Candles:
    volume = candles.volume.copy()
    volume[HURT : HURT + 288] = 0.0
    return replace(candles, volume=volume)


def with_another_unit(candles: Candles) -> Candles:
    """One coin becomes a thousand."""
    factor = np.where(np.arange(len(candles)) >= HURT, 1_000.0, 1.0)
    return replace(
        candles,
        open=candles.open * factor,
        high=candles.high * factor,
        low=candles.low * factor,
        close=candles.close * factor,
        volume=candles.volume / factor,
    )


def with_an_absurd_wick(candles: Candles) -> Candles:
    low = candles.low.copy()
    low[HURT] /= 1_000.0
    return replace(candles, low=low)


def with_an_absurd_close(candles: Candles) -> Candles:
    close, low = candles.close.copy(), candles.low.copy()
    close[HURT] /= 1_000.0
    low[HURT] = close[HURT]
    return replace(candles, close=close, low=low)


def flat(candles: Candles) -> Candles:
    """A tenth of the usual movement for two days."""
    moves = np.diff(np.log(candles.close), prepend=np.log(candles.close[0]))
    moves[HURT : HURT + 576] *= 0.1
    close = candles.close[0] * np.exp(np.cumsum(moves))
    made = from_closes(close, timeframe_ms=FIVE_MS, volume=candles.volume)
    return replace(made, open_ms=candles.open_ms)


def constant(candles: Candles) -> Candles:
    """The price does not move for half a day, and hardly anybody trades."""
    moves = np.diff(np.log(candles.close), prepend=np.log(candles.close[0]))
    moves[HURT : HURT + 144] = 0.0
    close = candles.close[0] * np.exp(np.cumsum(moves))
    volume = candles.volume.copy()
    volume[HURT : HURT + 144] = 0.01
    made = from_closes(close, timeframe_ms=FIVE_MS, volume=volume)
    return replace(made, open_ms=candles.open_ms)


def listed_late(candles: Candles) -> Candles:
    """Two days of history before the cascade, instead of nine."""
    return candles.rows(slice(PLANTED - 576, None))


HOSTILE: list[Callable[[Candles], Candles]] = [
    with_hole,
    with_holes,
    with_repeated_rows,
    with_a_day_without_volume,
    with_another_unit,
    with_an_absurd_wick,
    with_an_absurd_close,
    flat,
    constant,
    listed_late,
]


@pytest.mark.parametrize("hurt", HOSTILE)
@settings(max_examples=6)
@given(seed=seeds)
def test_hostile_candles_raise_nothing(
    hurt: Callable[[Candles], Candles], seed: int
) -> None:
    assert findings_alone(hurt(calm(HOURS, seed=seed))) == []


@pytest.mark.parametrize("hurt", HOSTILE)
@settings(max_examples=6)
@given(seed=seeds, side=st.sampled_from(PositionSide))
def test_a_cascade_after_hostile_candles_is_found(
    hurt: Callable[[Candles], Candles], seed: int, side: PositionSide
) -> None:
    change = -0.04 if side is PositionSide.LONG else 0.04
    candles = with_move(
        calm(HOURS, seed=seed), PLANTED, bars=4, change=change, times=10
    )
    begins_ms = int(candles.open_ms[PLANTED])

    findings = findings_alone(hurt(candles))

    assert findings[0].phase is Phase.ONSET
    assert findings[0].liquidated is side
    assert begins_ms < findings[0].decided_ms <= begins_ms + 4 * FIVE_MS
    assert {finding.liquidated for finding in findings} == {side}


@settings(max_examples=6)
@given(seed=seeds, change=st.sampled_from([-0.05, 0.05]))
def test_a_cascade_in_the_first_bar_behind_a_hole_is_found(
    seed: int, change: float
) -> None:
    """The windows across the hole are unknown; the bars behind it are not."""
    candles = with_move(
        calm(HOURS, seed=seed), HURT + 73, bars=3, change=change, times=10
    )
    kept = np.ones(len(candles), dtype=np.bool_)
    kept[HURT : HURT + 72] = False

    findings = findings_alone(candles.rows(kept))

    assert findings
    assert findings[0].phase is Phase.ONSET


@settings(max_examples=6)
@given(price=st.floats(1e-12, 1e9), volume=st.sampled_from([0.0, 1e-9, 1e12]))
def test_a_price_that_never_moves_is_no_news(price: float, volume: float) -> None:
    candles = from_closes(np.full(2_000, price), timeframe_ms=FIVE_MS, volume=volume)

    assert findings_alone(candles) == []
