"""Yardsticks, by hand: what each says of a bar that was made for it."""

import numpy as np
import pytest

from candles import from_closes
from liqmon.backtest.rules import RULES
from liqmon.core.model import Candles, FloatArray


def flat_then(close: float, volume: float, *, bars: int = 400) -> Candles:
    """Return a market that trembles between 99.9 and 100.1, and one last bar."""
    closes = np.where(np.arange(bars) % 2, 100.1, 99.9)
    volumes = np.full(bars, 10.0)
    closes[-1], volumes[-1] = close, volume
    return from_closes(closes, timeframe_ms=300_000, volume=volumes)


def last(name: str, candles: Candles) -> float:
    return float(RULES[name].score(candles)[-1])


def test_volume_return_is_held_back_by_its_weakest_gate() -> None:
    # volume: 100 of a mean of 14.5 is 6.9 / 3; return: -5 % / 2 %; confidence: 1
    assert last("volume-return", flat_then(94.905, 100.0)) == pytest.approx(-1.0)
    # a return of +1 % only: half a gate, and the confidence is (1 + 0.2) / 2
    assert last("volume-return", flat_then(100.899, 100.0)) == pytest.approx(0.5)
    # no more volume than usual: a third of its gate
    assert last("volume-return", flat_then(94.905, 10.0)) == pytest.approx(-1 / 3)


def test_atr_counts_true_ranges_and_wants_volume() -> None:
    # 13 ranges of 0.2 and this one of 2
    mean = (13 * 0.2 + 2.0) / 14
    assert last("atr", flat_then(97.9, 100.0)) == pytest.approx(-2.0 / mean)
    assert last("atr", flat_then(97.9, 20.0)) == 0.0


def test_zscore_is_the_move_of_fifteen_minutes_in_usual_ones() -> None:
    candles = flat_then(97.0, 10.0)
    tremble = np.log(100.1 / 99.9)
    move = np.log(97.0 / candles.close[-4])

    assert last("zscore", candles) == pytest.approx(
        move / (tremble * np.sqrt(3)), rel=1e-2
    )


@pytest.mark.parametrize("name", RULES)
def test_a_score_depends_on_its_own_past_only(name: str) -> None:
    rng = np.random.default_rng(4)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.004, 700)))
    candles = from_closes(
        close, timeframe_ms=300_000, volume=rng.lognormal(3.0, 1.5, 700)
    )

    whole = RULES[name].score(candles)
    early = RULES[name].score(candles.rows(slice(0, 500)))

    np.testing.assert_allclose(whole[:500], early)
    assert np.nanmax(np.abs(whole)) > 0.0


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("bars", [0, 1, 2, 25])
def test_too_few_bars_say_nothing(name: str, bars: int) -> None:
    candles = flat_then(50.0, 900.0).rows(slice(0, bars))

    scores: FloatArray = RULES[name].score(candles)

    assert scores.size == bars
    assert not (np.abs(scores) >= RULES[name].threshold).any()


@pytest.mark.parametrize("name", RULES)
def test_a_market_in_which_nothing_is_traded_says_nothing(name: str) -> None:
    still = from_closes(np.full(400, 100.0), timeframe_ms=300_000, volume=0.0)

    assert not (np.abs(RULES[name].score(still)) >= 0.1).any()
