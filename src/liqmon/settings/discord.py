"""``[discord]`` and ``[[discord.routes]]``: where findings go, and how loudly."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from liqmon.settings.fields import (
    ExchangeId,
    Loopback,
    Role,
    RouteName,
    SeverityName,
    SpanOfDay,
    Symbol,
    Table,
    Timeout,
    Webhook,
)
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


class RouteTable(_WebhookTable):
    """``[[discord.routes]]``: some findings to another webhook, louder or quieter.

    An empty filter lets everything through. Without a webhook of its own a route
    posts to that of ``[discord]``.
    """

    name: RouteName = Field(description="What the route is called; each once.")
    severity: tuple[SeverityName, ...] = Field(
        default=(),
        strict=False,
        description="Only these: low, medium, high, critical. Empty: all.",
    )
    symbols: tuple[Symbol, ...] = Field(
        default=(), strict=False, description="Only these markets. Empty: all."
    )
    exchanges: tuple[ExchangeId, ...] = Field(
        default=(), strict=False, description="Only these exchanges. Empty: all."
    )
    health: bool = Field(
        default=False,
        description="Also liqmon's own health; only that if nothing is filtered.",
    )
    mention_role: Role = Field(
        default="", description="The id of a role to ping. Empty: nobody."
    )
    mode: Literal["on", "silent", "off"] = Field(
        default="on", description="on notifies, silent only posts, off drops."
    )
    quiet_hours: SpanOfDay = Field(
        default="",
        description='Silent in these hours of local time, such as "23:00-07:00".',
    )

    @property
    def is_filtered(self) -> bool:
        """Whether some findings are none of its business."""
        return bool(self.severity or self.symbols or self.exchanges)


def _names_once(routes: tuple[RouteTable, ...]) -> tuple[RouteTable, ...]:
    if len({route.name for route in routes}) < len(routes):
        raise PydanticCustomError("twice", "two routes of one name")
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
