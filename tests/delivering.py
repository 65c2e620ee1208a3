"""A courier and a strict Discord over real HTTP, on one clock that a test drives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from couriers import MoodyStore, Rig, SteppedClock, a_rig, lives, raised
from liqmon.core.model import Finding
from liqmon.sim.discord import Message
from loopback_discord import Loopback, loopback_discord


@dataclass
class Delivering:
    """Both ends, and what stands between them."""

    rig: Rig
    loopback: Loopback

    @property
    def clock(self) -> SteppedClock:
        assert isinstance(self.rig.clock, SteppedClock)
        return self.rig.clock

    @property
    def messages(self) -> list[Message]:
        return self.loopback.discord.messages

    def heads(self) -> list[str]:
        """Return the first line of every message as it stands now."""
        return self.loopback.contents()

    def titles(self) -> list[str]:
        """Return the title of every card as it stands now."""
        cards = [message.payload.get("embeds") or [{}] for message in self.messages]
        return [str(card[0].get("title", "")) for card in cards]

    def methods(self) -> list[str]:
        return [request.method for request in self.loopback.discord.requests]

    def moments(self, method: str) -> list[float]:
        """Return the seconds at which requests of one kind came in."""
        return [
            (request.at_ms - self.clock.wall_ms) / 1000
            for request in self.loopback.discord.requests
            if request.method == method
        ]

    async def raise_(self, *findings: Finding) -> None:
        await raised(self.rig, *findings)

    async def live(self, seconds: float) -> None:
        await lives(self.rig, seconds)


@asynccontextmanager
async def delivering(
    *faults: str | None,
    store: MoodyStore | None = None,
    clock: SteppedClock | None = None,
    group_wait_s: float = 1.5,
    loopback: Loopback | None = None,
    **more: Any,
) -> AsyncIterator[Delivering]:
    """Open both; a ``loopback`` that is given stays open, as Discord does."""
    clock = clock or SteppedClock()
    if loopback is None:
        async with (
            loopback_discord(clock) as own,
            delivering(
                *faults,
                store=store,
                clock=clock,
                group_wait_s=group_wait_s,
                loopback=own,
                **more,
            ) as both,
        ):
            yield both
        return
    loopback.faults.script = list(faults)
    async with (
        loopback.client(clock) as client,
        a_rig(
            sender=client,
            clock=clock,
            store=store,
            group_wait_s=group_wait_s,
            **more,
        ) as rig,
    ):
        yield Delivering(rig, loopback)
