"""Who is watched on one exchange, as the list of markets changes.

Once a day of exchange time the markets are selected anew. Who joins is watched from
then on; who leaves ends quietly, unless an episode is open: that is seen to its end. A
selection that fails leaves everything as it is and is made again an hour later.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from liqmon.core.model import Market
from liqmon.errors import FeedError, UserError
from liqmon.monitor.bulletin import Bulletin

__all__ = ["Member", "Roster"]

log = logging.getLogger(__name__)

_HOUR_MS = 3_600_000
_RENEW_MS = 24 * _HOUR_MS
_AGAIN_MS = _HOUR_MS


class Member(Protocol):
    """What a roster needs of a market's watcher."""

    market: Market
    busy: bool
    rejected: bool

    @property
    def has_open_episode(self) -> bool:
        """Whether a cascade is under way."""
        ...


M = TypeVar("M", bound=Member)


class Roster(Generic[M]):
    """``watchers`` are those of now, in the order of the selection.

    ``select`` may raise FeedError or UserError; ``join`` makes the watcher of a market,
    ``leave`` is told the one that is no more.
    ``renews``: the selection depends on what the exchange lists or trades.
    """

    def __init__(
        self,
        exchange: str,
        *,
        select: Callable[[], Awaitable[Sequence[Market]]],
        join: Callable[[Market], M],
        leave: Callable[[M], None] = lambda _: None,
        bulletin: Bulletin,
        renews: bool,
    ) -> None:
        self._exchange = exchange
        self._select = select
        self._join = join
        self._leave = leave
        self._bulletin = bulletin
        self._renews = renews
        self._due_ms: int | None = None
        self._busy = False
        self._leaving: set[str] = set()
        self.watchers: list[M] = []

    async def begin(self) -> None:
        """Select for the first time.

        Raises:
            FeedError: the exchange did not answer.
            UserError: what was asked for cannot be had.
        """
        markets = await self._select()
        self._bulletin.show_markets(self._exchange, tuple(markets))
        self.watchers = [self._join(market) for market in markets]

    async def tend(self, now_ms: int) -> None:
        """Let go whose episode has ended, and renew the list when it is due."""
        self._let_go()
        if self._due_ms is None or self._due_ms > now_ms + _RENEW_MS:
            # an exchange's clock that was ahead for a moment must not put it off
            self._due_ms = now_ms + _RENEW_MS
        if not self._renews or self._busy or now_ms < self._due_ms:
            return
        self._busy = True
        try:
            markets = await self._select()
        except (FeedError, UserError) as error:
            self._due_ms = now_ms + _AGAIN_MS
            log.warning("%s: the old list of markets stays: %s", self._exchange, error)
        else:
            self._due_ms = now_ms + _RENEW_MS
            self._change(markets)
        finally:
            self._busy = False

    def _change(self, markets: Sequence[Market]) -> None:
        wanted = {market.key: market for market in markets}
        held = {watcher.market.key for watcher in self.watchers}
        joining = [market for key, market in wanted.items() if key not in held]
        self._leaving = held - wanted.keys()
        if joining or self._leaving:
            log.info(
                "%s: list of markets renewed: %d join, %d leave",
                self._exchange,
                len(joining),
                len(self._leaving),
            )
        self._bulletin.join_markets(joining)
        self.watchers += [self._join(market) for market in joining]
        self._let_go()

    def _let_go(self) -> None:
        gone = [watcher for watcher in self.watchers if self._may_go(watcher)]
        if not gone:
            return
        keys = {watcher.market.key for watcher in gone}
        # in place: the scanner holds this very list
        self.watchers[:] = [w for w in self.watchers if w.market.key not in keys]
        self._leaving -= keys
        self._bulletin.drop_markets(keys)
        for watcher in gone:
            self._leave(watcher)

    def _may_go(self, watcher: M) -> bool:
        """Tell whether somebody who leaves is at nothing any more."""
        # a market that is refused never sees the end of its episode
        is_done = watcher.rejected or not watcher.has_open_episode
        return watcher.market.key in self._leaving and is_done and not watcher.busy
