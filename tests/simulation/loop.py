"""An event loop on which time passes only when there is nothing to do until later.

The code under test runs unchanged: ``asyncio.timeout``, ``asyncio.sleep`` and timers
all ask the loop for the time. There is no selector and no thread, so the order in which
things happen depends on nothing but the seed.
"""

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

EPOCH_MS = 1_700_000_000_000

_MOST_ROUNDS_AT_ONCE = 20_000


class DeadlockError(RuntimeError):
    """Everybody waits and nobody will ever wake them."""


class LivelockError(RuntimeError):
    """Something goes round and round and time stands still."""


class Threads(Protocol):
    """Carries out what would run on another thread."""

    def submit(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[], T]
    ) -> asyncio.Future[T]: ...


class VirtualLoop(asyncio.BaseEventLoop):
    """Starts at zero seconds; ``threads`` stands in for every executor."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self
        self._now = 0.0
        self._rounds_at_once = 0
        self.threads: Threads | None = None

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[object]:
        """Stand in for a selector: nothing comes from outside, so move time on."""
        if timeout is None:
            raise DeadlockError("nothing is scheduled")
        self._rounds_at_once = 0 if timeout > 0 else self._rounds_at_once + 1
        if self._rounds_at_once > _MOST_ROUNDS_AT_ONCE:
            self._rounds_at_once = 0
            raise LivelockError(f"time stands still at {self._now:.3f} s")
        self._now += max(timeout, 0.0)
        return []

    def _process_events(self, event_list: list[object]) -> None:
        """Nothing comes from outside."""

    def run_in_executor(  # type: ignore[override]  # asyncio's own types are loose here
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., T],
        *args: Any,
    ) -> asyncio.Future[T]:
        if self.threads is None:
            raise RuntimeError("no threads in this world")
        return self.threads.submit(self, lambda: func(*args))


class VirtualClock:
    """The clock of one process: its monotonic time begins anywhere."""

    def __init__(self, loop: VirtualLoop, began_at: float) -> None:
        self._loop = loop
        self._began_at = began_at

    def now_ms(self) -> int:
        return EPOCH_MS + int(self._loop.time() * 1000)

    def monotonic(self) -> float:
        return self._loop.time() + self._began_at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))
