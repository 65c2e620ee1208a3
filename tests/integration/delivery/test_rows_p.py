"""The rows of the fault matrix where disk, lock and clock meet delivery."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from candles import calm, with_move
from couriers import (
    FAILING,
    GONE,
    MoodyStore,
    Rig,
    SteppedClock,
    a_rig,
    entry,
    lives,
    raised,
    told,
)
from delivering import Delivering, delivering
from factories import MARKET, a_finding
from liqmon.app.parts import opened
from liqmon.app.run import Run, empty_board
from liqmon.clock import SystemClock
from liqmon.core.board import BoardSnapshot
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.events import FindingRaised
from liqmon.core.model import Candles, Market, Phase, Severity
from liqmon.errors import AlreadyRunning, NewerSchema, StoreUnavailable, UserError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.watcher import Watcher
from liqmon.settings.models import Settings
from liqmon.store import files, schema
from liqmon.store.database import Store
from liqmon.store.outbox import RowState

HOUR_S = 3_600.0
ONE = a_finding(episode="one")

FALL = with_move(calm(90), 1_000, bars=3, change=-0.04, times=10)
BAR_MS = FALL.timeframe_ms


# one transaction


async def test_p04_a_finding_and_the_state_behind_it_are_on_disk_together() -> None:
    """Cut off anywhere in the commit: all of it is there, or nothing."""
    fates = set[bool]()
    for steps in range(1, 1_000, 31):
        store = await Store.in_memory()
        with suppress(StoreUnavailable):
            await store._read(cut_off_after, steps)
            await store.commit_findings(
                market_key=MARKET.key,
                timeframe="1m",
                state={"episode": "one"},
                findings=[told(ONE)],
                now_ms=1,
            )
        await store._read(lambda c: c.set_progress_handler(None, 1))
        rows, states = await store.entries(), await store.states("1m")
        assert len(rows) == len(states) == len(await store.events())
        fates.add(bool(rows))
        await store.close()
    assert fates == {False, True}


def cut_off_after(connection: sqlite3.Connection, steps: int) -> None:
    """Interrupt SQLite once, after so many steps of its machine."""
    left = iter(range(steps, -1, -1))
    connection.set_progress_handler(lambda: next(left, 1) == 0, 1)


async def test_p04_a_row_its_message_and_the_receiver_are_settled_together() -> None:
    async with a_rig(clock=SteppedClock()) as rig:
        await raised(rig, ONE)
        rig.store.broken = frozenset({"conclude"})
        await lives(rig, 30)
        assert await rig.states() == {"one:onset:MEDIUM@": "pending"}
        assert await rig.store.editable(0) == []
        rig.store.broken = frozenset()
        await lives(rig, 90)

        assert await rig.states() == {"one:onset:MEDIUM@": "sent"}
        assert len(await rig.store.editable(0)) == 1
        assert len(rig.sender.posted) == 1


# the lock

HOLDER = """
import asyncio, sys
from pathlib import Path
from liqmon.store.database import Store

async def main():
    store = await Store.open(Path(sys.argv[1]))
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


