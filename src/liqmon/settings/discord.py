"""``[discord]`` and ``[[discord.routes]]``: where findings go, and how loudly."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from liqmon.settings.fields import Loopback, Role, Table, Timeout, Webhook
from liqmon.settings.routes import Route, check_names
from liqmon.webhook import WebhookUrl

__all__ = ["DiscordTable", "RouteTable"]


class _WebhookTable(Table):
    """A table that may name a webhook, in one of two ways."""

    webhook_url: Webhook | None = Field(
        default=None, description="The webhook's URL, a secret: chmod 600 this file."
    )
    webhook_url_file: Path | None = Field(
        default=None,
        strict=False,
        description="A file that holds the URL instead; mode 600.",
    )

    @property
    def webhook(self) -> WebhookUrl | None:
        """Where to post, whichever source named it; None means nowhere of its own."""
        return self.webhook_url


class RouteTable(_WebhookTable, Route):
    """``[[discord.routes]]``: some findings to another webhook, louder or quieter.

    Without a webhook of its own a route posts to that of ``[discord]``.
    """

    mention_role: Role = Field(
        default="", description="The id of a role to ping. Empty: nobody."
    )


def _names_once(routes: tuple[RouteTable, ...]) -> tuple[RouteTable, ...]:
    check_names([route.name for route in routes], "two routes of one name")
    return routes


class DiscordTable(_WebhookTable):
    """``[discord]``: where findings go."""

    timeout_s: Timeout = Field(default=10, description="Seconds one post may take.")
    when_open: Literal["hold", "skip"] = Field(
        default="hold",
        description="A finding while the breaker is open: hold it for later, or skip.",
    )
    group_wait_s: float = Field(
        default=1.5,
        ge=0,
        le=60,
        description="Seconds in which findings after the first share one message.",
    )
    base_url: Loopback | None = Field(
        default=None, description="A server on this machine in Discord's place."
    )
    routes: Annotated[tuple[RouteTable, ...], AfterValidator(_names_once)] = Field(
        default=(),
        max_length=20,
        strict=False,
        description="Webhooks for some findings, a table [[discord.routes]] each.",
    )
