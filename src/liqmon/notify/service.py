"""The only door to apprise: one service, one message, in the thread that calls.

apprise and what it works with write addresses, and so tokens, into their logs. Nothing
of that gets further than this module.
"""

import logging
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from liqmon.errors import ConfigError
from liqmon.notify.text import Text
from liqmon.settings.receivers import ReceiverUrl

if TYPE_CHECKING:
    import apprise

__all__ = ["Service", "is_installed"]

_CONNECT_S: Final = 5.0
_TALKATIVE: Final = ("apprise", "requests", "urllib3")

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


def is_installed() -> bool:
    """Return whether the extra is there, without importing it."""
    return find_spec("apprise") is not None


class Service:
    """One service, loud and, if it knows such a thing, silent.

    Raises:
        ConfigError: apprise is not installed, or can make nothing of the URL.
    """

    def __init__(self, url: ReceiverUrl, *, name: str, timeout_s: float) -> None:
        if not is_installed():
            raise ConfigError(
                f"the receiver {name} needs apprise, which is not installed",
                hint="pip install 'liqmon[notify]'",
            )
        _hush()
        loud = _plugin(url, timeout_s)
        if loud is None:
            raise ConfigError(
                f"the receiver {name} cannot be used: apprise does not understand "
                f"its {url.scheme}:// url",
                hint="compare it with https://appriseit.com/services/",
            )
        self.title = str(loud.service_name)
        self._loud = loud
        self._silent = _silenced(url, loud, timeout_s)

    @property
    def can_be_silent(self) -> bool:
        """Whether a message can arrive there without waking anybody up."""
        return self._silent is not None

    def send(self, text: Text) -> tuple[bool, list[str]]:
        """Send; return whether it worked and what was logged, which holds secrets."""
        from apprise import Apprise, NotifyFormat, NotifyType

        plugin = (self._silent if text.silent else None) or self._loud
        lines: list[str] = []
        before = _heard.set(lines)
        try:
            sender = Apprise(asset=_asset())
            sender.add(plugin)
            delivered = sender.notify(
                title=text.title,
                body=text.body or text.title,
                notify_type=NotifyType.INFO if text.silent else NotifyType.WARNING,
                body_format=NotifyFormat.TEXT,
            )
        finally:
            _heard.reset(before)
        return bool(delivered), lines


class _Ear(logging.Handler):
    """Keeps what is logged while a message is sent, and lets it go nowhere else."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = _heard.get()
        if lines is not None:
            lines.append(record.getMessage())


def _hush() -> None:
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not any(isinstance(one, _Ear) for one in logger.handlers):
            logger.addHandler(_Ear())
    # what went wrong on the way is told on this level only
    logging.getLogger("apprise").setLevel(logging.DEBUG)


def _plugin(
    url: ReceiverUrl, timeout_s: float, **instead: object
) -> "apprise.NotifyBase | None":
    from apprise import Apprise, plugins

    facts: dict[str, Any] | None = plugins.url_to_dict(  # type: ignore[no-untyped-call]
        url.reveal()
    )
    if facts is None:
        return None
    # a text too long for the service is cut rather than refused
    facts = {"overflow": "truncate", **facts, **instead}
    plugin = Apprise.instantiate(facts, asset=_asset())
    if plugin is None:
        return None
    plugin.socket_connect_timeout = min(_CONNECT_S, timeout_s)
    plugin.socket_read_timeout = timeout_s
    # whoever calls keeps a pace; to sleep here would eat up the time of the attempt
    plugin.request_rate_per_sec = 0
    # a redirect would take the message, and perhaps a password, to whatever it names
    plugin.redirects = False
    return plugin


def _silenced(
    url: ReceiverUrl, loud: "apprise.NotifyBase", timeout_s: float
) -> "apprise.NotifyBase | None":
    """Return the same service, not waking anybody up; None if it cannot do that."""
    for name, quiet in (("silent", True), ("priority", "low")):
        if name in loud.template_args:
            return _plugin(url, timeout_s, **{name: quiet})
    return None


def _asset() -> "apprise.AppriseAsset":
    from apprise import AppriseAsset

    return AppriseAsset(app_id="liqmon", app_desc="liqmon", async_mode=False)
