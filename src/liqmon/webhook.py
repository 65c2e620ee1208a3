"""The webhook URL: whoever holds it can post.

So it is parsed once, at the border, into an id and a token, and the token leaves the
object again through one method, ``endpoint``.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from liqmon.credential import Credential
from liqmon.errors import ConfigError

__all__ = ["WebhookUrl", "is_loopback", "scrubbed"]

# v10 whatever was pasted: a URL without a version is v6, where Retry-After is in
# milliseconds, and discordapp.com does not serve v10.
# https://discord.com/developers/docs/reference#api-versioning
_DISCORD: Final = "https://discord.com"
_API: Final = "/api/v10/webhooks"

_HINT: Final = "copy it in Discord: channel settings, Integrations, Webhooks"
_ELSEWHERE: Final = (
    "for other services there is [[notify]], with the extra: "
    "pip install 'liqmon[notify]'"
)

# One expression for the whole text. A URL parser would first repair what must be
# refused: urlsplit drops newlines and tabs, and browsers read \ as /.
_WEBHOOK: Final = re.compile(
    r"""https://(?:(?:ptb\.|canary\.)?discord|discordapp)\.com(?::443)?
        /api(?:/v[0-9]{1,2})?
        /webhooks/(?P<id>[0-9]{15,22})/(?P<token>[A-Za-z0-9_-]{40,120})/?
        (?:\?(?:wait=(?:true|false)&)?(?:thread_id=(?P<thread>[0-9]{15,22}))?
             (?:&?wait=(?:true|false))?)?""",
    re.VERBOSE | re.ASCII,
)

_OTHER_SERVICE: Final = re.compile(
    r"(?!https?:|[^/]*//discord)[a-z][a-z0-9+.-]*://.*|https?://[^/]*"
    r"(?:slack|telegram|office|mattermost|ntfy|pushover|gotify|google)[^/]*/.*"
)

# The first that matches names the trouble; none of them quotes the text.
_FAULTS: Final = (
    (re.compile(r"\s*"), "the webhook URL is empty"),
    (re.compile(r".*[^!-~].*", re.DOTALL), "the webhook URL has a stray character"),
    (re.compile(r".*[<>].*"), "the webhook URL is still the example"),
    (_OTHER_SERVICE, "the webhook URL is of another service than Discord"),
    (re.compile(r"(?!https://).*"), "the webhook URL does not begin with https://"),
    (
        re.compile(r"https://[^/]*@.*"),
        "the webhook URL has a user name in front of its host",
    ),
    (
        re.compile(r"https://(?!(?:(?:ptb\.|canary\.)?discord|discordapp)\.com[:/]).*"),
        "the webhook URL does not point at discord.com",
    ),
    (re.compile(r"https://[^/:]*:(?!443/).*"), "the webhook URL names a port"),
    (
        re.compile(r".*/(?:slack|github)/?"),
        "the webhook URL ends in /slack or /github; leave that out",
    ),
    (
        re.compile(r"https://[^/]*/channels/.*"),
        "the webhook URL is the address of a channel, not of a webhook",
    ),
    (
        re.compile(r"https://[^/]*/api(?:/v\d+)?/webhooks/\d*/?[\w-]{0,39}"),
        "the webhook URL is not complete",
    ),
)

_TOKEN: Final = re.compile(r"(/webhooks/\d+/)[\w-]{10,}")


class WebhookUrl(Credential):
    """Where to post, and the right to do so.

    Two are equal when id and token are: the thread is an address within the same
    receiver.
    """

    __slots__ = ("_id", "thread_id")

    def __init__(self, text: str) -> None:
        """Read the URL that Discord shows.

        Raises:
            ConfigError: it is no webhook of Discord; the message never quotes it.
        """
        match = _WEBHOOK.fullmatch(text)
        if match is None:
            other = _OTHER_SERVICE.fullmatch(text) is not None
            raise ConfigError(_fault(text), hint=_ELSEWHERE if other else _HINT)
        super().__init__(f"{match['id']}/{match['token']}")
        self._id: str = match["id"]
        self.thread_id: str | None = match["thread"]

    def endpoint(self, base_url: str | None = None) -> str:
        """Return the address to post to, token included: the one way out.

        ``base_url`` puts a loopback server in Discord's place; the thread is left
        to the caller's query string.

        Raises:
            ConfigError: ``base_url`` is not on this machine.
        """
        if base_url is not None and not is_loopback(base_url):
            raise ConfigError("a base URL must be a loopback address")
        root = _DISCORD if base_url is None else base_url.rstrip("/")
        return f"{root}{_API}/{self._secret}"

    def __repr__(self) -> str:
        return f"webhook id=…{self._id[-4:]} fp={self.fingerprint}"


def is_loopback(url: str) -> bool:
    """Return whether this is a plain http(s) address of this very machine."""
    if not re.fullmatch(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?", url, re.ASCII):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        return host == "localhost" or _is_loopback_address(host)
    except ValueError:
        return False


def scrubbed(text: str) -> str:
    """Return the text with the token of every webhook URL in it blotted out."""
    return _TOKEN.sub(r"\1***", text)


def _is_loopback_address(host: str) -> bool:
    address = ipaddress.ip_address(host)
    # ::ffff:127.0.0.1 is read differently by different systems
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def _fault(text: str) -> str:
    for pattern, fault in _FAULTS:
        if pattern.fullmatch(text):
            return fault
    return "not of the form https://discord.com/api/webhooks/<id>/<token>"
