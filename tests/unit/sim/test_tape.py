import numpy as np
import pytest
from hypothesis import given, strategies as st

from liqmon.sim.tape import Row, Tape, Window
from tapes import MIDNIGHT_MS, MINUTE_MS, bars

HOUR_MS = 60 * MINUTE_MS


def minutes(count: int) -> Tape:
    return Tape(bars([100.0 + place for place in range(count)]))


def at(minute: float) -> int:
    return MIDNIGHT_MS + round(minute * MINUTE_MS)


def places(rows: list[Row]) -> list[int]:
    return [(row.open_ms - MIDNIGHT_MS) // MINUTE_MS for row in rows]


def test_candles_come_into_being_as_time_goes_by() -> None:
    tape = minutes(10)

    assert places(tape.rows("1m", at(-1), Window(limit=9))) == []
    assert places(tape.rows("1m", at(0), Window(limit=9))) == [0]
    assert places(tape.rows("1m", at(2.99), Window(limit=9))) == [0, 1, 2]


def test_a_closed_candle_is_the_recorded_one() -> None:
    tape = minutes(10)

    assert tape.rows("1m", at(1), Window(limit=9))[0] == (
        MIDNIGHT_MS,
        *(100.0, 102.0, 99.0, 101.0),
        *(12.0, 12.0 * 100.5, 6.0, 6.0 * 100.5),
    )


def test_a_candle_opens_with_its_open_and_no_volume() -> None:
    (row,) = minutes(10).rows("1m", at(0), Window(limit=9))

    assert row[1:] == (100.0, 100.0, 100.0, 100.0, 0.0, 0.0, 0.0, 0.0)


def test_a_rising_candle_falls_first() -> None:
    # 100 down to 99, up to 102, down to 101: five points of way
    path = [minutes(1).rows("1m", at(n / 10), Window(limit=1))[0] for n in range(10)]

    assert [row.close for row in path] == [
        100,
        100,
        99,
        100,
        100,
        100,
        101,
        102,
        102,
        102,
    ]


def test_a_falling_candle_rises_first() -> None:
    tape = Tape(bars([100.0], close=np.array([99.5])))
    path = [tape.rows("1m", at(n / 100), Window(limit=1))[0] for n in (1, 30, 99)]

    assert path[0].close >= 100
    assert path[1].high > path[1].open
    assert path[2].low < 100


PRICE = st.integers(1, 10_000)


@given(
    st.lists(PRICE, min_size=4, max_size=4), st.lists(st.floats(0, 0.9999), min_size=1)
)
def test_a_forming_candle_never_leaves_the_final_one(
    prices: list[int], moments: list[float]
) -> None:
    low, *middle, high = sorted(prices)
    tape = Tape(
        bars(
            [float(middle[0])],
            high=np.array([float(high)]),
            low=np.array([float(low)]),
            close=np.array([float(middle[1])]),
        )
    )
    rows = [tape.rows("1m", at(m), Window(limit=1))[0] for m in sorted(moments)]
    final = tape.rows("1m", at(1), Window(limit=1))[0]

    for earlier, later in zip(rows, [*rows[1:], final], strict=True):
        assert final.low <= later.low <= earlier.low <= earlier.close
        assert earlier.close <= earlier.high <= later.high <= final.high
        assert earlier.volume <= later.volume <= final.volume
        assert earlier.open == final.open


def test_a_larger_candle_forms_from_the_minutes_so_far() -> None:
    tape = minutes(20)
    row = tape.rows("5m", at(12), Window(limit=9))[-1]

    assert row.open_ms == at(10)
    assert (row.open, row.high, row.low, row.close) == (110.0, 113.0, 109.0, 112.0)
    assert row.volume == 24.0


@given(st.integers(0, 299), st.sampled_from(["3m", "5m", "15m", "1h", "1d"]))
def test_the_forming_candle_is_what_its_minutes_are(minute: int, name: str) -> None:
    tape = minutes(300)
    now_ms = at(minute + 0.4)
    whole = tape.rows(name, now_ms, Window(limit=1))[0]
    parts = tape.rows("1m", now_ms, Window(limit=2000, start_ms=whole.open_ms))

    assert whole.open == parts[0].open
    assert whole.close == parts[-1].close
    assert whole.high == max(row.high for row in parts)
    assert whole.volume == pytest.approx(sum(row.volume for row in parts))


def test_a_gap_shows_no_candle() -> None:
    tape = Tape(bars([1.0, 2.0], at=[0, 7]))

    assert places(tape.rows("1m", at(3), Window(limit=9))) == [0]
    assert places(tape.rows("5m", at(6), Window(limit=9))) == [0]
    assert places(tape.rows("5m", at(7), Window(limit=9))) == [0, 5]


def test_after_the_last_candle_nothing_more_comes() -> None:
    assert places(minutes(3).rows("1m", at(500), Window(limit=9))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(limit=2), [8, 9]),
        (Window(limit=2, end_ms=at(5)), [4, 5]),
        (Window(limit=2, start_ms=at(3)), [8, 9]),
        (Window(limit=2, start_ms=at(3), oldest=True), [3, 4]),
        (Window(limit=9, start_ms=at(3), end_ms=at(5)), [3, 4, 5]),
        (Window(limit=9, start_ms=at(3) + 1, end_ms=at(5) - 1), [4]),
        (Window(limit=9, end_ms=at(500)), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Window(limit=9, start_ms=at(10)), []),
        (Window(limit=9, start_ms=at(5), end_ms=at(4)), []),
    ],
)
def test_a_window_shows_what_opens_in_it(window: Window, expected: list[int]) -> None:
    assert places(minutes(20).rows("1m", at(9.5), window)) == expected


