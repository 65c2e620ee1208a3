"""Keeps tasks alive through a bug, loudly, and not for ever."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from liqmon.clock import Clock
from liqmon.errors import LiqmonError

__all__ = ["kept_alive", "supervised"]

log = logging.getLogger(__name__)

_MOST_CRASHES = 5
_WITHIN_S = 60.0
_FIRST_WAIT_S = 0.5


async def kept_alive(
    work: Mapping[str, Callable[[], Awaitable[None]]],
    *,
    stop: asyncio.Event,
    clock: Clock,
    tell: Callable[[str, str], None],
) -> None:
    """Do all of the work until ``stop`` is set; a part that crashes begins anew.

    ``tell`` gets the name of a part that crashed and a line for the user.

    Raises:
        ExceptionGroup: a part crashed five times in a minute, or raised on purpose.
    """
    async with asyncio.TaskGroup() as tasks:
        started = [
            tasks.create_task(
                supervised(name, part, clock=clock, tell=partial(tell, name)),
                name=name,
            )
            for name, part in work.items()
        ]
        await stop.wait()
        for task in started:
            task.cancel()


async def supervised(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> None:
    """Run ``work``, again after a crash; raise what it raises five times a minute.

    ``tell`` gets a line for the user at each crash. Cancellation and what liqmon
    raises on purpose pass through.
    """
    crashes: deque[float] = deque(maxlen=_MOST_CRASHES)
    while True:
        try:
            return await work()
        except LiqmonError:
            # Raised on purpose, for whoever started the part to act on.
            raise
        except Exception as error:
            # A bug in one part must not silence the others: it is logged with its
            # traceback, shown, and the part begins anew from what is on disk.
            log.exception("%s crashed", name)
            tell(f"{name} crashed ({type(error).__name__}: {error}); restarted")
            crashes.append(clock.monotonic())
            if len(crashes) == _MOST_CRASHES and crashes[-1] - crashes[0] < _WITHIN_S:
                raise
            await clock.sleep(_FIRST_WAIT_S * 2 ** (len(crashes) - 1))
