import math

import numpy as np
import pytest

from candles import START_MS, from_closes
from liqmon.core.model import Candles
from liqmon.monitor.past_hour import change_over, past_hour

MINUTE_MS = 60_000
NOTHING = Candles.empty(300_000)


def minutes(count: int, *, start: int = 0) -> Candles:
    """Return bars whose close is the minute in which they end."""
    closes = np.arange(start + 1, start + count + 1, dtype=np.float64)
    return from_closes(closes, start_ms=START_MS + start * MINUTE_MS)


def at(minute: float) -> int:
    return START_MS + round(minute * MINUTE_MS)


def test_it_is_the_close_of_each_minute_from_an_hour_ago_until_now() -> None:
    hour = past_hour(minutes(90), NOTHING, at(90))

    assert hour == tuple(float(minute) for minute in range(30, 91))


def test_the_bar_that_forms_is_the_price_now() -> None:
    # half a minute later the 91st bar has begun, and moments lie within bars
    hour = past_hour(minutes(91), NOTHING, at(90.5))

    assert hour[-1] == 91.0
    assert hour[:-1] == tuple(float(minute) for minute in range(30, 90))


def test_what_is_older_comes_from_the_five_minute_candles() -> None:
    coarse = from_closes(
        np.arange(5.0, 95.0, 5.0), timeframe_ms=300_000, start_ms=START_MS
    )
    hour = past_hour(minutes(40, start=50), coarse, at(90))

    assert hour[0] == 30.0
    assert hour[1:6] == (30.0, 30.0, 30.0, 30.0, 35.0)
    assert hour[-40:] == tuple(float(minute) for minute in range(51, 91))


def test_a_gap_and_what_came_before_the_listing_are_unknown() -> None:
    bars = minutes(90)
    with_gap = bars.rows((bars.open_ms < at(50)) | (bars.open_ms >= at(70)))
    hour = past_hour(with_gap, NOTHING, at(90))

    assert math.isnan(hour[27])
    assert hour[20] == 50.0
    assert hour[-1] == 90.0
    young = past_hour(minutes(10), NOTHING, at(10))
    assert [math.isnan(price) for price in young] == [True] * 51 + [False] * 10


@pytest.mark.parametrize("now", [89.2, 90.0, 90.7, 97.0])
def test_there_are_always_sixty_one(now: float) -> None:
    assert len(past_hour(minutes(90), NOTHING, at(now))) == 61


def test_the_change_over_five_minutes_is_a_fraction_and_unknown_across_a_gap() -> None:
    bars = minutes(10)
    holed = bars.rows(bars.open_ms != at(4))

    assert change_over(bars, 5 * MINUTE_MS) == pytest.approx(10 / 5 - 1)
    assert change_over(holed, 5 * MINUTE_MS) is None
    assert change_over(bars, 60 * MINUTE_MS) is None
