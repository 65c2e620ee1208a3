import numpy as np
import pytest
from hypothesis import given, strategies as st

from liqmon.archive.bars import Bars, aggregated, in_order, joined
from liqmon.archive.reader import read
from liqmon.archive.timeframes import bar_opens
from recorded import candle_file
from tapes import MIDNIGHT_MS, MINUTE_MS, bars


def test_five_minutes_make_one_bar() -> None:
    minutes = bars(
        [10.0, 20.0, 5.0, 8.0, 9.0],
        quote_volume=np.arange(5.0),
        taker_buy=np.ones(5),
    )
    made = aggregated(minutes, "5m")

    assert made.timeframe == "5m"
    assert made.open_ms.tolist() == [MIDNIGHT_MS]
    assert [made.open[0], made.high[0], made.low[0], made.close[0]] == [10, 22, 4, 10]
    assert made.volume.tolist() == [60.0]
    assert made.quote_volume is not None
    assert made.taker_buy is not None
    assert (made.quote_volume[0], made.taker_buy[0]) == (10.0, 5.0)


def test_a_gap_stays_a_gap() -> None:
    # the minutes 0, 7 and 16: nothing from 10 to 14
    made = aggregated(bars([1.0, 2.0, 3.0], at=[0, 7, 16]), "5m")

    assert ((made.open_ms - MIDNIGHT_MS) // MINUTE_MS).tolist() == [0, 5, 15]
    assert made.quote_volume is None


def test_nothing_makes_nothing() -> None:
    assert len(aggregated(bars([]), "5m")) == 0


@given(st.sets(st.integers(0, 400), min_size=1), st.sampled_from(["3m", "5m", "1h"]))
def test_a_larger_bar_exists_if_any_of_its_minutes_does(
    at: set[int], timeframe: str
) -> None:
    minutes = bars([float(place + 1) for place in sorted(at)], at=sorted(at))
    made = aggregated(minutes, timeframe)
    length = {"3m": 3, "5m": 5, "1h": 60}[timeframe]
    places = ((made.open_ms - MIDNIGHT_MS) // MINUTE_MS).tolist()

    assert places == sorted({place // length * length for place in at})
    assert made.volume.sum() == minutes.volume.sum()
    for place, top, bottom in zip(places, made.high, made.low, strict=True):
        inside = [p for p in at if place <= p < place + length]
        assert (top, bottom) == (max(inside) + 3, min(inside))


def test_rows_come_in_order_and_the_later_of_two_counts() -> None:
    mixed = bars([3.0, 1.0, 2.0, 1.5], at=[3, 1, 2, 1])

    assert in_order(mixed).open.tolist() == [1.5, 2.0, 3.0]


def test_files_of_one_market_are_joined() -> None:
    first, second = bars([1.0, 2.0]), bars([20.0, 3.0], at=[1, 2])
    whole = joined([first, second])

    assert whole.open.tolist() == [1.0, 20.0, 3.0]
    assert whole.open_ms.dtype == np.int64


def test_a_column_that_one_file_lacks_is_dropped() -> None:
    first = bars([1.0], quote_volume=np.ones(1))

    assert joined([first, bars([2.0], at=[1])]).quote_volume is None


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "DOTUSDT"])
def test_recorded_minutes_make_the_recorded_five_minutes(symbol: str) -> None:
    minutes = read(candle_file(f"binance_spot_{symbol}_1m_2021-04_2021-05"))
    fives = read(candle_file(f"binance_spot_{symbol}_5m_2020-12_2021-07"))
    made = _without_outages(aggregated(_whole_fives(minutes), "5m"))
    same = fives.rows(np.isin(fives.open_ms, made.open_ms).nonzero()[0])
    made = made.rows(np.isin(made.open_ms, same.open_ms).nonzero()[0])

    assert len(same) > 12_000
    for column in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(made, column), getattr(same, column)), column
    assert np.allclose(made.volume, same.volume, rtol=1e-9)


def _whole_fives(minutes: Bars) -> Bars:
    """Return only the minutes of those five that are all there."""
    opens = bar_opens(minutes.open_ms, "5m")
    known, count = np.unique(opens, return_counts=True)
    return minutes.rows(np.isin(opens, known[count == 5]).nonzero()[0])


def _without_outages(made: Bars) -> Bars:
    """Leave out two days on which the exchange itself lost trades in its minutes."""
    days = made.open_ms.astype("datetime64[ms]").astype("datetime64[D]").astype(str)
    return made.rows((~np.isin(days, ["2021-04-22", "2021-04-23"])).nonzero()[0])
