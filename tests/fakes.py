"""Fakes with behaviour: they do what the real thing does, only in memory."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class FakeClock:
    """A clock that moves only when someone sleeps on it or pushes it."""

    seconds: float = 0.0
    wall_ms: int = 1_700_000_000_000
    slept: list[float] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.wall_ms + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    def push(self, seconds: float) -> None:
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += max(seconds, 0.0)
        await asyncio.sleep(0)
