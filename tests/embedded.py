"""The embedded exchange and Discord in a thread, for commands that are called here."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from liqmon.clock import SystemClock
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer


@contextmanager
def embedded(markets: Markets) -> Iterator[SimServer]:
    """Serve the markets until the block ends."""
    server = SimServer(markets=markets, clock=SystemClock())
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.close()


def at_home(
    home: Path, monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str]
) -> None:
    """Put this process into an empty home, with nothing set but what is given."""
    for name, folder in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    for name in ("LIQMON_CONFIG", "LIQMON_STATE_DIR", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
