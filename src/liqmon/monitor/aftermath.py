"""What the price did around an episode and in the hour after it.

Noted while candles of its market are at hand. After a stop they reach back as far as
judging does, so what happened meanwhile is known as well; where nothing watched for
longer, it stays unknown.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from liqmon.clock import Clock
from liqmon.core.model import Candles
from liqmon.core.pricepath import extended, path_from_facts, path_to_facts
from liqmon.errors import StoreUnavailable
from liqmon.store.episodes import Unfollowed

__all__ = ["Aftermath", "PathStore"]

log = logging.getLogger(__name__)

_EVERY_S: Final = 30.0
_LONGEST_MS: Final = 13 * 3_600_000
"""Judging resumes at most twelve hours back: what is older will never be seen."""


class PathStore(Protocol):
    """Where paths are kept; every method may raise StoreUnavailable."""

    async def unfollowed(self) -> Sequence[Unfollowed]: ...

    async def follow(
        self, episode: str, path: Mapping[str, object], *, is_over: bool
    ) -> None: ...


class Aftermath:
    """Adds to the paths of recent episodes; ``run`` for ever.

    ``candles`` returns those of a market by its key, None if it is not watched.
    """

    def __init__(
        self,
        store: PathStore,
        clock: Clock,
        candles: Callable[[str], Candles | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._candles = candles

    async def run(self) -> None:
        """Look every half minute."""
        while True:
            await self._clock.sleep(_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Note what is new; a disk in trouble is left for the next time."""
        try:
            for one in await self._store.unfollowed():
                bars = self._candles(one.market)
                if bars is not None and len(bars) > 1:
                    await self._follow(one, bars)
        except StoreUnavailable as error:
            log.debug("prices after episodes not noted: %s", error)

    async def _follow(self, one: Unfollowed, bars: Candles) -> None:
        known = path_from_facts(one.path)
        path = extended(known, bars, onset_ms=one.onset_ms, told_ms=one.told_ms)
        is_late = int(bars.open_ms[-1]) - one.told_ms > _LONGEST_MS
        is_over = path.is_complete or is_late
        facts = path_to_facts(path)
        if facts != one.path or is_over:
            await self._store.follow(one.id, facts, is_over=is_over)
