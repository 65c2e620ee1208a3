"""Receivers other than Discord, ready to be sent to, and a list of all there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from liqmon.clock import Clock
from liqmon.errors import ConfigError
from liqmon.notify.answers import Judge
from liqmon.notify.client import NotifyClient
from liqmon.notify.service import Service
from liqmon.settings.models import NotifyTable, Settings

__all__ = [
    "OpenedReceiver",
    "ReceiverLine",
    "opened_receiver",
    "opened_receivers",
    "receiver_lines",
]


@dataclass(frozen=True, slots=True)
class OpenedReceiver:
    """A receiver and who brings messages there. Nothing of it needs to be closed."""

    name: str
    fingerprint: str
    client: NotifyClient
    judge: Judge
    can_be_silent: bool


@dataclass(frozen=True, slots=True)
class ReceiverLine:
    """One receiver for a list; nothing in it is secret.

    ``kind`` is "discord" or the scheme of an apprise URL. ``fingerprint`` is empty for
    a route that posts to the webhook of ``[discord]``, or nowhere.
    """

    name: str
    kind: str
    fingerprint: str
    mode: str
    health: bool


def receiver_lines(settings: Settings) -> tuple[ReceiverLine, ...]:
    """Return every receiver of the settings; opens nothing and imports no apprise."""
    discord = settings.discord
    lines = [
        ReceiverLine(
            one.name,
            "discord",
            "" if one.webhook is None else one.webhook.fingerprint,
            one.mode,
            one.health,
        )
        for one in discord.routes
    ]
    if discord.webhook is not None:
        named = discord.webhook.fingerprint
        lines.insert(0, ReceiverLine("default", "discord", named, "on", health=False))
    lines += [
        ReceiverLine(
            one.name, one.url.scheme, one.url.fingerprint, one.mode, one.health
        )
        for one in settings.notify
        if one.url is not None
    ]
    return tuple(lines)


def opened_receivers(
    receivers: Sequence[NotifyTable], clock: Clock
) -> dict[str, OpenedReceiver]:
    """Return those that are not off, by their names.

    Raises:
        ConfigError: apprise is not installed, or cannot use one of them.
    """
    opened = (opened_receiver(one, clock) for one in receivers if one.mode != "off")
    return {one.name: one for one in opened}


def opened_receiver(table: NotifyTable, clock: Clock) -> OpenedReceiver:
    """Return one of them, whatever its mode.

    Raises:
        ConfigError: apprise is not installed, or cannot use it.
    """
    if table.url is None:
        raise ConfigError(f"the receiver {table.name} has no url")
    service = Service(table.url, name=table.name, timeout_s=table.timeout_s)
    if table.mode == "silent" and not service.can_be_silent:
        raise ConfigError(
            f'the receiver {table.name} cannot have mode = "silent": '
            f"{service.title} knows no silent messages",
            hint='use mode = "on", and severity = [...] for fewer messages',
        )
    return OpenedReceiver(
        table.name,
        table.url.fingerprint,
        NotifyClient(service, timeout_s=table.timeout_s, clock=clock),
        Judge(f"{table.name} ({service.title})"),
        service.can_be_silent,
    )
