"""One process: the real store and courier, and a watcher that reads from a script."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from traceback import format_exception
from typing import Literal

from liqmon.core.board import BoardSnapshot
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.facts import finding_to_facts as facts_of
from liqmon.core.model import Finding
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.courier import Courier
from liqmon.monitor.manners import Manners
from liqmon.monitor.silences import Silences
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, RowState
from simulation.arrivals import Step
from simulation.crash import Crashes
from simulation.discord import Discord
from simulation.disk import Disk
from simulation.known import OPEN_S, THRESHOLD
from simulation.loop import VirtualClock, VirtualLoop
from simulation.quiet import Quiet
from simulation.referee import Referee
from simulation.weather import DiskWeather
from simulation.wire import Wire

FINGERPRINT = "272ab690e7bd"
TIMEFRAME = "1m"

Facts = Mapping[str, object]

_POLL_S = 5.0
_LOOKED_AFTER_EVERY_S = 1_800.0
_DRAIN_S = 5.0
_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Parts:
    """The code under test; a mutant replaces one of them."""

    store: type[Store] = Store
    courier: type[Courier] = Courier
    breaker: type[Breaker] = Breaker
    wire: type[Wire] = Wire
    silences: type[Silences] = Silences
    when_open: Literal["hold", "skip"] = "hold"


@dataclass(slots=True, kw_only=True)
class Scene:
    """What outlives a process.

    ``acknowledged`` are the findings of which a process said that they are raised.
    ``late_s`` is how long the slowest commit took while the disk worked. ``cut_off``
    counts the requests that a stopping process gave up.
    """

    parts: Parts
    loop: VirtualLoop
    rng: Random
    directory: Path
    steps: Sequence[Step]
    disk_weather: DiskWeather
    discord: Discord
    referee: Referee
    crashes: Crashes
    quiet: Quiet
    acknowledged: list[Finding] = field(default_factory=list)
    late_s: float = 0.0
    cut_off: int = 0

    def near_request(self) -> None:
        """Let something happen at the moment when it is worst."""
        if self.crashes.near_request():
            self.disk_weather.turn_bad(self.loop.time(), self.rng)

    def is_disk_failing(self) -> bool:
        now_s = self.loop.time()
        return self.disk_weather.was_bad(now_s, now_s)


class Life:
    """A process that runs from ``begun`` until ``end``.

    ``over`` is set when it was killed or crashed by itself, ``caught_up`` when its
    watcher has taken all that happened before.
    """

    def __init__(
        self,
        scene: Scene,
        store: Store,
        disk: Disk,
        silences: Silences,
        states: Mapping[str, Facts],
    ) -> None:
        self._scene = scene
        self._disk = disk
        self._wire = scene.parts.wire(
            scene.loop,
            scene.rng,
            discord=scene.discord,
            referee=scene.referee,
            point=scene.crashes.point,
            near_request=scene.near_request,
        )
        self._clock = VirtualClock(scene.loop, scene.rng.uniform(0.0, 1e6))
        self._is_dead = False
        self.over = asyncio.Event()
        self.caught_up = asyncio.Event()
        self._states = states
        self.store = store
        self.silences = silences
        self.courier = self._courier()
        self._tasks: list[asyncio.Task[None]] = []
        self._start(self.courier.run(), "courier")
        self._start(self._watch(), "watcher")
        self._start(self._look_after(), "human")
        self._start(self._want_quiet(), "sleeper")
        scene.crashes.begin(self._kill)

    @classmethod
    async def begun(cls, scene: Scene) -> "Life":
        """Start a process; the disk is kind and nobody kills until it runs."""
        disk = scene.loop.threads = Disk(scene.rng, point=scene.crashes.point)
        store = await scene.parts.store.open(scene.directory)
        clock = VirtualClock(scene.loop, 0.0)
        bulletin = Bulletin(clock, BoardSnapshot("", TIMEFRAME, 0.0))
        silences = scene.parts.silences(store, clock=clock, bulletin=bulletin)
        await silences.look()
        life = cls(scene, store, disk, silences, await store.states(TIMEFRAME))
        disk.is_failing = scene.is_disk_failing
        return life

    async def end(self) -> None:
        """Stop in peace, unless killed before or meanwhile."""
        if not self._is_dead:
            await self._end_in_peace()
        self._scene.crashes.rest()
        self._scene.referee.ended(self._scene.loop.time())
        self._scene.cut_off += self._wire.cut_off
        await self._bury()
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._complain("I7", "".join(format_exception(error)))

    async def _end_in_peace(self) -> None:
        for task in self._tasks:
            task.remove_done_callback(self._tell_over)
        self.over.clear()
        self._start(self._stop(), "stop")
        await self.over.wait()

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._tell_over)
        self._tasks.append(task)

    def _tell_over(self, _: asyncio.Task[None]) -> None:
        self.over.set()

    def _courier(self) -> Courier:
        scene = self._scene
        policy = BreakerPolicy(failure_threshold=THRESHOLD, open_s=OPEN_S)
        return scene.parts.courier(
            store=self.store,
            sender=self._wire,
            breaker=scene.parts.breaker(policy),
            fingerprint=FINGERPRINT,
            clock=self._clock,
            emit=lambda event: scene.referee.event(event, scene.loop.time()),
            on_receiver=lambda _: None,
            when_open=scene.parts.when_open,
            manners=Manners(hushes=self.silences.hushes),
        )

    async def revive(self) -> None:
        """Do what a human does about a webhook that is dead."""
        if self._scene.referee.is_dead():
            self._scene.referee.revived()
            await self.store.revive_receiver(FINGERPRINT)

    # the end

    def _kill(self) -> None:
        self._is_dead = self._disk.is_dead = self._wire.is_dead = True
        self.over.set()

    async def _stop(self) -> None:
        working = self._tasks[:-1]
        for task in working:
            task.cancel()
        await asyncio.wait(working)
        left = await self.courier.drain(deadline_s=_DRAIN_S)
        with suppress(StoreUnavailable):
            counts = await self.store.counts(kind="finding")
            if left < counts[RowState.PENDING]:
                self._complain("I8", f"says that {left} are left")

    def _complain(self, promise: str, text: str) -> None:
        self._scene.referee.complain(self._scene.loop.time(), promise, text)

    async def _bury(self) -> None:
        """Let go of all that a dead process would not hold any more."""
        mine = asyncio.current_task()
        for _ in range(_MOST_ROUNDS):
            others = [task for task in asyncio.all_tasks() if task is not mine]
            if not others:
                break
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=0.001)
        self._scene.loop.threads = Disk(self._scene.rng, point=lambda: None)
        await self.store.close()

    async def _look_after(self) -> None:
        while True:
            await self._clock.sleep(_LOOKED_AFTER_EVERY_S)
            with suppress(StoreUnavailable):
                await self.revive()

    async def _want_quiet(self) -> None:
        scene = self._scene
        while True:
            await self._clock.sleep(scene.quiet.next_s())
            for recent in scene.acknowledged[-1:]:
                with suppress(StoreUnavailable):
                    await scene.quiet.want(
                        self.silences, self.store, recent, scene.loop.time()
                    )

    # the watcher

    async def _watch(self) -> None:
        for step in self._scene.steps:
            if step.index >= _place(self._states.get(step.market)):
                if step.at_s > self._scene.loop.time():
                    self.caught_up.set()
                await self._clock.sleep(step.at_s - self._scene.loop.time())
                await self._take(step)
        self.caught_up.set()
        await asyncio.Event().wait()

    async def _take(self, step: Step) -> None:
        scene, began_s = self._scene, self._scene.loop.time()
        if step.told is not None:
            scene.crashes.near_commit()
        while not await self._is_committed(step):
            await self._clock.sleep(_POLL_S)
        if self._is_dead:
            return
        ended_s = scene.loop.time()
        if not scene.disk_weather.was_bad(began_s, ended_s):
            scene.late_s = max(scene.late_s, ended_s - began_s)
        if step.told is not None:
            scene.acknowledged.append(step.told)
            self.courier.wake()

    async def _is_committed(self, step: Step) -> bool:
        try:
            await self.store.commit_findings(
                market_key=step.market,
                timeframe=TIMEFRAME,
                state={"next": step.index + 1},
                findings=[] if step.told is None else [entry_of(step.told)],
                told=[] if step.noted is None else [facts_of(step.noted)],
                progress=None if step.current is None else facts_of(step.current),
                now_ms=self._clock.now_ms(),
            )
        except StoreUnavailable:
            if step.told is not None:
                self.courier.send_undurable([entry_of(step.told)])
            return False
        return True


def entry_of(finding: Finding) -> OutboxEntry:
    """Return the row of a finding."""
    return OutboxEntry(
        dedup_key=f"{finding.episode}:{finding.phase}:{finding.severity.name}",
        episode=finding.episode,
        kind="finding",
        severity=int(finding.severity),
        payload=facts_of(finding),
    )


def _place(state: Facts | None) -> int:
    found = (state or {}).get("next", 0)
    assert isinstance(found, int)
    return found
