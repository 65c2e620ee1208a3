"""``[[notify]]``: receivers other than Discord, each by the URL that apprise gives it.

The URL is a credential: it has passwords and tokens in whatever place the service wants
them. So all of it but the scheme is secret, and it leaves the object through one
method, ``revealed``; every other way out gives the fingerprint or fails.
"""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Final, NoReturn

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from liqmon.errors import ConfigError
from liqmon.settings.fields import Timeout
from liqmon.settings.routes import Route

__all__ = ["NotifyTable", "ReceiverUrl"]

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]{1,30})://[!-~]+", re.IGNORECASE)
_DISCORD: Final = re.compile(r"(?:https://[^/]*discord(?:app)?\.com/|discord://).*")

_HINT: Final = (
    "write it as apprise does, such as ntfy://my-topic or tgram://token/chat: "
    "https://appriseit.com/services/"
)


class ReceiverUrl:
    """Where to send, and the right to do so."""

    __slots__ = ("_text", "scheme")

    def __init__(self, text: str) -> None:
        """Read the URL; whether apprise knows its service is seen when it is used.

        Raises:
            ConfigError: it is no such URL; the message never quotes it.
        """
        match = _URL.fullmatch(text)
        if match is None:
            raise ConfigError(_fault(text), hint=_HINT)
        if _DISCORD.fullmatch(text):
            raise ConfigError(
                "leads to Discord, which liqmon serves itself",
                hint="put the webhook into [discord] or [[discord.routes]]: "
                "only there are messages edited",
            )
        self._text = text
        self.scheme: str = match[1].lower()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two receivers apart and reveal neither."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:12]

    def revealed(self) -> str:
        """Return the URL itself: the one way out."""
        return self._text

    def __repr__(self) -> str:
        return f"{self.scheme} receiver fp={self.fingerprint}"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReceiverUrl):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a receiver is a secret: it cannot be pickled or copied")


def _fault(text: str) -> str:
    if not text.strip():
        return "the receiver's URL is empty"
    if re.search(r"[^!-~]", text):
        return "the receiver's URL has a stray character"
    return "the receiver's URL is not of the form service://..."


def _receiver(value: object) -> object:
    """Return the text as a receiver; what is no text is left to the field."""
    if not isinstance(value, str):
        return value
    try:
        return ReceiverUrl(value)
    except ConfigError as error:
        told = {"fault": str(error), "hint": error.hint}
    raise PydanticCustomError("receiver", "{fault}", told)


class NotifyTable(Route):
    """``[[notify]]``: findings to a receiver other than Discord, through apprise.

    It gets them beside Discord and its routes, which lose nothing by it.
    """

    url: (
        Annotated[
            ReceiverUrl,
            BeforeValidator(_receiver),
            WithJsonSchema({"type": "string", "format": "uri", "writeOnly": True}),
        ]
        | None
    ) = Field(
        default=None,
        description="The receiver's apprise URL, a secret: chmod 600 this file.",
    )
    url_file: Path | None = Field(
        default=None,
        strict=False,
        description="A file that holds the URL instead; mode 600.",
    )
    ends: bool = Field(
        default=False, description="Also tell when an episode is over, in a message."
    )
    timeout_s: Timeout = Field(default=10, description="Seconds one message may take.")
