"""How long to leave a disk alone that fails, and how the user hears of it."""

import logging
from collections.abc import Callable
from typing import Final

from liqmon.errors import StoreUnavailable

__all__ = ["DiskTrouble"]

log = logging.getLogger(__name__)

_LONGEST_S: Final = 60.0


class DiskTrouble:
    """Waits of 1, 2, 4 s and so on up to a minute; ``now`` is monotonic seconds.

    ``tell`` gets a line for the user while it lasts, then ''.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._wait_s = 0.0
        self._again = 0.0

    def wait_s(self, now: float) -> float:
        """Return the seconds until the disk may be tried again."""
        return max(self._again - now, 0.0)

    def hurry(self) -> None:
        """Try it again at once: somebody has just written there."""
        self._again = 0.0

    def failed(self, error: StoreUnavailable, now: float) -> float:
        """Take trouble in; return how long to wait."""
        if not self._wait_s:
            log.warning("the outbox cannot be read or written, will retry: %s", error)
        self._wait_s = min(2 * self._wait_s or 1.0, _LONGEST_S)
        self._again = now + self._wait_s
        self._tell(f"outbox: {error}")
        return self._wait_s

    def worked(self) -> None:
        """Take note that all is well."""
        if self._wait_s:
            self._wait_s = 0.0
            self._tell("")
