"""Words for thresholds."""

import pytest
from hypothesis import given, strategies as st

from liqmon.core.model import TIMEFRAME_MS
from liqmon.core.sensitivity import (
    FALSE_ALERTS,
    Sensitivity,
    threshold_at,
    threshold_of,
)


@pytest.mark.parametrize("timeframe", TIMEFRAME_MS)
def test_the_more_sensitive_the_lower_the_threshold(timeframe: str) -> None:
    calm, normal, alert = (threshold_of(one, timeframe) for one in Sensitivity)

    assert calm > normal > alert


@pytest.mark.parametrize("timeframe", TIMEFRAME_MS)
def test_a_rate_of_the_table_has_its_threshold(timeframe: str) -> None:
    for rate, threshold in FALSE_ALERTS[timeframe]:
        assert threshold_at(rate, timeframe) == threshold


@given(st.floats(0.01, 50), st.floats(0.01, 50), st.sampled_from([*TIMEFRAME_MS]))
def test_more_false_alerts_never_take_a_higher_threshold(
    one: float, other: float, timeframe: str
) -> None:
    few, many = sorted((one, other))

    assert threshold_at(few, timeframe) >= threshold_at(many, timeframe)


@given(st.floats(0.1, 20), st.sampled_from([*TIMEFRAME_MS]))
def test_between_two_rates_a_threshold_is_between_theirs(
    rate: float, timeframe: str
) -> None:
    table = FALSE_ALERTS[timeframe]
    below = max(threshold for known, threshold in table if known >= rate)
    above = min(threshold for known, threshold in table if known <= rate)

    assert below <= threshold_at(rate, timeframe) <= above


def test_beyond_the_table_the_nearest_counts() -> None:
    assert threshold_at(0.01, "1m") == threshold_at(0.1, "1m")
    assert threshold_at(100.0, "1m") == threshold_at(20.0, "1m")


def test_one_false_alert_a_week_is_what_alert_costs() -> None:
    assert threshold_at(1.0, "1m") == pytest.approx(
        threshold_of(Sensitivity.ALERT, "1m"), abs=0.3
    )
