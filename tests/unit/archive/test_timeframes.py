from datetime import UTC, datetime

import numpy as np
import pytest

from liqmon.archive.timeframes import (
    LENGTH_MS,
    TIMEFRAMES,
    bar_opens,
    next_open,
    timeframe_of,
)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("timeframe", "opened"),
    [
        ("1m", "2024-02-29T13:47"),
        ("5m", "2024-02-29T13:45"),
        ("1h", "2024-02-29T13:00"),
        ("4h", "2024-02-29T12:00"),
        ("1d", "2024-02-29"),
        # 2024-02-29 was a Thursday
        ("1w", "2024-02-26"),
        ("1M", "2024-02-01"),
    ],
)
def test_a_bar_opens_where_the_clock_says(timeframe: str, opened: str) -> None:
    moment = np.array([ms("2024-02-29T13:47:59.999")])

    assert bar_opens(moment, timeframe).tolist() == [ms(opened)]


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_next_bar_opens_when_this_one_ends(timeframe: str) -> None:
    opened = bar_opens(np.array([ms("2024-01-31T23:59")]), timeframe)
    after = next_open(int(opened[0]), timeframe)

    assert bar_opens(np.array([after - 1, after]), timeframe).tolist() == [
        opened[0],
        after,
    ]


def test_a_month_has_as_many_days_as_it_has() -> None:
    assert next_open(ms("2024-02-01"), "1M") == ms("2024-03-01")


def test_a_timeframe_is_known_by_its_length() -> None:
    assert {name: timeframe_of(length) for name, length in LENGTH_MS.items()} == {
        name: name for name in LENGTH_MS
    }
    assert timeframe_of(61_000) is None
