"""A program with nothing but the live view, run on a pseudo-terminal by the tests.

Writes one JSON line to stderr when it ends: how often its event loop came round.
"""

import asyncio
import fcntl
import json
import signal
import sys
import termios
from dataclasses import replace

from boards import NOW_MONO, a_large_board
from liqmon.clock import SystemClock
from liqmon.core.board import BoardSnapshot
from liqmon.ui.live import LiveView


async def main(seconds: float) -> None:
    clock = SystemClock()
    board = replace(a_large_board(200), started_mono=clock.monotonic() - NOW_MONO)
    stop = asyncio.Event()
    heartbeats = 0

    def snapshot() -> BoardSnapshot:
        return replace(board, raised=heartbeats)

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with LiveView(snapshot, clock=clock, on_quit=stop.set):
        ends = clock.monotonic() + seconds
        while not stop.is_set() and clock.monotonic() < ends:
            heartbeats += 1
            await clock.sleep(0.01)
    sys.stderr.write(json.dumps({"heartbeats": heartbeats}) + "\n")


if __name__ == "__main__":
    if sys.argv[2:] == ["--own-terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    asyncio.run(main(float(sys.argv[1])))
