"""Keeps the state from growing: what is final and old goes, what is too old expires."""

import logging
from typing import Final

from liqmon.clock import Clock
from liqmon.errors import StoreUnavailable
from liqmon.store.database import Store
from liqmon.store.upkeep import KEEP_DAYS

__all__ = ["Housekeeper"]

log = logging.getLogger(__name__)

_EVERY_S: Final = 3_600.0


class Housekeeper:
    """Tidies up at the start and then every hour; ``run`` for ever.

    What happened is kept for ``keep_days``.
    """

    def __init__(
        self, store: Store, clock: Clock, *, keep_days: int = KEEP_DAYS
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep_days = keep_days

    async def run(self) -> None:
        """Tidy up, for ever."""
        while True:
            await self.tidy()
            await self._clock.sleep(_EVERY_S)

    async def tidy(self) -> None:
        """Delete and expire once; a disk in trouble is left for the next time."""
        now_ms = self._clock.now_ms()
        try:
            deleted = await self._store.retain(now_ms, keep_days=self._keep_days)
            # also on routes that are switched off, where nobody else looks
            await self._store.expire(now_ms)
            await self._store.shrink()
        except StoreUnavailable as error:
            log.debug("not tidied up: %s", error)
        else:
            log.debug("old rows deleted from the outbox: %d", deleted)
