"""Where a test message goes if nobody says; the rest is seen by ``test-webhook``."""

from typing import Any

import pytest

from liqmon.app.trial import usual_route
from liqmon.settings.models import Settings
from webhooks import URL

PHONE = {"name": "phone", "url": "json://127.0.0.1"}
OPS = {"name": "ops", "webhook_url": URL}


@pytest.mark.parametrize(
    ("tables", "route"),
    [
        ({}, ""),
        ({"discord": {"webhook_url": URL, "routes": [OPS]}, "notify": [PHONE]}, ""),
        ({"discord": {"routes": [OPS]}, "notify": [PHONE]}, "ops"),
        ({"discord": {"routes": [OPS | {"mode": "off"}]}, "notify": [PHONE]}, "phone"),
        ({"discord": {"routes": [{"name": "none"}]}, "notify": [PHONE]}, "phone"),
    ],
)
def test_a_test_goes_to_the_first_receiver_there_is(
    tables: dict[str, Any], route: str
) -> None:
    assert usual_route(Settings.model_validate(tables)) == route
