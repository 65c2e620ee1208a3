"""A day of processes that come and go, and what is left of it in the end."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from simulation.arrivals import mark, script
from simulation.audit import audit
from simulation.crash import Crashes
from simulation.discord import Discord
from simulation.known import OPEN_S
from simulation.life import Life, Parts, Scene
from simulation.loop import VirtualLoop
from simulation.quiet import Quiet
from simulation.referee import Referee, Violation
from simulation.weather import discord_weather, disk_weather

HOUR_S = 3_600.0

_DELETED_EVERY_S = 5_400.0
_DRAIN_GRACE_S = 60.0


@dataclass(frozen=True, slots=True)
class Summary:
    """One run; ``log`` says all that happened, in order."""

    seed: int
    alerts: int
    requests: int
    kills: int
    lost_replies: int
    duplicates: int
    drain_s: float
    violations: tuple[Violation, ...]
    log: tuple[str, ...]

    def __str__(self) -> str:
        broken = ", ".join(sorted({one.promise for one in self.violations}))
        return (
            f"seed {self.seed:4}: {self.alerts} alerts, {self.requests} requests, "
            f"{self.kills} kills, {self.lost_replies} lost replies, "
            f"{self.duplicates} duplicates, drained in {self.drain_s:.0f} s; "
            f"{f'BROKEN {broken}' if broken else 'all promises kept'}"
        )


def simulate(
    seed: int, directory: Path, *, hours: float = 24.0, parts: Parts | None = None
) -> Summary:
    """Play one run in an empty directory."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, _quiet():
        return runner.run(_World(seed, loop, directory, hours, parts or Parts()).run())


class _World:
    def __init__(
        self, seed: int, loop: VirtualLoop, directory: Path, hours: float, parts: Parts
    ) -> None:
        self._seed = seed
        self._loop = loop
        self._ends_s = hours * HOUR_S
        self._log: list[str] = []
        disk = disk_weather(self._rng("disk"), self._ends_s)
        discord = Discord(
            discord_weather(self._rng("discord"), self._ends_s), self._rng("answers")
        )
        self._people = self._rng("people")
        steps = script(self._rng("markets"), self._ends_s)
        told = {mark(step.told): step.told for step in steps if step.told is not None}
        quiet = Quiet(self._rng("quiet"))
        self._scene = Scene(
            parts=parts,
            loop=loop,
            rng=self._rng("process"),
            directory=directory,
            steps=steps,
            disk_weather=disk,
            discord=discord,
            referee=Referee(discord, told, disk.was_bad, self._note, quiet),
            quiet=quiet,
            crashes=Crashes(self._rng("crashes")),
        )

    def _rng(self, name: str) -> Random:
        return Random(f"{self._seed} {name}")  # noqa: S311 - a simulation, no secret

    def _note(self, text: str) -> None:
        self._log.append(f"{self._loop.time():.6f} {text}")

    async def run(self) -> Summary:
        scene, referee = self._scene, self._scene.referee
        self._loop.call_later(self._rare_s(), self._moderate)
        while self._loop.time() < self._ends_s and not referee.violations:
            await self._life()
            await asyncio.sleep(scene.crashes.pause_s())
        drain_s = 0.0 if referee.violations else await self._last_life()
        await audit(scene)
        return self._summary(drain_s)

    async def _life(self) -> None:
        scene, crashes = self._scene, self._scene.crashes
        self._note("begins")
        life = await Life.begun(scene)
        left_s = min(crashes.life_s(), self._ends_s - self._loop.time())
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await life.over.wait()
        if not life.over.is_set() and not crashes.is_peaceful():
            crashes.kill()
        await life.end()
        self._note("ends")

    async def _last_life(self) -> float:
        """Let the outbox empty while nothing fails; return how long that took."""
        scene = self._scene
        scene.crashes.spare()
        self._note("nothing fails any more")
        life = await Life.begun(scene)
        await life.revive()
        began_s = self._loop.time()
        ends_s = began_s + OPEN_S + scene.referee.gate_s(began_s) + _DRAIN_GRACE_S
        await life.caught_up.wait()
        while (left := await life.store.depth()) and not life.over.is_set():
            await asyncio.sleep(1.0)
            now_s = self._loop.time()
            gate_s = scene.referee.gate_s(now_s)
            if gate_s > 0:
                # even now, for messages that Discord refuses
                ends_s = max(ends_s, now_s + gate_s + _DRAIN_GRACE_S)
            if now_s > ends_s:
                text = f"{left} left after {now_s - began_s:.0f} s"
                scene.referee.complain(now_s, "I11", text)
                break
        drain_s = self._loop.time() - began_s
        await life.end()
        return drain_s

    def _moderate(self) -> None:
        """Delete a message now and then, as a moderator does."""
        messages = list(self._scene.discord.messages.values())
        if messages:
            self._people.choice(messages[-20:]).is_deleted = True
        self._loop.call_later(self._rare_s(), self._moderate)

    def _rare_s(self) -> float:
        return self._people.expovariate(1 / _DELETED_EVERY_S)

    def _summary(self, drain_s: float) -> Summary:
        scene, referee = self._scene, self._scene.referee
        return Summary(
            seed=self._seed,
            alerts=len(scene.acknowledged),
            requests=len(referee.requests),
            kills=scene.crashes.kills,
            lost_replies=sum(request.is_lost for request in referee.requests),
            duplicates=referee.duplicates,
            drain_s=drain_s,
            violations=tuple(referee.violations),
            log=tuple(self._log),
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of the thousands of failures that are meant to be."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
