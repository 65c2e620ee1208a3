"""A courier with everything around it, on a clock that a test drives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from factories import a_finding
from fakes import FakeClock
from liqmon.core.board import Receiver
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.events import BreakerChanged, BreakerState, Delivery, Event
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding, Severity
from liqmon.discord.answers import Answer
from liqmon.discord.attachments import Attachment
from liqmon.errors import StoreUnavailable
from liqmon.monitor.courier import Courier, Sender
from liqmon.monitor.entries import finding_entry
from liqmon.monitor.manners import (
    Headings,
    Hushes,
    Manners,
    Pictures,
    hushes_nothing,
    no_picture,
    usual_heading,
)
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow

E = TypeVar("E", bound=Event)

DELIVERED = Answer(200, body='{"id": "42"}', sent_bytes=True, latency_s=0.12)
FAILING = Answer(500, sent_bytes=True)
LOST = Answer(error="no answer in time", sent_bytes=True)
GONE = Answer(404, body='{"code": 10015, "message": "Unknown Webhook"}')
UNFIT = Answer(400, body='{"code": 50035, "message": "Invalid Form Body"}')
LIMITED = Answer(429, body='{"retry_after": 30.0, "message": "slow down"}')


class StandingClock(FakeClock):
    """A clock on which no time passes: whoever sleeps is woken by something else."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.Event().wait()


@dataclass
class SteppedClock(FakeClock):
    """A clock that runs as far as ``lives`` lets it: whoever sleeps longer waits."""

    ends_s: float = 0.0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        if self.seconds + seconds > self.ends_s:
            self.seconds = max(self.seconds, self.ends_s)
            self.reached.set()
            await asyncio.Event().wait()
        await super().sleep(seconds)


@dataclass
class ScriptedSender:
    """Answers what the script says, and then that all went well."""

    clock: FakeClock
    script: list[Answer] = field(default_factory=list)
    posted: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def post(
        self, payload: Mapping[str, object], files: Sequence[Attachment] = ()
    ) -> Answer:
        self.posted.append((self.clock.monotonic(), payload))
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.script.pop(0) if self.script else DELIVERED

    async def edit(
        self,
        message_id: str,
        payload: Mapping[str, object],
        files: Sequence[Attachment] = (),
    ) -> Answer:
        return await self.post(payload)

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.posted]

    @property
    def texts(self) -> list[str]:
        return [str(payload) for _, payload in self.posted]


class MoodyStore(Store):
    """A store some of whose methods fail for a while."""

    broken: frozenset[str] = frozenset()

    def __getattribute__(self, name: str) -> Any:
        if name != "broken" and name in self.broken:
            raise StoreUnavailable("the disk is full")
        return super().__getattribute__(name)


@dataclass
class Rig:
    """A courier and what it works with; ``events`` and ``shown`` are what it told."""

    store: MoodyStore
    sender: ScriptedSender
    clock: FakeClock
    courier: Courier
    events: list[Event]
    shown: list[Receiver]
    told: list[str]

    async def add(self, *entries: OutboxEntry) -> None:
        for entry in entries:
            assert await self.store.enqueue(entry, now_ms=self.clock.now_ms())

    async def rows(self) -> dict[str, OutboxRow]:
        return {row.dedup_key: row for row in await self.store.entries()}

    async def states(self) -> dict[str, str]:
        return {key: row.state.value for key, row in (await self.rows()).items()}

    async def row(self, key: str = "1") -> OutboxRow:
        return (await self.rows())[key]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def breaker(self) -> list[BreakerState]:
        return [event.new for event in self.of(BreakerChanged)]

    def deliveries(self) -> list[tuple[str, str]]:
        return [(event.episode, event.status.value) for event in self.of(Delivery)]


@asynccontextmanager
async def a_rig(
    *script: Answer,
    clock: FakeClock | None = None,
    store: MoodyStore | None = None,
    sender: Sender | None = None,
    fingerprint: str = "272ab690e7bd",
    when_open: Literal["hold", "skip"] = "hold",
    policy: BreakerPolicy | None = None,
    group_wait_s: float = 0.0,
    pictures: Pictures = no_picture,
    hushes: Hushes = hushes_nothing,
    headings: Headings = usual_heading,
    **more: Any,
) -> AsyncIterator[Rig]:
    """Open a rig; one that is given a ``store`` leaves it open, as before a restart.

    Unless ``group_wait_s`` says otherwise every finding has a message of its own.
    """
    clock = clock or FakeClock()
    scripted = ScriptedSender(clock, list(script))
    kept = store or await MoodyStore.in_memory()
    events: list[Event] = []
    shown: list[Receiver] = []
    told: list[str] = []
    courier = Courier(
        store=kept,
        sender=sender or scripted,
        breaker=Breaker(policy or BreakerPolicy()),
        fingerprint=fingerprint,
        clock=clock,
        emit=events.append,
        on_receiver=shown.append,
        when_open=when_open,
        tell=told.append,
        group_wait_s=group_wait_s,
        manners=Manners(headings, pictures, hushes),
        **more,
    )
    try:
        yield Rig(kept, scripted, clock, courier, events, shown, told)
    finally:
        kept.broken = frozenset()
        if store is None:
            await kept.close()


def entry(
    key: int | str = 1, *, severity: Severity = Severity.MEDIUM, episode: str = ""
) -> OutboxEntry:
    """Return a finding for the outbox; each has its own episode unless one is named."""
    finding = a_finding(episode=episode or f"e{key}", severity=severity)
    return OutboxEntry(
        dedup_key=str(key),
        episode=finding.episode,
        kind="finding",
        severity=int(severity),
        payload=finding_to_facts(finding),
    )


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[None]:
    """Run the courier for the length of a block, then cancel it."""
    task = asyncio.create_task(rig.courier.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def lives(rig: Rig, seconds: float) -> None:
    """Run the courier of a rig with a SteppedClock for so long, on that clock."""
    assert isinstance(rig.clock, SteppedClock)
    rig.clock.ends_s = rig.clock.seconds + seconds
    rig.clock.reached.clear()
    async with asyncio.timeout(20), running(rig):
        await rig.clock.reached.wait()


async def raised(rig: Rig, *findings: Finding, route: str = "") -> None:
    """Commit findings as a watcher does, each with the progress of its episode."""
    for finding in findings:
        await rig.store.commit_findings(
            market_key=finding.market.key,
            timeframe=finding.timeframe,
            state={},
            findings=[told(finding, route=route)],
            now_ms=rig.clock.now_ms(),
        )
    rig.courier.wake()


async def developed(rig: Rig, finding: Finding) -> None:
    """Commit what became of an episode meanwhile, without anything to tell."""
    await rig.store.commit_findings(
        market_key=finding.market.key,
        timeframe=finding.timeframe,
        state={},
        findings=[],
        now_ms=rig.clock.now_ms(),
        progress=finding_to_facts(finding),
    )
    rig.courier.wake()


def told(finding: Finding, *, route: str = "") -> OutboxEntry:
    """Return the outbox entry of a finding as a watcher makes it."""
    return finding_entry(finding, route)


async def until(reached: Callable[[], bool]) -> None:
    """Let the loop work until something is so; five real seconds are enough."""
    async with asyncio.timeout(5):
        while not reached():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)
