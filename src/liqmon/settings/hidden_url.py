"""An address that is a credential: whoever knows it can speak in liqmon's name.

Other than a webhook it has no known form, so all of it is secret but that it exists.
"""

import re
from typing import Final, NoReturn
from urllib.parse import urlsplit

from liqmon.errors import ConfigError

__all__ = ["HiddenUrl"]

_PRINTABLE: Final = re.compile(r"[!-~]+")


class HiddenUrl:
    """An http(s) address that cannot be printed; ``reveal`` is the one way out."""

    __slots__ = ("_url",)

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
        self._url = url

    def reveal(self) -> str:
        """Return the whole address, for the one line that asks it."""
        return self._url

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HiddenUrl):
            return NotImplemented
        return self._url == other._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the address is a secret: it cannot be pickled or copied")
