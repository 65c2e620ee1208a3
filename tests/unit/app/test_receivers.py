"""The list of receivers, for whoever wants to show it."""

import pytest

from liqmon.app.receivers import ReceiverLine, opened_receiver, receiver_lines
from liqmon.clock import SystemClock
from liqmon.errors import ConfigError
from liqmon.settings.models import NotifyTable, Settings
from liqmon.settings.receivers import ReceiverUrl
from liqmon.webhook import WebhookUrl
from receivers import SECRET
from webhooks import TOKEN, URL


def test_every_receiver_is_listed_and_nothing_of_it_is_secret() -> None:
    ntfy = f"ntfy://user:{SECRET}@host/topic"
    settings = Settings.model_validate(
        {
            "discord": {
                "webhook_url": URL,
                "routes": [{"name": "ops", "health": True, "mode": "silent"}],
            },
            "notify": [{"name": "phone", "url": ntfy}, {"name": "file"}],
        }
    )
    lines = receiver_lines(settings)

    discord, phone = WebhookUrl(URL).fingerprint, ReceiverUrl(ntfy).fingerprint
    assert lines == (
        ReceiverLine("default", "discord", discord, "on", health=False),
        ReceiverLine("ops", "discord", "", "silent", health=True),
        ReceiverLine("phone", "ntfy", phone, "on", health=False),
    )
    assert SECRET not in str(lines)
    assert TOKEN not in str(lines)
    assert receiver_lines(Settings()) == ()


def test_a_receiver_without_a_url_cannot_be_opened() -> None:
    with pytest.raises(ConfigError, match="the receiver phone has no url"):
        opened_receiver(NotifyTable(name="phone"), SystemClock())