async def test_p06_when_the_holder_of_the_lock_is_killed_the_next_run_goes_on(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    with pytest.raises(AlreadyRunning, match=str(holder.pid)):
        await Store.open(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)

    store = await Store.open(tmp_path)
    assert await store.depth() == 0
    await store.close()


# the disk fails while findings come


@dataclass
class Venue:
    """Answers from a series that it knows whole."""

    series: Candles = FALL

    async def candles(
        self, market: Market, timeframe: str, *, now_ms: int, **_: Any
    ) -> Candles:
        return self.series.closed(now_ms + BAR_MS)


@dataclass
class Watched:
    """A watcher and a courier on one store."""

    both: Delivering
    bulletin: Bulletin
    watcher: Watcher
    raised: list[str]

    @property
    def rig(self) -> Rig:
        return self.both.rig

    async def poll(self, *bars: int) -> None:
        for bar in bars:
            end_ms = int(FALL.open_ms[bar]) + BAR_MS
            await self.watcher.step(end_ms, deadline_mono=0.0)
            await self.both.live(5)


@asynccontextmanager
async def watched(store: MoodyStore, *faults: str | None) -> AsyncIterator[Watched]:
    async with delivering(*faults, store=store) as both:
        bulletin = Bulletin(both.clock, BoardSnapshot("1", "5m", 0.0))
        bulletin.show_markets(MARKET.exchange, (MARKET,))
        watcher = Watcher(
            MARKET,
            source=Venue(),
            store=store,
            clock=both.clock,
            bulletin=bulletin,
            timeframe="5m",
            policy=EpisodePolicy(threshold=12.0, cooldown_ms=1_800_000),
            state=EpisodeState(judged_ms=int(FALL.open_ms[990]) + BAR_MS),
            on_finding=both.rig.courier.wake,
            on_undurable=both.rig.courier.send_undurable,
        )
        raised: list[str] = []
        with bulletin.listening(
            lambda event: (
                raised.append(event.finding.phase)
                if isinstance(event, FindingRaised)
                else None
            )
        ):
            yield Watched(both, bulletin, watcher, raised)


BALLAST = "INSERT INTO journal (at_ms, kind, market, body) VALUES (0, 'ballast', '', ?)"


async def fill(store: Store) -> None:
    """Let the database grow no further, as on a full disk."""

    def full(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        for size in (500, 10):
            with suppress(sqlite3.OperationalError):
                for _ in range(10_000):
                    connection.execute(BALLAST, ("x" * size,))

    await store._read(full)
    with pytest.raises(StoreUnavailable, match="full"):
        await store.record(at_ms=0, kind="one", market="", body={"more": "x" * 100})


async def empty(store: Store) -> None:
    """Make room again."""

    def room(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1000000")
        connection.execute("DELETE FROM journal WHERE kind = 'ballast'")

    await store._read(room)


async def test_p07_with_a_full_disk_a_finding_goes_out_directly_and_once(
    tmp_path: Path,
) -> None:
    store = await MoodyStore.open(tmp_path)
    async with watched(store) as run:
        await run.poll(995)
        await fill(store)
        await run.poll(*range(996, 1_002))

        assert run.raised == []
        assert "not durable" in run.bulletin.snapshot.banner
        assert len(run.both.messages) >= 1
        assert await store.entries() == []

        await empty(store)
        await run.poll(1_002)
        await run.both.live(90)

        assert run.raised[0] is Phase.ONSET
        assert run.bulletin.snapshot.banner == ""
        rows = await store.entries()
        assert {row.state for row in rows} == {RowState.SENT}
        assert [row.message_id for row in rows] == [m.id for m in run.both.messages]
    await store.close()


async def test_p07_a_message_sent_from_memory_is_edited_when_the_disk_is_back(
    tmp_path: Path,
) -> None:
    store = await MoodyStore.open(tmp_path)
    async with watched(store) as run:
        await run.poll(995)
        await fill(store)
        await run.poll(*range(996, 1_002))
        await empty(store)
        await run.poll(*range(1_002, 1_020))
        await run.both.live(90)

        assert run.raised[-1] is Phase.END
        *findings, report = run.both.messages
        assert len(findings) == len(run.raised) - 1
        assert "ended after" in run.both.titles()[-2]
        assert "had to be sent from memory" in report.payload["content"]
        assert report.payload["flags"] == 4096
    await store.close()


async def test_p07_what_failed_directly_is_delivered_when_the_disk_is_back(
    tmp_path: Path,
) -> None:
    store = await MoodyStore.open(tmp_path)
    async with watched(store, *["discord-500"] * 2) as run:
        await run.poll(995)
        await fill(store)
        await run.poll(*range(996, 1_002))
        await empty(store)
        await run.poll(1_002)
        await run.both.live(300)

        rows = await store.entries()
        assert {row.state for row in rows} == {RowState.SENT}
        texts = [str(message.payload) for message in run.both.messages]
        assert any(rows[0].episode in text for text in texts)
    await store.close()


async def test_p07_an_end_that_goes_out_directly_rings_nowhere_either() -> None:
    async with a_rig(clock=SteppedClock()) as rig:
        rig.store.broken = frozenset({"expire"})
        end = replace(ONE, phase=Phase.END, ended_ms=ONE.decided_ms)
        rig.courier.send_undurable([told(end)])
        await lives(rig, 5)

        assert [body.get("flags") for _, body in rig.sender.posted] == [4096]


async def test_p07_nothing_goes_directly_through_a_shut_gate() -> None:
    async with a_rig(GONE, clock=SteppedClock()) as rig:
        await rig.add(entry())
        await lives(rig, 5)
        rig.store.broken = frozenset({"expire"})
        rig.courier.send_undurable([told(ONE)])
        await lives(rig, 600)

        assert len(rig.sender.posted) == 1


async def test_p07_a_finding_of_another_version_is_sent_in_general_words() -> None:
    async with a_rig(clock=SteppedClock()) as rig:
        rig.store.broken = frozenset({"expire"})
        odd = replace(told(ONE), payload={"v": 99})
        rig.courier.send_undurable([odd])
        rig.courier.send_undurable([odd, replace(odd, route="not mine", dedup_key="x")])
        await lives(rig, 5)

        assert len(rig.sender.posted) == 1
        assert "another version" in rig.sender.texts[0]


# where the state directory cannot be used


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """Return a directory in which no lock can be taken, even by root."""
    state_dir = tmp_path / "state"
    (state_dir / "lock").mkdir(parents=True)
    return state_dir


def a_run(state_dir: Path, **changes: Any) -> Run:
    return Run(Settings(), ("BTCUSDT",), state_dir, **changes)


async def test_p08_a_state_directory_that_cannot_be_written_is_an_error_of_use(
    unusable: Path,
) -> None:
    run, clock = a_run(unusable), SystemClock()
    bulletin = Bulletin(clock, empty_board(run, clock))

    with pytest.raises(UserError, match="cannot write in the state directory"):
        async with opened(run, clock=clock, bulletin=bulletin):
            pytest.fail("it was opened")


async def test_p08_if_that_is_allowed_the_watch_runs_from_memory_and_says_so(
    unusable: Path,
) -> None:
    run, clock = a_run(unusable, allow_volatile=True), SystemClock()
    bulletin = Bulletin(clock, empty_board(run, clock))

    async with opened(run, clock=clock, bulletin=bulletin) as parts:
        assert await parts.store.depth() == 0
        assert "not durable, kept in memory only" in bulletin.snapshot.banner
    assert names_in(unusable) == ["lock"]


async def test_p08_a_lock_that_is_held_is_never_passed_by(tmp_path: Path) -> None:
    held = await Store.open(tmp_path)
    run, clock = a_run(tmp_path, allow_volatile=True), SystemClock()
    bulletin = Bulletin(clock, empty_board(run, clock))

    with pytest.raises(AlreadyRunning):
        async with opened(run, clock=clock, bulletin=bulletin):
            pytest.fail("it was opened")
    await held.close()


async def test_p09_a_database_that_is_locked_degrades_and_then_recovers(
    tmp_path: Path,
) -> None:
    store = await MoodyStore.open(tmp_path)
    # as a real ten seconds would be, only shorter: what is waited is SQLite's
    await store._read(lambda c: c.execute("PRAGMA busy_timeout = 20"))
    async with watched(store) as run:
        await run.poll(995)
        with locked(tmp_path / files.DATABASE):
            await run.poll(*range(996, 1_002))
            assert "not durable" in run.bulletin.snapshot.banner
            assert len(run.both.messages) >= 1
        await run.poll(1_002)
        await run.both.live(90)

        assert run.bulletin.snapshot.banner == ""
        assert run.rig.told[-1] == ""
        assert {row.state for row in await store.entries()} == {RowState.SENT}
        assert len(run.both.messages) == len(run.raised) + 1
    await store.close()


class locked:  # noqa: N801 - reads as a state
    """Hold a database's write lock on a thread of its own, as a backup tool does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            self._held.set()
            self._done.wait(60)
            other.execute("ROLLBACK")

    def __enter__(self) -> None:
        self._thread.start()
        assert self._held.wait(10)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(10)


async def test_p10_a_corrupt_database_is_set_aside_and_findings_are_delivered(
    tmp_path: Path,
) -> None:
    (tmp_path / files.DATABASE).write_bytes(b"not a database" * 1_000)
    store = await MoodyStore.open(tmp_path)
    async with a_rig(store=store) as rig:
        await rig.add(entry())
        assert await rig.courier.drain(deadline_s=5) == 0
    await store.close()

    assert any(".corrupt-" in name for name in names_in(tmp_path))


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_p10_an_empty_file_is_an_empty_state(tmp_path: Path) -> None:
    (tmp_path / files.DATABASE).touch(mode=0o600)
    store = await MoodyStore.open(tmp_path)
    async with a_rig(store=store) as rig:
        await rig.add(entry())
        assert await rig.courier.drain(deadline_s=5) == 0
    await store.close()


async def test_p10_a_newer_schema_is_refused_even_where_memory_would_do(
    tmp_path: Path,
) -> None:
    await (await Store.open(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / files.DATABASE)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    run, clock = a_run(tmp_path, allow_volatile=True), SystemClock()
    bulletin = Bulletin(clock, empty_board(run, clock))

    with pytest.raises(NewerSchema):
        async with opened(run, clock=clock, bulletin=bulletin):
            pytest.fail("it was opened")


# time


@pytest.mark.parametrize("jump_s", [-24 * HOUR_S, 23 * HOUR_S, HOUR_S])
async def test_p11_a_wall_clock_that_jumps_neither_opens_nor_holds_the_breaker(
    jump_s: float,
) -> None:
    """A day back, almost one ahead, and the hour of a summer time gone wrong."""
    async with a_rig(FAILING, FAILING, FAILING, clock=SteppedClock()) as rig:
        await rig.add(*[entry(key, severity=Severity.HIGH) for key in range(3)])
        await lives(rig, 30)
        opened_s = rig.sender.times[-1]
        assert len(rig.sender.times) == 3
        rig.clock.wall_ms += round(jump_s * 1000)
        await lives(rig, opened_s + 299 - rig.clock.seconds)
        assert len(rig.sender.times) == 3
        await lives(rig, 60)

        assert rig.sender.times[3] == pytest.approx(opened_s + 300, abs=1.0)
        assert set((await rig.states()).values()) <= {"sent", "digested"}


async def test_p12_after_a_suspend_of_two_hours_what_is_too_old_is_not_sent() -> None:
    async with a_rig(clock=SteppedClock()) as rig:
        await lives(rig, 1)
        await rig.add(
            entry("low", severity=Severity.LOW),
            entry("medium"),
            entry("high", severity=Severity.HIGH),
        )
        rig.clock.push(2 * HOUR_S)
        await lives(rig, 10)

        assert await rig.states() == {
            "low": "expired",
            "medium": "sent",
            "high": "sent",
        }
        assert len(rig.sender.posted) == 2
        assert all("late" in text for text in rig.sender.texts)


# another version


@pytest.mark.parametrize("phase", ["onset", "end", "unheard of"])
async def test_p22_a_row_of_another_version_is_sent_in_general_words(
    phase: str,
) -> None:
    async with a_rig(clock=SteppedClock(), group_wait_s=1.5) as rig:
        future = replace(entry("new"), payload={"v": 99, "phase": phase})
        await rig.add(entry("known"), future, replace(future, dedup_key="newer"))
        await lives(rig, 30)

        assert set((await rig.states()).values()) == {"sent"}
        general = [text for text in rig.sender.texts if "another version" in text]
        assert len(general) == 2


async def test_p22_rows_of_another_version_are_not_lost_in_a_digest() -> None:
    async with a_rig(clock=SteppedClock()) as rig:
        future = {"v": 99, "phase": "onset"}
        await rig.add(*[replace(entry(number), payload=future) for number in range(7)])
        rig.clock.push(61)
        await lives(rig, 30)

        assert set((await rig.states()).values()) == {"sent"}
        assert len(rig.sender.posted) == 7
