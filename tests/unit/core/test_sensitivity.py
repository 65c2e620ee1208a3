"""Words for thresholds."""

import pytest

from liqmon.core.model import TIMEFRAME_MS
from liqmon.core.sensitivity import Sensitivity, threshold_of


@pytest.mark.parametrize("timeframe", TIMEFRAME_MS)
def test_the_more_sensitive_the_lower_the_threshold(timeframe: str) -> None:
    calm, normal, alert = (threshold_of(one, timeframe) for one in Sensitivity)

    assert calm > normal > alert
