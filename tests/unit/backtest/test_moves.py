"""Moves in hindsight: what counts, where it begins, how much was left."""

from itertools import pairwise

import numpy as np
import pytest

from candles import calm, from_closes, with_move
from liqmon.backtest.moves import KNOWN_AFTER_MS, Move, moves
from liqmon.core.model import Candles, PositionSide

STEP_MS = 300_000
KNOWN = KNOWN_AFTER_MS // STEP_MS
AT = KNOWN + 500


def market(change: float, *, bars: int = 12) -> Candles:
    return with_move(calm(15 * 24.0), AT, bars=bars, change=change, times=5.0)


def only(candles: Candles) -> Move:
    (move,) = [one for one in moves(candles) if one.large]
    return move


@pytest.mark.parametrize(
    ("change", "side"), [(-0.06, PositionSide.LONG), (0.06, PositionSide.SHORT)]
)
def test_a_planted_move_is_found_with_its_side_and_its_end(
    change: float, side: PositionSide
) -> None:
    candles = market(change)
    move = only(candles)

    assert move.liquidated is side
    # it is over at its worst price, which the walk may reach a little later
    over_ms = int(candles.open_ms[AT + 11]) + STEP_MS
    assert over_ms - STEP_MS <= move.extreme_ms <= over_ms + 48 * STEP_MS
    assert move.depth == pytest.approx(abs(np.log1p(change)), abs=0.012)
    begin_ms = int(candles.open_ms[AT])
    assert move.start_ms <= begin_ms + STEP_MS
    # a fifth of an even move of twelve bars is done in its third
    assert abs(move.onset_ms - (begin_ms + 3 * STEP_MS)) <= 2 * STEP_MS


def test_an_ordinary_market_has_no_large_move() -> None:
    assert [move for move in moves(calm(15 * 24.0)) if move.large] == []


def test_a_move_of_less_than_two_per_cent_is_none() -> None:
    assert moves(market(-0.018)) == []


def test_in_the_first_week_nothing_is_known_to_be_unusual() -> None:
    candles = with_move(calm(15 * 24.0), KNOWN - 200, bars=6, change=-0.08, times=5.0)

    assert [move for move in moves(candles) if move.large] == []


def test_a_jump_over_a_gap_is_no_move() -> None:
    candles = market(-0.06, bars=1)
    kept = np.ones(len(candles), dtype=np.bool_)
    kept[AT - 60 : AT + 1] = False

    assert moves(candles.rows(kept)) == []


def test_moves_of_one_side_do_not_overlap_and_stand_in_order() -> None:
    rng = np.random.default_rng(9)
    wild = 100.0 * np.exp(np.cumsum(rng.standard_t(2, 6_000) * 0.002))
    found = moves(from_closes(wild, timeframe_ms=STEP_MS))

    assert len(found) > 5
    assert [move.extreme_ms for move in found] == sorted(
        move.extreme_ms for move in found
    )
    for side in PositionSide:
        own = [move for move in found if move.liquidated is side]
        for earlier, later in pairwise(own):
            assert earlier.extreme_ms < later.start_ms


def test_too_few_candles_have_no_moves() -> None:
    assert moves(calm(0.1)) == []
    assert moves(Candles.empty(STEP_MS)) == []


def test_what_is_left_is_a_share_between_nothing_and_all() -> None:
    move = only(market(-0.06))

    assert move.left_at(move.price_from * 1.01) == 1.0
    assert move.left_at(move.price_to * 0.99) == 0.0
    middle = float(np.sqrt(move.price_from * move.price_to))
    assert move.left_at(middle) == pytest.approx(0.5)
