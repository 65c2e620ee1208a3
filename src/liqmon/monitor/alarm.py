"""A nap that anybody can end."""

import asyncio

from liqmon.clock import Clock

__all__ = ["Alarm"]


class Alarm:
    """``ring`` ends the nap under way, or else the next one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the nap."""
        self._rung.set()

    def reset(self) -> None:
        """Forget what has rung so far: it is about to be looked into."""
        self._rung.clear()

    async def nap(self, seconds: float) -> None:
        """Wait, but no longer than until it rings."""
        async with asyncio.TaskGroup() as tasks:
            timer = tasks.create_task(self._ring_after(seconds), name="alarm")
            await self._rung.wait()
            timer.cancel()

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self.ring()
