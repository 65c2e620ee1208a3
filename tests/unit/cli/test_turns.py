"""From one turn of a watch to the next, as the settings are read anew."""

import asyncio
from pathlib import Path

import pytest

from liqmon.app.run import Run, empty_board
from liqmon.cli.asked import Asked
from liqmon.cli.steering import Watching
from liqmon.cli.watching import _take_turns, _Turns
from liqmon.clock import SystemClock
from liqmon.errors import AlreadyRunning, ConfigError, UserError
from liqmon.monitor.bulletin import Bulletin
from liqmon.settings.models import Settings
from liqmon.store.lock import RunLock

CLOCK = SystemClock()


def a_run(state_dir: Path | None = None) -> Run:
    return Run(Settings(), ("BTCUSDT",), state_dir)


def turns(run: Run) -> _Turns:
    return _Turns(Asked(), Bulletin(CLOCK, empty_board(run, CLOCK)), run)


async def take(those: _Turns, stop: asyncio.Event) -> None:
    steering = Watching(CLOCK, those.bulletin, on_quit=stop.set, on_reload=those.reload)
    await _take_turns(those, stop, CLOCK, steering)


async def test_a_state_in_use_ends_the_first_turn_and_no_later_one(
    tmp_path: Path,
) -> None:
    stop, those = asyncio.Event(), turns(a_run(tmp_path))
    with RunLock(tmp_path):
        with pytest.RaisesGroup(AlreadyRunning):
            await take(those, stop)

        those.proven = those.run
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            taking = tasks.create_task(take(those, stop))
            while "tried again soon" not in those.bulletin.snapshot.banner:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
            assert not taking.done()
            stop.set()


def test_what_fails_gives_way_to_what_worked_or_to_what_is_newer_still() -> None:
    old, new, newer = a_run(), a_run(), a_run()
    those = turns(old)
    error = ConfigError("no such market")
    assert not those.fall_back(old, error)

    those.proven, those.run = old, new
    assert those.fall_back(new, error)
    assert those.begin(CLOCK) is old
    assert "settings not reloaded: no such market" in those.bulletin.snapshot.banner
    assert not those.fall_back(old, UserError("delisted since"))

    those.run = newer
    assert those.fall_back(new, error)
    assert those.run is newer
