"""The whole of liqmon against an exchange and a Discord of its own.

Nothing is pretended: ccxt and aiohttp speak to the embedded server over HTTP, the
session is really closed under the exchange, Discord really answers 500, and what counts
in the end is what arrived there.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from liqmon.app.run import Run
from liqmon.app.runs import watch
from liqmon.clock import Clock
from liqmon.core.events import Delivery, DeliveryStatus, Event, FindingRaised
from liqmon.exchange.client import Exchange
from liqmon.monitor.bulletin import Bulletin
from liqmon.settings.models import Settings
from liqmon.sim.markets import Markets
from liqmon.sim.plan import SESSION_CLOSED, FaultPlan
from liqmon.sim.server import SimServer

__all__ = ["BREAKER_OPEN_S", "Outcome", "Staged", "demo", "settings_for"]

BREAKER_OPEN_S: Final = 5.0
"""Instead of 300 s, so that an outage fits into a minute; whoever runs it is told."""

_POLL_S: Final = 1.0
_LEAD_S: Final = 3.0
_OUTAGE_S: Final = 12.0
_LATE_FAULT_S: Final = 8.0
_DRAIN_S: Final = 30.0
"""A fast replay raises findings faster than Discord takes messages."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What is played: on which exchange, which markets, how fast, what goes wrong.

    Without ``faults``, a session is closed and Discord is down about the first cascade.
    """

    exchange: str
    markets: Markets
    speed: float
    faults: Sequence[str]

    def plan(self) -> FaultPlan:
        """Return the faults with their times.

        Raises:
            UserError: one of ``faults`` is none.
        """
        if self.faults:
            return FaultPlan.parse(self.faults)
        begins_s = max(self._first_cascade_s() - _LEAD_S, 2.0)
        return FaultPlan.parse(
            (
                f"{SESSION_CLOSED}@{begins_s + _LEAD_S:.1f}",
                f"discord-500@{begins_s:.1f}+{_OUTAGE_S:g}",
            )
        )

    def _first_cascade_s(self) -> float:
        starts = (cascade.first_ms for cascade in self.markets.truth.cascades)
        after = [at_ms for at_ms in starts if at_ms >= self.markets.start_ms]
        if not after:
            return _LATE_FAULT_S
        return (min(after) - self.markets.start_ms) / 1000 / self.speed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: ``missing`` findings never arrived at the strict Discord."""

    raised: int
    missing: tuple[str, ...]
    messages: int


@dataclass(frozen=True, slots=True)
class _Heard:
    """The episodes that liqmon told of, and those that went into a digest."""

    raised: list[str] = field(default_factory=list)
    digested: set[str] = field(default_factory=set)

    def note(self, event: Event) -> None:
        match event:
            case FindingRaised(finding=finding):
                self.raised.append(finding.episode)
            case Delivery(episode=episode, status=DeliveryStatus.DIGESTED):
                self.digested.add(episode)
            case _:
                pass


def settings_for(staged: Staged, sim: SimServer, timeframe: str) -> Settings:
    """Return the settings of the demonstration: the defaults, but for the breaker."""
    return Settings.model_validate(
        {
            "watch": {"poll_interval_s": _POLL_S, "timeframe": timeframe},
            "exchange": {"ids": [staged.exchange], "base_url": sim.base_url},
            "discord": {"webhook_url": sim.webhook_url, "base_url": sim.base_url},
            "breaker": {"open_s": BREAKER_OPEN_S},
        }
    )


async def demo(
    staged: Staged,
    *,
    timeframe: str,
    state_dir: Path,
    clock: Clock,
    bulletin: Bulletin,
    begin: Callable[[Run], None],
    stop: asyncio.Event,
) -> Outcome:
    """Play until ``stop``; ``begin`` is told the run before it starts.

    Raises:
        UserError: the markets or faults cannot be played.
    """
    heard = _Heard()
    plan = staged.plan()
    server = SimServer(
        markets=staged.markets, clock=clock, speed=staged.speed, plan=plan
    )
    async with server as sim, asyncio.TaskGroup() as tasks:
        run = Run(
            settings_for(staged, sim, timeframe),
            tuple(staged.markets.by_symbol),
            state_dir,
        )
        begin(run)
        exchanges: list[Exchange] = []
        closing = tasks.create_task(_close_sessions(sim, plan, exchanges, clock))
        with bulletin.listening(heard.note):
            await watch(
                run,
                clock=clock,
                bulletin=bulletin,
                stop=stop,
                on_open=exchanges.append,
                drain_s=_DRAIN_S,
            )
        closing.cancel()
        return Outcome(
            raised=len(heard.raised),
            missing=_missing(heard, sim),
            messages=len(sim.discord.messages),
        )


async def _close_sessions(
    sim: SimServer, plan: FaultPlan, exchanges: Sequence[Exchange], clock: Clock
) -> None:
    for moment_s in sorted(plan.moments(SESSION_CLOSED)):
        await clock.sleep(max(moment_s - sim.time.elapsed_s, 0.0))
        for exchange in exchanges:
            await exchange.lose_session()


def _missing(heard: _Heard, sim: SimServer) -> tuple[str, ...]:
    """Return the episodes that neither a message nor a digest tells of."""
    texts = [str(message.payload) for message in sim.discord.messages]
    return tuple(
        episode
        for episode in dict.fromkeys(heard.raised)
        if episode not in heard.digested and not any(episode in text for text in texts)
    )
