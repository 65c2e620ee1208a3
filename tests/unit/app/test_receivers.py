"""Receivers other than Discord, opened."""

import pytest

from liqmon.app.receivers import opened_receiver
from liqmon.clock import SystemClock
from liqmon.errors import ConfigError
from liqmon.settings.models import NotifyTable


def test_a_receiver_without_a_url_cannot_be_opened() -> None:
    with pytest.raises(ConfigError, match="the receiver phone has no url"):
        opened_receiver(NotifyTable(name="phone"), SystemClock())
