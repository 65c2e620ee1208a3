"""A place in which a user types something wrong, and what is said to it."""

import asyncio
import os
import re
import shlex
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    closing,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import pytest
from aiohttp import web

from liqmon.cli.app import app
from liqmon.cli.errors import guarded
from liqmon.clock import SystemClock
from liqmon.sim.generated import generated
from liqmon.sim.server import SimServer
from liqmon.store.lock import RunLock
from lookbacks import ONSET, OTHER, raising, written
from loopback import Bybit, Loopback, Reply, json_reply, page, serving
from loopback_discord import loopback_discord
from webhooks import URL

Content = str | bytes | None

SETTINGS: Final = "liqmon.toml"
DISCORD: Final = {
    "LIQMON_DISCORD__WEBHOOK_URL": URL,
    "LIQMON_DISCORD__BASE_URL": "{discord}",
}


def at(exchange: str) -> Mapping[str, str]:
    """Return the environment of who asks an exchange once."""
    return {"LIQMON_EXCHANGE__BASE_URL": exchange, "LIQMON_RETRY__ENABLED": "false"}


@dataclass(frozen=True)
class Mistake:
    """One row: ``typed`` after ``liqmon`` ends with ``code`` and ``says`` this.

    ``files`` are there before, by their names in the user's home, for the user only: a
    text, bytes, or None for a folder; ``modes`` makes some of them other than 600.
    HOME, PORT, PID, TIME and N stand for what differs from run to run, ``{exchange}``
    and the like for an address of the ``Street``. ``scene`` names what else is there
    (see ``_SCENES``), ``lacks`` the packages that are not installed.
    """

    name: str
    typed: str
    says: str
    code: int = 2
    files: Mapping[str, Content] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    out: str = ""
    scene: str = ""
    lacks: tuple[str, ...] = ()


class _Market(Bybit):
    """Also lists a perpetual that trades no more, and a pair that is spot only."""

    SPOT: ClassVar = "DOGEUSDT"

    async def _markets(self, request: web.Request) -> web.StreamResponse:
        category = request.query.get("category")
        if category == "spot":
            row = {
                "symbol": self.SPOT,
                "baseCoin": "DOGE",
                "quoteCoin": "USDT",
                "status": "Trading",
                "lotSizeFilter": {},
                "priceFilter": {},
            }
            return await self.ok({"category": "spot", "list": [row]})(request)
        if category == "linear" and request.query.get("status") == "Closed":
            row = {
                "symbol": "LUNAUSDT",
                "contractType": "LinearPerpetual",
                "status": "Closed",
                "baseCoin": "LUNA",
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
            }
            return await self.ok({"category": "linear", "list": [row]})(request)
        return await super()._markets(request)


@dataclass(frozen=True)
class Street:
    """What is on this machine: exchanges in several moods, and a Discord."""

    addresses: Mapping[str, str]

    def placed(self, text: str) -> str:
        """Return the text with addresses where it names them."""
        for name, address in self.addresses.items():
            text = text.replace(f"{{{name}}}", address)
        return text


@contextmanager
def a_street() -> Iterator[Street]:
    """Serve it from a thread: a command has the main one, for its signals."""
    ready, over = threading.Event(), threading.Event()
    found: dict[str, str] = {}

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        async with (
            _venue() as exchange,
            _venue(page(451)) as blocked,
            _venue(page(403)) as forbidden,
            _venue(page(503)) as failing,
            _venue(json_reply({"retCode": 0, "result": {"list": []}})) as empty,
            loopback_discord() as discord,
            SimServer(markets=generated(1), clock=SystemClock()) as sim,
        ):
            found.update(
                exchange=exchange.url,
                blocked=blocked.url,
                forbidden=forbidden.url,
                failing=failing.url,
                empty=empty.url,
                sim=sim.base_url,
                discord=discord.root,
                nobody="http://127.0.0.1:1",
                busy_port=discord.root.rpartition(":")[2],
            )
            ready.set()
            await loop.run_in_executor(None, over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield Street(found)
    finally:
        over.set()
        thread.join(60)


@asynccontextmanager
async def _venue(always: Reply | None = None) -> AsyncIterator[Loopback]:
    """Serve a market, or one that gives one answer to everything."""
    clock = SystemClock()
    async with serving(_Market(clock.now_ms)) as server:
        if always is not None:
            for path in (Bybit.MARKETS, Bybit.TIME, Bybit.CANDLES):
                server.always(path, always)
        yield server


@contextmanager
def _another_run(state: Path) -> Iterator[None]:
    with RunLock(state):
        yield


@contextmanager
def _a_newer_state(state: Path) -> Iterator[None]:
    state.mkdir(parents=True)
    with closing(sqlite3.connect(state / "state.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    yield


@contextmanager
def _a_past(state: Path) -> Iterator[None]:
    written(state, raising(ONSET, OTHER))
    yield


_IMPORTED_BY: Final = {"prometheus_client": "liqmon.monitor.metrics"}
"""A module that imported the package when an earlier row ran would still have it."""

_SCENES: Final[Mapping[str, Callable[[Path], AbstractContextManager[None]]]] = {
    "": lambda _: nullcontext(),
    "another run": _another_run,
    "a newer state": _a_newer_state,
    "a past": _a_past,
}


def typed(
    mistake: Mistake,
    home: Path,
    street: Street,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> tuple[int, str, str]:
    """Type it, and return the code and both streams."""
    for name in [*os.environ]:
        if name.startswith(("LIQMON_", "XDG_")):
            monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "COLUMNS": "80",
        **mistake.environ,
    }.items():
        monkeypatch.setenv(name, street.placed(value).replace("HOME", str(home)))
    monkeypatch.chdir(home)
    for name, content in mistake.files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
            continue
        text = (
            content if isinstance(content, bytes) else street.placed(content).encode()
        )
        path.write_bytes(text)
        path.chmod(mistake.modes.get(name, 0o600))
    for package in mistake.lacks:
        monkeypatch.setitem(sys.modules, package, None)
        if package in _IMPORTED_BY:
            monkeypatch.delitem(sys.modules, _IMPORTED_BY[package], raising=False)
    arguments = shlex.split(street.placed(mistake.typed))
    with _SCENES[mistake.scene](home / "state" / "liqmon"):
        code = guarded(lambda: app(arguments, prog_name="liqmon"))
    out, err = capfd.readouterr()
    return code, _same(out, home), _same(err, home)


def _same(text: str, home: Path) -> str:
    """Return the text without what differs from run to run."""
    text = text.replace(str(home), "HOME")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d+ ms\b", "N ms", text)
    text = re.sub(r"\d+\.\d( GiB free)|(Python |ccxt )[\d.]+\d", r"\2N\1", text)
    text = re.sub(r"(port )\d+|(--port )\d+", r"\1\2PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return re.sub(r"process \d+", "process PID", text)
