"""The half of the store that looks back: episodes, counts, the journal, and wishes."""

from collections.abc import Mapping, Sequence

from liqmon.store import detection, episodes, journal, lookback, silences, tally
from liqmon.store.episodes import Unfollowed
from liqmon.store.journal import JournalEntry
from liqmon.store.lookback import EpisodeRecord, Story
from liqmon.store.silences import Wishes
from liqmon.store.tally import Count
from liqmon.store.worker import Worker

__all__ = ["Record"]


class Record(Worker):
    """What was, and what people want; every method may raise StoreUnavailable."""

    # episodes

    async def episodes_since(self, exchange: str, symbol: str, since_ms: int) -> int:
        """Return how many episodes of a market began since then."""
        return await self._read(episodes.count, exchange, symbol, since_ms)

    async def going_on(self, market: str) -> str | None:
        """Return the episode of a market that has not ended, None without one."""
        return await self._read(episodes.going_on, market)

    async def episodes_named(self, beginning: str) -> list[str]:
        """Return the episodes whose ids begin so, the newest first."""
        return await self._read(episodes.named, beginning)

    async def markets(self) -> list[str]:
        """Return the keys of all markets that were ever judged or told of."""
        return await self._read(detection.markets)

    async def recent(
        self, since_ms: int, markets: Sequence[str] | None = None
    ) -> list[EpisodeRecord]:
        """Return the episodes (of some markets) of which there was news since then.

        The oldest onset comes first.
        """
        return await self._read(lookback.recent, since_ms, markets)

    async def story(self, episode: str) -> Story | None:
        """Return all that is known of an episode, None if nothing is."""
        return await self._read(lookback.story, episode)

    async def delays(self, since_ms: int) -> dict[str, list[float]]:
        """Return, by route, the seconds from commit to delivery of single messages."""
        return await self._read(lookback.delays, since_ms)

    async def unfollowed(self) -> list[Unfollowed]:
        """Return the episodes whose prices are still to be noted."""
        return await self._read(episodes.unfollowed)

    async def follow(
        self, episode: str, path: Mapping[str, object], *, is_over: bool
    ) -> None:
        """Replace the prices of an episode; ``is_over``: there will be no more."""
        await self._write(episodes.follow, episode, path, is_over=is_over)

    # who wants to hear nothing

    async def wishes(self, now_ms: int) -> Wishes:
        """Return which markets are muted and which episodes acknowledged."""
        return await self._read(silences.wishes, now_ms)

    async def mute(self, market: str, *, until_ms: int) -> None:
        """Mute a market, or, with '', every one."""
        await self._write(silences.mute, market, until_ms)

    async def unmute(self, market: str) -> bool:
        """Take it back, with '' for every market; False if there was nothing."""
        return await self._write(silences.unmute, market)

    async def acknowledge(self, episode: str, *, now_ms: int) -> None:
        """Note that somebody has seen an episode."""
        await self._write(silences.acknowledge, episode, now_ms)

    # the journal

    async def record(
        self, *, at_ms: int, kind: str, market: str, body: Mapping[str, object]
    ) -> None:
        """Append one event."""
        await self._write(
            journal.record, at_ms=at_ms, kind=kind, market=market, body=body
        )

    async def events(
        self, *, kind: str | None = None, since_ms: int = 0, limit: int = 1_000
    ) -> list[JournalEntry]:
        """Return the newest ``limit`` events, oldest first."""
        return await self._read(
            journal.events, kind=kind, since_ms=since_ms, limit=limit
        )

    async def count(self, counts: Sequence[Count]) -> None:
        """Add to what is counted by the hour."""
        await self._write(tally.add, counts)

    async def counted(self, since_ms: int) -> list[Count]:
        """Return the sums of what was counted since the hour of ``since_ms``."""
        return await self._read(tally.since, since_ms)
