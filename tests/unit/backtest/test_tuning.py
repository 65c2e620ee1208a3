"""What thresholds cost and catch: alerts that are false, moves that are missed."""

from dataclasses import replace

import numpy as np
import pytest

from candles import calm, with_move
from factories import ETH
from liqmon.backtest.moves import KNOWN_AFTER_MS
from liqmon.backtest.tuning import THRESHOLDS, Tuning, tune
from liqmon.core.model import Candles, PositionSide
from recordings import Recording

STEP_MS = 300_000
KNOWN = KNOWN_AFTER_MS // STEP_MS


def tuned(candles: Candles, **options: object) -> Tuning:
    asked = {"since_ms": 0, "until_ms": 1 << 60, "cooldown_ms": 1_800_000} | options
    return tune(Recording(candles), **asked)  # type: ignore[arg-type]


def three_weeks() -> Candles:
    """Return a fall of 6 %, a rise of 5 %, and flurries that are no large move."""
    candles = calm(24.0 * 21)
    for at, change in ((KNOWN + 300, -0.06), (KNOWN + 1_500, 0.05)):
        candles = with_move(candles, at, bars=8, change=change, times=10.0)
    for at in (KNOWN + 220, KNOWN + 800, KNOWN + 2_200):
        candles = with_move(candles, at, bars=2, change=-0.012, times=25.0)
        candles = with_move(candles, at + 2, bars=2, change=0.012, times=20.0)
    return candles


@pytest.fixture(scope="module")
def tuning() -> Tuning:
    return tuned(three_weeks())


def test_a_higher_threshold_costs_less_and_catches_no_more(tuning: Tuning) -> None:
    outcomes = tuning.outcomes

    assert tuple(one.threshold for one in outcomes) == THRESHOLDS
    assert outcomes[0].false >= outcomes[-1].false
    caught = [one.caught for one in outcomes]
    assert caught[0] == 2
    assert caught == sorted(caught, reverse=True)


def test_large_moves_are_listed_with_their_first_alert(tuning: Tuning) -> None:
    assert [move.liquidated for move in tuning.large] == [
        PositionSide.LONG,
        PositionSide.SHORT,
    ]
    low = tuning.outcomes[0]
    for move, first in zip(tuning.large, low.first, strict=True):
        assert first is not None
        assert first.liquidated is move.liquidated
        assert move.start_ms <= first.decided_ms <= move.extreme_ms
    assert 0 <= tuning.in_time(low) <= low.caught


def test_the_lowest_threshold_that_is_quiet_enough_is_chosen(tuning: Tuning) -> None:
    for target in (0.1, 0.5, 1.0, 5.0):
        chosen = tuning.chosen(target)
        at = tuning.outcomes.index(chosen)
        assert chosen.false <= target * tuning.weeks
        assert all(one.false <= target * tuning.weeks for one in tuning.outcomes[at:])
        if at:
            assert tuning.outcomes[at - 1].false > target * tuning.weeks


def test_if_nothing_is_quiet_enough_the_highest_is_returned(tuning: Tuning) -> None:
    noisy = replace(
        tuning, outcomes=tuple(replace(one, false=99) for one in tuning.outcomes)
    )

    assert noisy.chosen(1.0) is noisy.outcomes[-1]


def test_the_first_week_is_not_counted(tuning: Tuning) -> None:
    assert tuning.weeks == pytest.approx(
        3.0 - KNOWN_AFTER_MS / (7 * 86_400_000), abs=0.01
    )
    early = with_move(three_weeks(), 900, bars=8, change=-0.08, times=10.0)

    assert tuned(early).large == tuning.large or len(tuned(early).large) == 2


def test_the_threshold_in_use_is_tried_too() -> None:
    tuning = tuned(calm(24.0 * 9), also=(11.25,))

    assert tuning.outcome(11.25) is not None
    assert tuning.outcome(11.3) is None


def test_too_little_history_is_no_week_at_all() -> None:
    assert tuned(calm(24.0 * 5)).weeks == 0.0
    assert tuned(calm(24.0), since_ms=1 << 50).outcomes[0].alerts == 0


def test_companions_count_as_in_a_watch() -> None:
    candles = three_weeks()
    alike = Recording(candles, market=ETH)

    alone = tuned(candles)
    together = tune(
        Recording(candles),
        [alike],
        since_ms=0,
        until_ms=1 << 60,
        cooldown_ms=1_800_000,
    )

    scores = [
        np.mean([one.score for one in tuning.outcomes[0].first if one is not None])
        for tuning in (alone, together)
    ]
    assert scores[1] > scores[0]
