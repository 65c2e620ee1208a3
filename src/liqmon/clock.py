"""The only reader of real time, and the only sleeper."""

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "boot_s"]


class Clock(Protocol):
    """Time as an argument: a test drives hours in milliseconds."""

    def now_ms(self) -> int:
        """Return the wall clock, in epoch milliseconds (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of this clock pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def boot_s() -> float | None:
    """Return seconds that go on while the host sleeps; None where it has no such clock.

    On Linux ``monotonic`` stands still meanwhile: the difference is what it slept.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return None if boottime is None else time.clock_gettime(boottime)
