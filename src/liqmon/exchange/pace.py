"""ccxt's rate limit, kept on monotonic time.

ccxt's own limiter runs on the wall clock: set back by a day, it stalls queued calls for
a day. It also polls every millisecond while a call waits.
"""

from liqmon.clock import Clock

__all__ = ["Pace"]


class Pace:
    """A queue without bursts: a call of cost c keeps the next one c units away.

    Takes the place of ``throttle`` on a ccxt exchange. A cancelled caller's turn passes
    unused, as with ccxt.
    """

    def __init__(self, clock: Clock, *, unit_s: float) -> None:
        self._clock = clock
        self._unit_s = unit_s
        self._free_mono = clock.monotonic()

    async def __call__(self, cost: float | None = None) -> None:
        now_mono = self._clock.monotonic()
        turn_mono = max(self._free_mono, now_mono)
        self._free_mono = turn_mono + self._unit_s * (1.0 if cost is None else cost)
        if turn_mono > now_mono:
            await self._clock.sleep(turn_mono - now_mono)
