import json

import numpy as np

from liqmon.sim.truth import Forced, Truth, cascades

MINUTE_MS = 60_000


def forced(longs: list[float], shorts: list[float] | None = None) -> Forced:
    return Forced(
        np.arange(len(longs)) * MINUTE_MS,
        np.array(longs),
        np.array(shorts or [0.0] * len(longs)),
    )


def runs(
    longs: list[float], shorts: list[float] | None = None
) -> list[tuple[object, ...]]:
    prices = np.arange(len(longs), dtype=np.float64)
    made = cascades("BTCUSDT", forced(longs, shorts), 10.0, (prices, prices + 0.5))
    return [
        (
            c.liquidated,
            c.first_ms // MINUTE_MS,
            c.last_ms // MINUTE_MS,
            c.notional_usd,
            c.price_from,
            c.price_to,
        )
        for c in made
    ]


def test_a_cascade_is_a_run_of_minutes_with_more_than_the_usual() -> None:
    assert runs([0, 11, 20, 0, 0]) == [("long", 1, 2, 31, 1.0, 2.5)]


def test_the_usual_is_no_cascade() -> None:
    assert runs([10, 10, 10]) == []


def test_a_short_pause_does_not_end_it() -> None:
    assert runs([20, 5, 0, 20]) == [("long", 0, 3, 45, 0.0, 3.5)]


def test_a_long_pause_ends_it() -> None:
    assert [run[1:3] for run in runs([20, 0, 0, 0, 20])] == [(0, 0), (4, 4)]


def test_the_sides_are_told_apart() -> None:
    assert [run[0] for run in runs([20, 0], [0, 20])] == ["long", "short"]


def test_the_truth_can_be_written_as_json() -> None:
    (cascade,) = cascades("BTCUSDT", forced([0, 20.4]), 10.0, (np.ones(2), np.ones(2)))
    truth = Truth(
        known=True,
        cascades=(cascade,),
        forced={"BTCUSDT": forced([0, 20.4])},
    )

    assert json.loads(json.dumps(truth.as_json())) == {
        "known": True,
        "cascades": [
            {
                "symbol": "BTCUSDT",
                "liquidated": "long",
                "first_ms": 60_000,
                "last_ms": 60_000,
                "notional_usd": 20.4,
                "price_from": 1.0,
                "price_to": 1.0,
            }
        ],
        "minutes": {
            "BTCUSDT": [{"open_ms": 60_000, "long_usd": 20, "short_usd": 0}],
        },
    }


def test_of_a_recorded_market_nothing_is_known() -> None:
    assert Truth().as_json() == {"known": False, "cascades": [], "minutes": {}}
