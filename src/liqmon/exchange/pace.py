"""ccxt's rate limit, kept on monotonic time.

ccxt's own limiter runs on the wall clock: set back by a day, it stalls queued calls for
a day. It also polls every millisecond while a call waits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from liqmon.clock import Clock

__all__ = ["Pace", "urgently"]

_IS_URGENT: Final = ContextVar("is_urgent", default=False)


@contextmanager
def urgently() -> Iterator[None]:
    """Have the calls of this block go before all that wait."""
    before = _IS_URGENT.set(True)
    try:
        yield
    finally:
        _IS_URGENT.reset(before)


class Pace:
    """A queue without bursts: a call of cost c keeps the next one c units away.

    Takes the place of ``throttle`` on a ccxt exchange. A cancelled caller's turn passes
    unused, as with ccxt. An urgent call goes at once and moves the turns of those that
    come after it; those that wait already keep theirs.
    """

    def __init__(self, clock: Clock, *, unit_s: float) -> None:
        self._clock = clock
        self._unit_s = unit_s
        self._free_mono = clock.monotonic()

    async def __call__(self, cost: float | None = None) -> None:
        now_mono = self._clock.monotonic()
        turn_mono = max(self._free_mono, now_mono)
        self._free_mono = turn_mono + self._unit_s * (1.0 if cost is None else cost)
        if turn_mono > now_mono and not _IS_URGENT.get():
            await self._clock.sleep(turn_mono - now_mono)
