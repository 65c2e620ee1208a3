"""A text whose holder can speak in liqmon's name, kept from being shown by accident.

It leaves the object through the one method that each kind has for it; every other way
out (print, format, log, pickle, JSON) gives what ``repr`` says of it, or fails.
"""

import hashlib
from typing import NoReturn

__all__ = ["Credential"]


class Credential:
    """Two of a kind are equal when their secrets are."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two of them apart and reveal neither."""
        return hashlib.sha256(self._secret.encode()).hexdigest()[:12]

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credential) or type(other) is not type(self):
            return NotImplemented
        return self._secret == other._secret

    def __hash__(self) -> int:
        return hash(self._secret)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a secret cannot be pickled or copied: {self!r}")
