"""A webhook's client as the settings want it."""

import liqmon
from liqmon.clock import Clock
from liqmon.discord.client import DiscordClient
from liqmon.settings.models import DiscordTable
from liqmon.webhook import WebhookUrl

__all__ = ["client_from"]


def client_from(
    discord: DiscordTable, webhook: WebhookUrl, clock: Clock
) -> DiscordClient:
    """Return a client that is yet to be opened."""
    return DiscordClient(
        webhook,
        timeout_s=discord.timeout_s,
        base_url=discord.base_url,
        version=liqmon.__version__,
        clock=clock,
    )
