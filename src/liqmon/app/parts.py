"""Settings in, parts out."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import liqmon
from liqmon.app.exchanges import exchange_from
from liqmon.app.run import Run
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.facts import state_from_facts
from liqmon.core.model import Market
from liqmon.discord.client import DiscordClient
from liqmon.exchange.client import Exchange
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.courier import Courier
from liqmon.monitor.health import Sentinel
from liqmon.monitor.journalist import Journalist
from liqmon.monitor.watcher import Watcher
from liqmon.store.database import Store

__all__ = ["Parts", "opened"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """The long-lived parts of a run, open."""

    run: Run
    clock: Clock
    bulletin: Bulletin
    store: Store
    courier: Courier
    journalist: Journalist
    sentinel: Sentinel
    states: Mapping[str, Mapping[str, object]]

    def exchange(self, exchange_id: str) -> Exchange:
        """Return an exchange that is yet to be opened."""
        return exchange_from(
            self.run.settings, exchange_id, self.clock, self.bulletin.publish
        )

    def watchers(self, exchange: Exchange) -> tuple[Watcher, ...]:
        """Resolve the run's symbols and give each its row and its watcher.

        Raises:
            UnknownSymbol: one of them is no perpetual of this exchange.
        """
        markets = tuple(dict.fromkeys(map(exchange.market, self.run.symbols)))
        self.bulletin.show_markets(exchange.id, markets)
        return tuple(self._watcher(exchange, market) for market in markets)

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
            ),
            state=self._state(market),
            on_finding=self.courier.wake,
        )

    def _state(self, market: Market) -> EpisodeState:
        facts = self.states.get(market.key)
        if facts is None:
            return EpisodeState()
        try:
            return state_from_facts(facts)
        except (KeyError, TypeError, ValueError):
            log.warning(
                "%s: its stored state cannot be read and is begun anew", market.name
            )
            return EpisodeState()


@asynccontextmanager
async def opened(run: Run, *, clock: Clock, bulletin: Bulletin) -> AsyncIterator[Parts]:
    """Open the store and the webhook's client, and close them in the end.

    Raises:
        UserError: the state directory or what lies in it cannot be used.
        AlreadyRunning: somebody else uses it.
    """
    async with AsyncExitStack() as stack:
        store = await Store.open(run.state_dir)
        stack.push_async_callback(store.close)
        courier = await _courier(run, stack, store, clock, bulletin)
        journalist = Journalist(store)
        stack.push_async_callback(journalist.finish)
        stack.enter_context(bulletin.listening(journalist.note))
        yield Parts(
            run,
            clock,
            bulletin,
            store,
            courier,
            journalist,
            Sentinel(
                clock=clock,
                bulletin=bulletin,
                outbox=store,
                on_report=courier.wake,
                stale_after_s=run.settings.health.stale_after_s,
            ),
            await store.states(run.settings.watch.timeframe),
        )


async def _courier(
    run: Run, stack: AsyncExitStack, store: Store, clock: Clock, bulletin: Bulletin
) -> Courier:
    settings = run.settings
    webhook = None if run.dry_run else settings.discord.webhook
    sender = None
    if webhook is not None:
        sender = await stack.enter_async_context(
            DiscordClient(
                webhook,
                timeout_s=settings.discord.timeout_s,
                base_url=settings.discord.base_url,
                version=liqmon.__version__,
                clock=clock,
            )
        )
    breaker = Breaker(
        BreakerPolicy(
            enabled=settings.breaker.enabled,
            failure_threshold=settings.breaker.failure_threshold,
            open_s=settings.breaker.open_s,
            open_schedule_s=tuple(settings.breaker.open_schedule_s),
        )
    )
    return Courier(
        store=store,
        sender=sender,
        breaker=breaker,
        fingerprint="" if webhook is None else webhook.fingerprint,
        clock=clock,
        emit=bulletin.publish,
        when_open=settings.discord.when_open,
        on_receiver=bulletin.show_receiver,
        receiver=bulletin.snapshot.receiver,
        tell=partial(bulletin.show_banner, "outbox"),
    )
