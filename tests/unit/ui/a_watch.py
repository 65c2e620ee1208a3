"""A program with nothing but the live view, run on a pseudo-terminal by the tests.

Writes one JSON line to stderr when it ends: how often its event loop came round.
"""

import asyncio
import fcntl
import json
import os
import signal
import sys
import termios
from dataclasses import replace

from boards import NOW_MONO, a_large_board
from hands import Hands
from liqmon.clock import SystemClock
from liqmon.core.board import BoardSnapshot, with_event
from liqmon.core.events import FindingRaised
from liqmon.core.model import Market, Phase
from liqmon.ui.live import LiveView

ALERT_AT_S = 0.3


async def main(seconds: float, what: str) -> None:
    clock = SystemClock()
    board = replace(a_large_board(200), started_mono=clock.monotonic() - NOW_MONO)
    stop = asyncio.Event()
    heartbeats = 0

    def snapshot() -> BoardSnapshot:
        return replace(board, cycles=heartbeats)

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    begun = clock.monotonic()
    with LiveView(snapshot, clock=clock, controls=Hands(stop.set)):
        while not stop.is_set() and clock.monotonic() < begun + seconds:
            heartbeats += 1
            await clock.sleep(0.01)
            if what == "--crash" and heartbeats == 5:
                raise ZeroDivisionError("a bug in the watch")
            if what == "--alert" and clock.monotonic() > begun + ALERT_AT_S:
                board, what = alarmed(board, clock), ""
    sys.stderr.write(json.dumps({"heartbeats": heartbeats}) + "\n")


def alarmed(board: BoardSnapshot, clock: SystemClock) -> BoardSnapshot:
    """Return the board after a finding in its second market."""
    row = next(row for row in board.rows.values() if row.finding is not None)
    assert row.finding is not None
    market: Market = list(board.rows.values())[1].market
    finding = replace(row.finding, market=market, phase=Phase.ONSET)
    event = FindingRaised(clock.now_ms(), finding)
    return with_event(board, event, now_mono=clock.monotonic())


def in_the_background() -> None:
    """Go on in a child that a shell would have started with ``&``.

    On SIGUSR1 the parent does what ``fg`` does, and ends as the child ends.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        return
    signal.sigwait({signal.SIGUSR1})
    os.tcsetpgrp(0, child)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    mode = sys.argv[2]
    if mode != "--no-terminal":
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if mode == "--background":
        in_the_background()
    asyncio.run(main(float(sys.argv[1]), mode))
