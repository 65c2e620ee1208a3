"""From a synchronous command to a running event loop and back.

The first SIGTERM or Ctrl-C asks for a stop, the second cancels, the third ends the
process at once. Python's own handling would either skip every ``finally`` (SIGTERM) or
raise in the middle of one (a second Ctrl-C).
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Signals", "run"]

T = TypeVar("T")


@dataclass(slots=True)
class Signals:
    """What came from outside: ``stop`` is set, ``caught`` holds the signals."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    caught: list[signal.Signals] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How it ended: ``value`` is None if a second signal cut it short."""

    value: T | None
    signal: signal.Signals | None


def run(main: Callable[[Signals], Awaitable[T]]) -> Ended[T]:
    """Run ``main`` in a new event loop; it ends by itself when ``stop`` is set."""
    with asyncio.Runner() as runner:
        return runner.run(_guarded(main))


async def _guarded(main: Callable[[Signals], Awaitable[T]]) -> Ended[T]:
    signals = Signals()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def caught(number: signal.Signals) -> None:
        signals.caught.append(number)
        signals.stop.set()
        if len(signals.caught) == 2 and task is not None:
            task.cancel()
        if len(signals.caught) > 2:
            os._exit(128 + number)

    # SIGHUP: by its own way it would end the process in the middle of anything
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, caught, number)
    value = None
    try:
        value = await main(signals)
    except asyncio.CancelledError:
        if len(signals.caught) < 2:
            raise
    return Ended(value, signals.caught[0] if signals.caught else None)
