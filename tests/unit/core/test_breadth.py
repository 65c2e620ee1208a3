"""What the other markets say of a bar, and what must not change it."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, strategies as st

from liqmon.core.breadth import ALONE, Crowd, Voice, scores

MINUTE_MS = 60_000


def a_voice(base: str, *strength: float, first: int = 1) -> Voice:
    """Return one strength a minute, from the end of minute ``first`` on."""
    ends = (first + np.arange(len(strength), dtype=np.int64)) * MINUTE_MS
    return Voice(base, ends, np.array(strength, dtype=np.float64))


def around(own: Voice, *others: Voice) -> list[float]:
    return list(Crowd.of([own, *others]).around(own))


def test_without_companions_a_market_is_one_among_average_ones() -> None:
    assert around(a_voice("BTC", -4.0, 4.0)) == [ALONE, ALONE]
    assert Crowd.of([]).around(a_voice("BTC", -4.0)).tolist() == [ALONE]


def test_it_is_the_mean_of_the_others_and_of_one_that_is_imagined() -> None:
    btc = a_voice("BTC", -9.0)

    assert around(btc, a_voice("ETH", -5.0)) == [(3.0 + 5.0) / 2]
    assert around(btc, a_voice("ETH", -5.0), a_voice("SOL", -7.0)) == [5.0]


def test_only_moves_in_the_same_direction_count_for_a_market() -> None:
    btc, eth = a_voice("BTC", -9.0, 9.0), a_voice("ETH", -5.0, -5.0)

    assert around(btc, eth) == [4.0, (3.0 - 1.0) / 2]


def test_one_market_can_neither_carry_nor_sink_the_crowd() -> None:
    btc = a_voice("BTC", -9.0)

    assert around(btc, a_voice("ETH", -500.0)) == [(3.0 + 10.0) / 2]
    assert around(btc, a_voice("ETH", 500.0)) == [(3.0 - 1.0) / 2]


def test_a_crowd_that_goes_the_other_way_takes_nothing_off() -> None:
    others = (a_voice(f"C{at}", 9.0) for at in range(9))

    assert around(a_voice("BTC", -9.0), *others) == [0.0]


def test_markets_of_one_asset_are_no_companions_of_each_other() -> None:
    btc = a_voice("BTC", -9.0)

    assert around(btc, a_voice("BTC", -9.0)) == [ALONE]
    eth = a_voice("ETH", -5.0)
    crowd = Crowd.of([btc, a_voice("BTC", -1.0), eth])
    assert crowd.around(eth).tolist() == [(3.0 + 9.0) / 2]


def test_only_bars_with_the_same_end_are_compared() -> None:
    btc = a_voice("BTC", -9.0, -9.0, -9.0)

    assert around(btc, a_voice("ETH", -5.0, first=2)) == [ALONE, 4.0, ALONE]


def test_what_is_unknown_is_left_out() -> None:
    btc = a_voice("BTC", -9.0, -9.0)

    assert around(btc, a_voice("ETH", np.nan, -5.0)) == [ALONE, 4.0]
    assert around(btc, a_voice("ETH", np.nan, np.nan)) == [ALONE, ALONE]
    assert around(a_voice("BTC", np.nan, -9.0), a_voice("ETH", -5.0, -5.0))[1] == 4.0


def test_a_market_that_has_not_spoken_hears_the_others() -> None:
    crowd = Crowd.of([a_voice("ETH", -5.0, -7.0)])

    heard = crowd.around(a_voice("BTC", -9.0, -9.0, -9.0))
    assert heard.tolist() == [4.0, 5.0, ALONE]


strengths = st.lists(st.floats(-40, 40), min_size=5, max_size=5)


@given(st.lists(strengths, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_bar_by_bar_and_all_at_once_agree_in_whatever_order(
    table: list[list[float]], random: Random
) -> None:
    voices = [a_voice(f"C{at}", *row) for at, row in enumerate(table)]
    history = [Crowd.of(voices).around(voice).tolist() for voice in voices]

    shuffled = list(voices)
    random.shuffle(shuffled)
    for bar in range(5):
        now = {
            voice.base: Voice(
                voice.base,
                voice.end_ms[bar : bar + 1],
                voice.strength[bar : bar + 1],
            )
            for voice in shuffled
        }
        crowd = Crowd.of(now.values())
        live = [crowd.around(now[voice.base]).tolist() for voice in voices]
        assert live == [[row[bar]] for row in history]


def test_a_score_is_the_strength_raised_by_the_crowd() -> None:
    found = scores(np.array([-10.0, 10.0]), np.array([0.0, ALONE]))

    assert found.tolist() == pytest.approx([-10.0, 14.5])
