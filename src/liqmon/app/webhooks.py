"""The client of a webhook, as the settings want it."""

import liqmon
from liqmon.clock import Clock
from liqmon.discord.client import DiscordClient
from liqmon.settings.models import DiscordTable
from liqmon.webhook import WebhookUrl

__all__ = ["webhook_client"]


def webhook_client(
    webhook: WebhookUrl, discord: DiscordTable, clock: Clock
) -> DiscordClient:
    """Return a client that is yet to be opened."""
    return DiscordClient(
        webhook,
        timeout_s=discord.timeout_s,
        base_url=discord.base_url,
        version=liqmon.__version__,
        clock=clock,
    )
