"""``[[notify]]``: receivers other than Discord, each by the URL that apprise gives it.

The URL has passwords and tokens in whatever place the service wants them, so all of it
but the scheme is secret.
"""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from liqmon.credential import Credential
from liqmon.errors import ConfigError
from liqmon.settings.fields import WRITE_ONLY, Timeout, read_by
from liqmon.settings.routes import Route

__all__ = ["NotifyTable", "ReceiverUrl"]

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]{1,30})://[!-~]+", re.IGNORECASE)
_DISCORD: Final = re.compile(r"(?:https://[^/]*discord(?:app)?\.com/|discord://).*")

_HINT: Final = (
    "write it as apprise does, such as ntfy://my-topic or tgram://token/chat: "
    "https://appriseit.com/services/"
)


class ReceiverUrl(Credential):
    """Where to send, and the right to do so."""

    __slots__ = ("scheme",)

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
        super().__init__(text)
        self.scheme: str = match[1].lower()

    def reveal(self) -> str:
        """Return the URL itself: the one way out."""
        return self._secret

    def __repr__(self) -> str:
        return f"{self.scheme} receiver fp={self.fingerprint}"


def _fault(text: str) -> str:
    if not text.strip():
        return "the receiver's URL is empty"
    if re.search(r"[^!-~]", text):
        return "the receiver's URL has a stray character"
    return "the receiver's URL is not of the form service://..."


class NotifyTable(Route):
    """``[[notify]]``: findings to a receiver other than Discord, through apprise.

    It gets them beside Discord and its routes, which lose nothing by it.
    """

    url: (
        Annotated[
            ReceiverUrl,
            BeforeValidator(read_by(ReceiverUrl)),
            WRITE_ONLY,
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
