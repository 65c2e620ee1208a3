"""An address that is a credential: whoever knows it can speak in liqmon's name.

Other than a webhook it has no known form, so all of it is secret but that it exists.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from liqmon.credential import Credential
from liqmon.errors import ConfigError

__all__ = ["HiddenUrl"]

_PRINTABLE: Final = re.compile(r"[!-~]+")


class HiddenUrl(Credential):
    """An http(s) address that cannot be printed; ``reveal`` is the one way out."""

    __slots__ = ()

    def __init__(self, url: str) -> None:
        """Check the address.

        Raises:
            ConfigError: it is none; the message does not quote it.
        """
        if not _PRINTABLE.fullmatch(url):
            raise ConfigError("the address is empty or has a stray character")
        try:
            parts = urlsplit(url)
            is_whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            parts, is_whole = urlsplit(""), False
        if parts.scheme not in {"http", "https"} or not is_whole:
            raise ConfigError("the address is not of the form https://host/path")
        super().__init__(url)

    def reveal(self) -> str:
        """Return the whole address, for the one line that asks it."""
        return self._secret

    def __repr__(self) -> str:
        return "***"