def test_a_window_that_ends_before_now_has_no_forming_candle() -> None:
    rows = minutes(20).rows("5m", at(12), Window(limit=9, end_ms=at(9)))

    assert (rows[-1].open_ms, rows[-1].volume) == (at(5), 60.0)


def test_nothing_smaller_than_the_recording_can_be_shown() -> None:
    tape = Tape(bars([1.0, 2.0], timeframe="5m"))

    assert tape.rows("1m", at(7), Window(limit=9)) == []
    assert tape.rows("3m", at(7), Window(limit=9)) == []
    assert tape.timeframes == (
        *("5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d"),
        *("1w", "1M"),
    )


def test_recorded_turnover_and_taker_volume_are_shown() -> None:
    tape = Tape(
        bars([100.0], quote_volume=np.array([1200.0]), taker_buy=np.array([3.0]))
    )
    row = tape.rows("1m", at(1), Window(limit=1))[0]

    assert (row.quote, row.taker_buy, row.taker_buy_quote) == (1200.0, 3.0, 300.0)


def test_a_minute_without_trades_has_no_turnover() -> None:
    tape = Tape(bars([100.0], volume=np.array([0.0])))

    assert tape.rows("1m", at(1), Window(limit=1))[0][5:] == (0.0, 0.0, 0.0, 0.0)


def test_decimals_are_as_many_as_it_takes() -> None:
    tape = Tape(bars([3.25], volume=np.array([1.234567])))

    assert (tape.price_decimals, tape.volume_decimals) == (2, 6)
    assert Tape(bars([4 / 3])).price_decimals == 8
    assert minutes(5).price_decimals == 0


def test_the_day_is_the_last_24_hours() -> None:
    tape = minutes(30 * 60)
    day = tape.day(at(30 * 60))
    assert day is not None

    assert day.last == 100 + 30 * 60
    assert day.day_ago == 100 + 6 * 60
    assert day.hour_ago == 100 + 29 * 60
    assert (day.high, day.low) == (day.last + 1, day.day_ago - 1)
    assert day.volume == 24 * 60 * 12
    assert day.first_ms == at(6 * 60)


def test_before_the_first_candle_there_is_no_day() -> None:
    assert minutes(5).day(at(-1)) is None


def test_a_day_without_candles_stands_at_the_last_price() -> None:
    day = minutes(5).day(at(5 + 2 * 24 * 60))
    assert day is not None

    assert {day.last, day.day_ago, day.hour_ago, day.high, day.low} == {105.0}
    assert day.volume == 0


def test_an_hour_without_candles_is_an_hour_without_move() -> None:
    day = minutes(5).day(at(5 + 120))
    assert day is not None

    assert day.hour_ago == day.last
