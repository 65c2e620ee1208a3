"""Counts, by the hour, how the feeds do: polls, retries, errors, time without data."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.events import (
    Event,
    FeedChanged,
    FeedState,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.store.tally import Count, hour_of

__all__ = ["GAVE_UP", "Tally", "TallyStore", "class_of"]

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 10.0
_WRITE_EVERY_S: Final = 60.0
_LONGEST_LOOK_S: Final = 3 * _LOOK_EVERY_S
"""More than that between two looks, and this host slept: nothing was watched."""

GAVE_UP: Final = "gave up"

_REFUSALS: Final = frozenset({FeedState.COOLING, FeedState.BLOCKED, FeedState.REJECTED})

_CLASS: Final = re.compile(r"[^\d(:;,]{1,60}")
_STATUS: Final = re.compile(r" \(HTTP \d{3}\)")


class TallyStore(Protocol):
    """Where counts are added up."""

    async def count(self, counts: Sequence[Count]) -> None:
        """Add them, or raise StoreUnavailable."""
        ...


class Tally:
    """Hears of events, cycles and polls, and (``run``) looks at the board.

    What concerns the whole exchange, the time that each cycle asks it for, counts as a
    poll when it had to be asked again.

    A market is without data from the newest that came until some come again, if that
    takes longer than ``stale_after_s``.
    """

    def __init__(
        self,
        store: TallyStore,
        *,
        clock: Clock,
        bulletin: Bulletin,
        stale_after_s: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bulletin = bulletin
        self._stale_after_s = stale_after_s
        self._counts: Counter[tuple[int, str, str, str]] = Counter()
        self._attempts: dict[str, int] = {}
        self._stale: set[str] = set()
        self._looked_mono = clock.monotonic()
        self._written_mono = self._looked_mono

    def note(self, event: Event) -> None:
        """Count an event."""
        match event:
            case Retrying(exchange=exchange, symbol=symbol):
                self._add("error", exchange, class_of(event.error))
                subject = f"{exchange}:{symbol}" if symbol else exchange
                self._attempts[subject] = event.attempt
            case GaveUp():
                market = f"{event.exchange}:{event.symbol}"
                self._attempts.pop(market, None)
                self._add("error", event.exchange, class_of(event.error))
                self._add("poll", market, GAVE_UP)
            case Healed():
                self._add("heal", event.exchange, class_of(event.error))
            case FeedChanged(state=state) if state in _REFUSALS:
                self._add("error", event.exchange, class_of(event.reason))
            case _:
                pass

    def timed(self, exchange: str, *, answered: bool) -> None:
        """Count the question that comes before all polls, if it was repeated."""
        attempt = self._attempts.pop(exchange, None)
        if attempt is not None:
            self._add("poll", exchange, str(attempt) if answered else GAVE_UP)

    def polled(self, market: str) -> None:
        """Count a poll that brought data, by the attempt that did it."""
        self._add("poll", market, str(self._attempts.pop(market, 1)))

    async def run(self) -> None:
        """Look every ten seconds and write every minute."""
        while True:
            await self._clock.sleep(_LOOK_EVERY_S)
            self.look()
            if self._clock.monotonic() - self._written_mono >= _WRITE_EVERY_S:
                await self.write()

    async def finish(self) -> None:
        """Look and write for the last time."""
        self.look()
        await self.write()

    def look(self) -> None:
        """Count the time since the last look, with or without data."""
        now_mono = self._clock.monotonic()
        elapsed_s = min(now_mono - self._looked_mono, _LONGEST_LOOK_S)
        self._looked_mono = now_mono
        board = self._bulletin.snapshot
        for market, row in board.rows.items():
            if row.feed.state is not FeedState.REJECTED:
                self._add("feed", market, "watched_s", elapsed_s)
                self._look_at(market, _age_s(row, board, now_mono), elapsed_s)

    async def write(self) -> None:
        """Hand the counts to the store; what it does not take is kept."""
        self._written_mono = self._clock.monotonic()
        counts = self._counts
        self._counts = Counter()
        try:
            await self._store.count(_listed(counts))
        except StoreUnavailable as error:
            log.debug("counts not written: %s", error)
            self._counts.update(counts)

    def _look_at(self, market: str, age_s: float, elapsed_s: float) -> None:
        if age_s <= self._stale_after_s:
            self._stale.discard(market)
        elif market in self._stale:
            self._add("feed", market, "stale_s", elapsed_s)
        else:
            self._stale.add(market)
            self._add("feed", market, "stale")
            self._add("feed", market, "stale_s", age_s)

    def _add(self, kind: str, subject: str, name: str, amount: float = 1.0) -> None:
        hour_ms = hour_of(self._clock.now_ms())
        # a Counter counts seconds as well, only its type says integers
        self._counts[hour_ms, kind, subject, name] += amount  # type: ignore[assignment]


def class_of(error: str) -> str:
    """Return what an error has in common with others of its kind.

    ``no answer in time (HTTP 504)`` stays whole, what is particular is left out.
    """
    found = _CLASS.match(error)
    if found is None:
        return "unknown"
    status = _STATUS.match(error, len(found[0].rstrip()))
    return found[0].strip() + ("" if status is None else status[0])


def _age_s(row: MarketRow, board: BoardSnapshot, now_mono: float) -> float:
    since = board.started_mono if row.updated_mono is None else row.updated_mono
    return now_mono - since


def _listed(counts: Mapping[tuple[int, str, str, str], float]) -> list[Count]:
    return [Count(*key, float(amount)) for key, amount in counts.items()]
