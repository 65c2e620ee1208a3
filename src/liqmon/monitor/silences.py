"""Muting a market, and acknowledging an episode, while a run goes on.

To mute silences and does not drop: everything is still found, stored, shown and posted,
but as a message that notifies nobody and names no role. So the channel has the whole
story when somebody looks, others who read it lose nothing, and a message of an episode
that began muted can be edited as ever. A graver turn of what is hushed becomes an edit
of the message that is there. CRITICAL is never hushed: whoever mutes knows of a fall,
not of what it may become.

The wishes lie in the store, where ``liqmon mute`` of another process puts them too.
"""

import logging
from collections.abc import Mapping
from typing import Final, Protocol

from liqmon.clock import Clock
from liqmon.core.model import Finding, Severity
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.store.silences import Wishes

__all__ = ["Silences", "WishStore"]

log = logging.getLogger(__name__)

_EVERY_S: Final = 2.0


class WishStore(Protocol):
    """Where the wishes are kept; every method may raise StoreUnavailable."""

    async def wishes(self, now_ms: int) -> Wishes: ...

    async def mute(self, market: str, *, until_ms: int) -> None: ...

    async def unmute(self, market: str) -> bool: ...

    async def acknowledge(self, episode: str, *, now_ms: int) -> None: ...

    async def going_on(self, market: str) -> str | None: ...


class Silences:
    """Knows who wants to hear nothing, at most two seconds late; ``run`` for ever."""

    def __init__(self, store: WishStore, *, clock: Clock, bulletin: Bulletin) -> None:
        self._store = store
        self._clock = clock
        self._bulletin = bulletin
        self._wishes = Wishes()

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await self.look()
            await self._clock.sleep(_EVERY_S)

    async def look(self) -> None:
        """Take note of what is wanted; a disk in trouble leaves what was known."""
        now_ms = self._clock.now_ms()
        try:
            self._wishes = await self._store.wishes(now_ms)
        except StoreUnavailable as error:
            log.debug("cannot look up what is muted: %s", error)
        self._bulletin.show_silences(
            self._until_mono(now_ms), self._wishes.acknowledged
        )

    def is_muted(self, market_key: str, now_ms: int) -> bool:
        """Return whether a market is muted at ``now_ms`` (wall clock)."""
        return self._wishes.mutes(market_key, now_ms)

    def hushes(self, finding: Finding, now_ms: int) -> bool:
        """Return whether nobody is to be woken up by a finding."""
        if finding.severity is Severity.CRITICAL:
            return False
        is_seen = finding.episode in self._wishes.acknowledged
        return is_seen or self.is_muted(finding.market.key, now_ms)

    async def mute(self, market_key: str, for_s: float) -> None:
        """Mute a market, with '' every one, from now on.

        Raises:
            StoreUnavailable: it could not be written down, and is not so.
        """
        until_ms = self._clock.now_ms() + round(for_s * 1000)
        await self._store.mute(market_key, until_ms=until_ms)
        await self.look()

    async def unmute(self, market_key: str) -> None:
        """Take it back, with '' for every market.

        Raises:
            StoreUnavailable: it could not be written down, and is not so.
        """
        await self._store.unmute(market_key)
        await self.look()

    async def acknowledge(self, market_key: str) -> bool:
        """Note that somebody has seen a market's episode; False if none is going on.

        Raises:
            StoreUnavailable: it could not be written down, and is not so.
        """
        episode = await self._store.going_on(market_key)
        if episode is None:
            return False
        await self._store.acknowledge(episode, now_ms=self._clock.now_ms())
        await self.look()
        return True

    def _until_mono(self, now_ms: int) -> Mapping[str, float]:
        now_mono = self._clock.monotonic()
        return {
            market: now_mono + (until_ms - now_ms) / 1000
            for market, until_ms in self._wishes.muted.items()
            if until_ms > now_ms
        }
