"""P03: real processes, killed at any moment, lose nothing that they acknowledged.

It fails, too, when an attempt is not counted before its request (no word of caution on
the copy) and when the state is committed before its finding (a finding is missing).
"""

import asyncio
import os
import re
import signal
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiohttp import web

from integration.delivery import a_process
from integration.delivery.a_process import FastClock, entry, finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding
from liqmon.sim.discord import Message, StrictDiscord
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState
from loopback_discord import URL, served

KILLS = 60
LIFE_S = (0.03, 0.4)
PATIENCE_S = 30.0

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]

MARK = re.compile(r"\bk(\d+)\b")
"""Stands in the card of a finding; see ``a_process``."""

MORE = re.compile(r"\+\d+ more")
"""Stands for those that a message has no room to name."""

TESTS = Path(__file__).parents[2]


@dataclass
class Faults:
    """Some answers are lost, and some requests."""

    rng: Random
    lost: int = 0

    def next(self) -> str | None:
        kinds = (None, "discord-lost", "discord-reset", "discord-500", "discord-429")
        fault = self.rng.choices(kinds, (88, 6, 2, 2, 2))[0]
        self.lost += fault == "discord-lost"
        return fault


@dataclass
class Posts:
    """What was posted, as it was posted, whatever edits have made of it since."""

    discord: StrictDiscord
    bodies: list[str] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route(route.method, route.path, self._recorded(route.handler))
            for route in self.discord.routes()
        ]

    def _recorded(self, answer: Answering) -> Answering:
        async def recorded(request: web.Request) -> web.StreamResponse:
            response = await answer(request)
            new = self.discord.messages[len(self.bodies) :]
            self.bodies += [str(message.payload) for message in new]
            return response

        return recorded

    def telling(self) -> Mapping[int, list[str]]:
        """Return the bodies that tell each finding, by its number."""
        told = defaultdict[int, list[str]](list)
        for body in self.bodies:
            for number in set(MARK.findall(body)):
                told[int(number)].append(body)
        return told


@dataclass
class Nursery:
    """The program that bears the processes; ``acknowledged`` is what they said."""

    process: asyncio.subprocess.Process
    acknowledged: list[int] = field(default_factory=list)

    async def life(self, task: str, *, killed_after_s: float | None = None) -> int:
        """Let one process live, and return its exit status."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{task}\n".encode())
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_S):
            async for line in self.process.stdout:
                match line.decode().split():
                    case ["born", pid] if killed_after_s is not None:
                        # reaped by the nursery only after it is dead: no other has it
                        loop.call_later(
                            killed_after_s, os.kill, int(pid), signal.SIGKILL
                        )
                    case ["raised", number]:
                        self.acknowledged.append(int(number))
                    case ["gone", status]:
                        return int(status)
                    case _:
                        pass
        raise AssertionError("the nursery is closed")


@asynccontextmanager
async def nursery(
    directory: Path, base_url: str, began_ms: int
) -> AsyncIterator[Nursery]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        a_process.__file__,
        str(directory),
        base_url,
        URL,
        str(began_ms),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


async def test_p03_processes_killed_at_any_moment_lose_nothing_they_acknowledged(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rng, state = Random(3), tmp_path / "state"  # noqa: S311 - a test, no secret
    began_ms = time.time_ns() // 1_000_000
    faults = Faults(rng)
    posts = Posts(StrictDiscord(clock=FastClock(began_ms), fault=faults.next))
    async with (
        served(posts.routes()) as root,
        nursery(state, root, began_ms) as born,
    ):
        for _ in range(KILLS):
            lasts_s = rng.uniform(*LIFE_S)
            assert await born.life("raise", killed_after_s=lasts_s) == -signal.SIGKILL
        assert await born.life("rest") == 0
    rows, written = await kept(state)
    told = posts.telling()
    again = [body for bodies in told.values() for body in bodies[1:]]
    fates = Counter(row.state.value for row in rows if row.kind == "finding")
    record_property(
        "account",
        f"{KILLS} kills: {len(born.acknowledged)} findings acknowledged, "
        f"{dict(fates)} on disk, {len(posts.bodies)} messages, "
        f"{faults.lost} lost replies, {len(again)} duplicates",
    )

    assert born.acknowledged == sorted(set(born.acknowledged))
    # also what was written and not acknowledged: it is not raised a second time
    assert written > born.acknowledged[-1]
    assert fates.total() == written
    findings = [finding(number, began_ms) for number in range(written)]
    by_key = {row.dedup_key: row for row in rows}
    messages = {message.id: message for message in posts.discord.messages}
    for one in findings:
        row = by_key[entry(one).dedup_key]
        assert row.payload == finding_to_facts(one)
        assert is_accounted_for(one, row, messages)
    assert len(again) <= KILLS + faults.lost
    assert all("possible duplicate" in body for body in again)
    assert set(told) <= set(range(written))
    assert all(findings[n].episode in body for n in told for body in told[n])
    assert integrity(state) == "ok"
    assert list(state.glob("*corrupt*")) == []


async def kept(directory: Path) -> tuple[list[OutboxRow], int]:
    """Return the outbox, and how many findings the detection state has behind it."""
    store = await Store.open(directory)
    try:
        state = (await store.states("1m"))["market"]
        return await store.entries(limit=100_000), int(str(state["next"]))
    finally:
        await store.close()


def is_accounted_for(
    one: Finding, row: OutboxRow, messages: Mapping[str, Message]
) -> bool:
    """Return whether it is at Discord, or listed with what became of it."""
    match row.state:
        case RowState.SENT:
            text = str(messages[row.message_id].payload)
            return one.market.name in text or bool(MORE.search(text))
        case RowState.DIGESTED:
            return "liqmon · digest" in str(messages[row.message_id].payload)
        case _:
            return bool(row.last_error)


def integrity(directory: Path) -> str:
    with closing(sqlite3.connect(directory / "state.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
