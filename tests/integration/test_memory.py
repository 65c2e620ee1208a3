"""P16: a process that runs for weeks keeps what it needs and no more.

The long form, with what the system says, is ``benchmarks/endurance``.
"""

import gc
import sys

from endurance import a_hurried_watch
from liqmon.sim.generated import generated

WARM_UP_MIN = 120
WATCHED_MIN = 240

BLOCKS_A_POLL = 8
"""Kept per poll. Two or three are usual, for findings and what the board remembers;
the candles of one poll alone would be a dozen."""


async def test_p16_hours_of_watching_keep_no_memory() -> None:
    async with a_hurried_watch(generated(3), "BTCUSDT") as polls:
        await polls(WARM_UP_MIN)
        gc.collect()
        before = sys.getallocatedblocks()
        await polls(WATCHED_MIN)
        gc.collect()
        kept = sys.getallocatedblocks() - before

    assert kept < BLOCKS_A_POLL * WATCHED_MIN
