import numpy as np
import pytest

from liqmon.sim.generated import START_MS, Placed, Side, generated
from liqmon.sim.markets import Markets
from liqmon.sim.truth import Cascade

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def made() -> Markets:
    return generated(1)


def minute(cascade: Cascade) -> int:
    return (cascade.first_ms - START_MS) // MINUTE_MS


def test_the_same_seed_is_the_same_market(made: Markets) -> None:
    again = generated(1)

    assert made.truth.cascades == again.truth.cascades
    for symbol, market in made.by_symbol.items():
        bars, same = market.tape.bars, again.by_symbol[symbol].tape.bars
        assert np.array_equal(bars.close, same.close)
        assert np.array_equal(bars.volume, same.volume)


def test_another_seed_is_another_market(made: Markets) -> None:
    other = generated(2)

    assert made.truth.cascades != other.truth.cascades


def test_four_markets_with_84_hours_before_the_start(made: Markets) -> None:
    assert list(made.by_symbol) == ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
    assert made.start_ms == START_MS
    assert made.first_ms == START_MS - 84 * 60 * MINUTE_MS
    assert made.end_ms == START_MS + 48 * 60 * MINUTE_MS
    assert made.timeframe == "1m"


def test_the_start_can_be_moved(made: Markets) -> None:
    moved = generated(1, start_ms=START_MS + 5 * MINUTE_MS + 7)

    assert moved.start_ms == START_MS + 5 * MINUTE_MS
    assert [c.first_ms - 5 * MINUTE_MS for c in moved.truth.cascades] == [
        c.first_ms for c in made.truth.cascades
    ]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"])
def test_every_candle_is_one(made: Markets, symbol: str) -> None:
    bars = made.by_symbol[symbol].tape.bars

    assert np.all(np.diff(bars.open_ms) == MINUTE_MS)
    assert np.all((bars.low > 0) & (bars.volume >= 0))
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert bars.taker_buy is not None
    assert np.all(bars.taker_buy <= bars.volume)
    # a market goes on where it was
    assert np.array_equal(bars.open[1:], bars.close[:-1])


@pytest.mark.parametrize("seed", range(6))
def test_the_first_cascade_of_each_kind_comes_soon(seed: int) -> None:
    found = generated(seed).truth.cascades
    first = {(c.symbol, c.liquidated): minute(c) for c in reversed(found)}

    assert minute(found[0]) >= 8
    assert 8 <= first["BTCUSDT", "long"] <= 12
    assert 18 <= first["ETHUSDT", "short"] <= 23
    assert not [c for c in found if c.symbol == "XRPUSDT"]


@pytest.mark.parametrize("seed", range(6))
def test_a_cascade_shows_in_price_and_volume(seed: int) -> None:
    made = generated(seed)
    for cascade in made.truth.cascades[:3]:
        bars = made.by_symbol[cascade.symbol].tape.bars
        first, last = np.searchsorted(bars.open_ms, [cascade.first_ms, cascade.last_ms])
        usual = np.median(bars.volume[first - 3_000 : first])
        sign = -1 if cascade.liquidated == "long" else 1

        assert sign * (cascade.price_to / cascade.price_from - 1) > 0.015
        assert bars.volume[first : last + 1].max() > 8 * usual


def test_what_was_closed_by_force_is_known_by_the_minute(made: Markets) -> None:
    for cascade in made.truth.cascades:
        forced = made.truth.forced[cascade.symbol]
        inside = (forced.open_ms >= cascade.first_ms) & (
            forced.open_ms <= cascade.last_ms
        )
        usd = forced.long_usd if cascade.liquidated == "long" else forced.short_usd

        assert usd[inside].sum() == pytest.approx(cascade.notional_usd)


def test_positions_that_are_closed_by_force_leave_the_open_interest(
    made: Markets,
) -> None:
    cascade = made.truth.cascades[0]
    interest = made.by_symbol[cascade.symbol].open_interest
    before = interest.at(cascade.first_ms)
    after = interest.at(cascade.last_ms + MINUTE_MS)
    closed = cascade.notional_usd / cascade.price_to

    assert before - after == pytest.approx(closed, rel=0.1)


def test_cascades_can_be_placed() -> None:
    placed = [
        Placed("XRPUSDT", 30, Side.SHORT, 0.03),
        # so early that its crowd had no time to build
        Placed("SOLUSDT", -84 * 60 + 1, Side.LONG, 0.02),
    ]
    found = generated(3, placed=placed).truth.cascades

    assert [(c.symbol, c.liquidated) for c in found] == [
        ("SOLUSDT", "long"),
        ("XRPUSDT", "short"),
    ]
    assert 30 <= minute(found[1]) <= 31


def test_ordinary_hours_have_no_cascade() -> None:
    for seed in range(10):
        assert generated(seed, placed=()).truth.cascades == ()
