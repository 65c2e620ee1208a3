"""The numbers behind a verdict are those that the verdict was made of."""

import math
from dataclasses import replace

import numpy as np
import pytest

from candles import calm, end_ms, with_move
from factories import ETH
from liqmon.backtest.explain import Explained, explain
from liqmon.core.baseline import ENOUGH_MS
from liqmon.core.breadth import ALONE
from liqmon.core.episode import EpisodePolicy
from liqmon.core.model import Candles, Phase, PositionSide
from liqmon.errors import UserError
from recordings import Recording

STEP_MS = 300_000
WARM = ENOUGH_MS // STEP_MS
AT = WARM + 300
POLICY = EpisodePolicy(threshold=8.0, cooldown_ms=1_800_000)
FALL = with_move(calm(80.0), AT, bars=4, change=-0.05, times=9.0)
MOMENT_MS = int(FALL.open_ms[AT + 2]) + STEP_MS


def explained(
    candles: Candles = FALL, at_ms: int = MOMENT_MS, *others: Recording
) -> Explained:
    until_ms = at_ms + 3_600_000
    return explain(
        Recording(candles, (AT - 7,)),
        others,
        at_ms=at_ms,
        until_ms=until_ms,
        policy=POLICY,
    )


def test_each_window_explains_its_score() -> None:
    told = explained()

    assert [window.minutes for window in told.windows] == [5, 15, 30]
    for window in told.windows:
        assert window.change is not None
        assert window.usual is not None
        assert window.move is not None
        assert window.times is not None
        assert math.log1p(window.change) / window.usual == pytest.approx(window.move)
        assert window.score == pytest.approx(window.move * math.sqrt(window.times))
    scores = [window.score or 0.0 for window in told.windows]
    assert told.strength == pytest.approx(np.mean(scores))


def test_the_verdict_is_that_of_the_bar_that_had_closed() -> None:
    for late_ms in (0, STEP_MS - 1):
        told = explained(FALL, MOMENT_MS + late_ms)

        assert told.end_ms == MOMENT_MS
        assert told.reading is not None
        assert told.reading.end_ms == MOMENT_MS
        assert told.reading.liquidated is PositionSide.LONG
        assert told.close == told.reading.price_to
    assert explained(FALL, MOMENT_MS - 1).end_ms == MOMENT_MS - STEP_MS


def test_what_was_told_around_it_is_told() -> None:
    findings = explained().findings

    assert findings[0].phase is Phase.ONSET
    assert findings[-1].phase is Phase.END


def test_companions_are_heard() -> None:
    alone = explained()
    together = explained(FALL, MOMENT_MS, Recording(FALL, market=ETH))

    assert (alone.breadth, alone.companions) == (ALONE, 0)
    assert together.companions == 1
    assert together.breadth > ALONE
    assert together.reading is not None
    assert alone.reading is not None
    assert together.reading.score > alone.reading.score


def test_a_market_that_is_warming_up_has_no_verdict() -> None:
    young = FALL.rows(slice(AT - 100, None))
    told = explained(young)

    assert told.reading is None
    assert told.have_h < told.need_h
    assert {window.score for window in told.windows} == {None}


def test_a_bar_that_did_not_move_has_no_usual_move_to_show() -> None:
    close = FALL.close.copy()
    close[AT + 1] = close[AT + 2]
    told = explained(replace(FALL, close=close))

    assert told.windows[0].move == 0.0
    assert told.windows[0].usual is None


@pytest.mark.parametrize("hours", [-100_000, 100_000])
def test_a_time_without_candles_is_an_error(hours: int) -> None:
    with pytest.raises(UserError, match="no candles of BTCUSDT around that time"):
        explained(FALL, MOMENT_MS + hours * 3_600_000)


def test_a_time_long_after_the_last_candle_is_an_error() -> None:
    with pytest.raises(UserError, match="no candles of BTCUSDT around that time"):
        explained(FALL, end_ms(FALL) + 2 * 3_600_000)
