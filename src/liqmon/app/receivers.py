"""Receivers other than Discord, ready to be sent to."""

from collections.abc import Sequence
from dataclasses import dataclass

from liqmon.clock import Clock
from liqmon.errors import ConfigError
from liqmon.notify.answers import Judge
from liqmon.notify.client import NotifyClient
from liqmon.notify.service import Service
from liqmon.settings.models import NotifyTable

__all__ = [
    "OpenedReceiver",
    "opened_receiver",
    "opened_receivers",
]


@dataclass(frozen=True, slots=True)
class OpenedReceiver:
    """A receiver and who brings messages there. Nothing of it needs to be closed.

    ``title`` is what its service calls itself.
    """

    name: str
    title: str
    fingerprint: str
    client: NotifyClient
    judge: Judge
    can_be_silent: bool


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
        service.title,
        table.url.fingerprint,
        NotifyClient(service, timeout_s=table.timeout_s, clock=clock),
        Judge(f"{table.name} ({service.title})"),
        service.can_be_silent,
    )
