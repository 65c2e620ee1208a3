"""Settings in, parts out."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from liqmon.app.album import Album
from liqmon.app.couriers import Couriers, opened_couriers, report_routes
from liqmon.app.exchanges import exchange_from
from liqmon.app.lookback import last_findings
from liqmon.app.run import Run
from liqmon.app.selecting import wanted_of, watched
from liqmon.clock import Clock, boot_s
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.facts import state_from_facts
from liqmon.core.model import Market
from liqmon.errors import NewerSchema, StoreUnavailable, UserError
from liqmon.exchange.client import Exchange
from liqmon.monitor.aftermath import Aftermath
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.health import Sentinel
from liqmon.monitor.housekeeper import Housekeeper
from liqmon.monitor.journalist import Journalist
from liqmon.monitor.reports import ReportBox
from liqmon.monitor.roster import Roster
from liqmon.monitor.silences import Silences
from liqmon.monitor.suspension import Timekeeper
from liqmon.monitor.tally import Tally
from liqmon.monitor.watcher import Watcher
from liqmon.store.database import Store

__all__ = ["Parts", "opened"]

log = logging.getLogger(__name__)

_RECALLED_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The long-lived parts of a run, open."""

    run: Run
    clock: Clock
    bulletin: Bulletin
    store: Store
    couriers: Couriers
    album: Album
    journalist: Journalist
    housekeeper: Housekeeper
    sentinel: Sentinel
    states: Mapping[str, Mapping[str, object]]
    silences: Silences
    aftermath: Aftermath
    tally: Tally

    @property
    def work(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What each has to do for as long as the run lasts."""
        return {
            **self.couriers.work,
            "housekeeper": self.housekeeper.run,
            "journal": self.journalist.run,
            "health": self.sentinel.run,
            "silences": self.silences.run,
            "aftermath": self.aftermath.run,
            "tally": self.tally.run,
        }

    def exchange(self, exchange_id: str) -> Exchange:
        """Return an exchange that is yet to be opened."""
        return exchange_from(
            self.run.settings, exchange_id, self.clock, self.bulletin.publish
        )

    def roster(self, exchange: Exchange) -> Roster[Watcher]:
        """Return who is watched on an exchange, yet to begin."""
        wanted = wanted_of(self.run)

        async def select() -> tuple[Market, ...]:
            if roster.watchers:
                await exchange.reload()
            picks = await exchange.select(wanted)
            return watched(picks)

        def join(market: Market) -> Watcher:
            watcher = self._watcher(exchange, market)
            self.album.follow([watcher])
            return watcher

        roster = Roster(
            exchange.id,
            select=select,
            join=join,
            leave=self.album.forget,
            bulletin=self.bulletin,
            renews=wanted.is_ranked,
        )
        return roster

    def _watcher(self, exchange: Exchange, market: Market) -> Watcher:
        settings = self.run.settings
        return Watcher(
            market,
            source=exchange,
            store=self.store,
            clock=self.clock,
            bulletin=self.bulletin,
            timeframe=settings.watch.timeframe,
            policy=EpisodePolicy(
                threshold=settings.threshold_for(market.name, market.symbol),
                cooldown_ms=round(settings.detector.cooldown_s * 1000),
                builds_from=settings.detector.builds_from,
            ),
            state=self._state(market),
            on_finding=self.couriers.wake,
            on_undurable=self.couriers.send_undurable,
            routes_of=self.couriers.routes_of,
            judges_forming=settings.detector.forming,
        )

    def _state(self, market: Market) -> EpisodeState:
        facts = self.states.get(market.key)
        if facts is None:
            return EpisodeState()
        state = _state_in(facts)
        if state is None:
            log.warning(
                "%s: its stored state cannot be read and is begun anew", market.name
            )
        return state or EpisodeState()


def _state_in(facts: Mapping[str, object]) -> EpisodeState | None:
    try:
        return state_from_facts(facts)
    except (KeyError, TypeError, ValueError):
        return None


@asynccontextmanager
async def opened(run: Run, *, clock: Clock, bulletin: Bulletin) -> AsyncIterator[Parts]:
    """Open the store and the webhook's client, and close them in the end.

    Raises:
        UserError: the state directory or what lies in it cannot be used.
        AlreadyRunning: somebody else uses it.
    """
    settings = run.settings
    async with AsyncExitStack() as stack:
        store = await _store(run, bulletin)
        stack.push_async_callback(store.close)
        silences = Silences(store, clock=clock, bulletin=bulletin)
        # before the first message: it might be one that is muted
        await silences.look()
        album = Album()
        couriers = await opened_couriers(
            run,
            stack,
            store=store,
            clock=clock,
            bulletin=bulletin,
            pictures=album.picture,
            hushes=silences.hushes,
        )
        states = await store.states(settings.watch.timeframe)
        await _recall(store, states, bulletin, clock)
        yield Parts(
            run=run,
            clock=clock,
            bulletin=bulletin,
            store=store,
            couriers=couriers,
            album=album,
            journalist=_journalist(stack, store, bulletin),
            housekeeper=Housekeeper(store, clock, keep_days=settings.history.keep_days),
            sentinel=_sentinel(run, clock, bulletin, store, couriers),
            states=states,
            silences=silences,
            aftermath=Aftermath(store, clock, album.candles),
            tally=_tally(stack, store, run, clock, bulletin),
        )


def _sentinel(
    run: Run, clock: Clock, bulletin: Bulletin, store: Store, couriers: Couriers
) -> Sentinel:
    return Sentinel(
        clock=clock,
        bulletin=bulletin,
        outbox=ReportBox(store, report_routes(run.settings, clock.now_ms())),
        on_report=couriers.wake,
        stale_after_s=run.settings.health.stale_after_s,
        timekeeper=Timekeeper(clock, boot=boot_s),
    )


def _journalist(stack: AsyncExitStack, store: Store, bulletin: Bulletin) -> Journalist:
    journalist = Journalist(store)
    stack.push_async_callback(journalist.finish)
    stack.enter_context(bulletin.listening(journalist.note, "the journal"))
    return journalist


def _tally(
    stack: AsyncExitStack, store: Store, run: Run, clock: Clock, bulletin: Bulletin
) -> Tally:
    tally = Tally(
        store,
        clock=clock,
        bulletin=bulletin,
        stale_after_s=run.settings.health.stale_after_s,
    )
    stack.push_async_callback(tally.finish)
    stack.enter_context(bulletin.listening(tally.note, "the statistics"))
    stack.enter_context(bulletin.hearing_polls(tally))
    return tally


async def _recall(
    store: Store,
    states: Mapping[str, Mapping[str, object]],
    bulletin: Bulletin,
    clock: Clock,
) -> None:
    """Show what was found in the last day: whoever starts anew has not seen it end."""
    known = filter(None, map(_state_in, states.values()))
    going_on = {state.episode.id for state in known if state.episode is not None}
    since_ms = clock.now_ms() - _RECALLED_MS
    bulletin.recall(await last_findings(store, since_ms=since_ms, going_on=going_on))


async def _store(run: Run, bulletin: Bulletin) -> Store:
    try:
        return await Store.open(run.state_dir)
    except (UserError, StoreUnavailable) as error:
        if not run.allow_volatile or isinstance(error, NewerSchema):
            raise
        log.warning("nothing is kept on disk: %s", error)
        bulletin.show_banner("store", f"not durable, kept in memory only: {error}")
        return await Store.in_memory()
