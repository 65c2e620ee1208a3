"""The code broken on purpose, one place at a time, and the promise that must notice."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from liqmon.core.breaker import Breaker, BreakerPolicy, Change, Permit, Verdict
from liqmon.core.events import BreakerState
from liqmon.core.model import Finding, Severity
from liqmon.discord import embeds, fit
from liqmon.discord.answers import Answer
from liqmon.errors import StoreUnavailable
from liqmon.monitor import incidents, packer
from liqmon.monitor.courier import Courier
from liqmon.monitor.pacing import Pace
from liqmon.monitor.silences import Silences
from liqmon.store.attempts import Attempt
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow, Routes, RowState, Settlement
from liqmon.store.receiver import ReceiverState
from simulation.life import Parts
from simulation.loop import EPOCH_MS
from simulation.wire import Wire

_TOO_SHORT_MS = 60_000
_ESCALATION = re.compile(r"\bnow (MEDIUM|HIGH|CRITICAL)\b")


@dataclass(frozen=True, slots=True)
class Mutant:
    """``promise`` is the invariant that notices, soonest with this ``seed``.

    Wrong is one of the ``parts``, or a value of a module (``changes``).
    """

    promise: str
    seed: int
    parts: Parts = field(default_factory=Parts)
    changes: tuple[tuple[ModuleType, str, object], ...] = ()

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Let the code be broken for the length of a block."""
        with ExitStack() as stack:
            for module, name, value in self.changes:
                stack.callback(setattr, module, name, getattr(module, name))
                setattr(module, name, value)
            yield


# the store


class SentBeforeTheReply(Store):
    async def begin_attempt(
        self, *row_ids: int, receiver: ReceiverState | None = None
    ) -> None:
        await super().begin_attempt(*row_ids, receiver=receiver)
        sent = dict.fromkeys(row_ids, Settlement(state=RowState.SENT))
        now_ms = EPOCH_MS + int(asyncio.get_running_loop().time() * 1000)
        await super().conclude(Attempt(settled=sent), now_ms=now_ms)


class AttemptNotCounted(Store):
    async def begin_attempt(
        self, *row_ids: int, receiver: ReceiverState | None = None
    ) -> None:
        pass


class FindingForgotten(Store):
    async def commit_findings(self, **what: Any) -> None:
        await super().commit_findings(**what | {"findings": ()})


class TwoTransactions(Store):
    async def commit_findings(self, **what: Any) -> None:
        await super().commit_findings(**what | {"findings": ()})
        await super().commit_findings(**what)


class GateNotKept(Store):
    async def conclude(self, attempt: Attempt, *, now_ms: int) -> list[OutboxRow]:
        if attempt.receiver is not None:
            receiver = replace(attempt.receiver, not_before_ms=0)
            attempt = replace(attempt, receiver=receiver)
        return await super().conclude(attempt, now_ms=now_ms)


class BreakerNotKept(Store):
    async def load_receiver(self, fingerprint: str) -> ReceiverState | None:
        found = await super().load_receiver(fingerprint)
        return found and replace(found, breaker={})


class OutcomeForgotten(Store):
    async def conclude(self, attempt: Attempt, *, now_ms: int) -> list[OutboxRow]:
        try:
            return await super().conclude(attempt, now_ms=now_ms)
        except StoreUnavailable:
            return []


class ExpiredTooEarly(Store):
    async def expire(self, now_ms: int, *, routes: Routes = None) -> list[OutboxRow]:
        rows = await self.entries([RowState.PENDING], routes=routes)
        old = [row.id for row in rows if row.created_ms < now_ms - _TOO_SHORT_MS]
        over = dict.fromkeys(old, Settlement(state=RowState.EXPIRED))
        return await self.conclude(Attempt(settled=over), now_ms=now_ms)


class NewestFirst(Store):
    async def due(
        self, now_ms: int, *, limit: int = 1, routes: Routes = None
    ) -> list[OutboxRow]:
        rows = await self.entries([RowState.PENDING], routes=routes)
        ready = [row for row in rows if row.not_before_ms <= now_ms and not row.digest]
        return ready[::-1][:limit]


class DigestNotWaitedFor(Store):
    async def fold(
        self,
        entry: OutboxEntry,
        row_ids: Sequence[int],
        *,
        now_ms: int,
        routes: Routes = None,
    ) -> bool:
        told = dict.fromkeys(row_ids, Settlement(state=RowState.DIGESTED))
        await super().conclude(Attempt(settled=told), now_ms=now_ms)
        return True


# the breaker


class CountsNeutral(Breaker):
    def settle(
        self, permit: Permit, verdict: Verdict, why: str, now: float
    ) -> Change | None:
        if verdict is Verdict.NEUTRAL:
            verdict = Verdict.FAILURE
        return super().settle(permit, verdict, why, now)


class PermitUsedTwice(Breaker):
    _first: Permit | None = None

    def acquire(self, now: float) -> Permit | None:
        if self._first is None:
            self._first = super().acquire(now)
        return self._first


class ProbeNotBelieved(Breaker):
    def settle(
        self, permit: Permit, verdict: Verdict, why: str, now: float
    ) -> Change | None:
        if self.state is BreakerState.HALF_OPEN and verdict is Verdict.FAILURE:
            verdict = Verdict.NEUTRAL
        return super().settle(permit, verdict, why, now)


class ManyProbes(Breaker):
    def acquire(self, now: float) -> Permit | None:
        return super().acquire(now) or Permit(probe=True)

    def retry_after(self, now: float) -> float:
        return 0.0 if self.state is BreakerState.HALF_OPEN else super().retry_after(now)


class OpenForHours(Breaker):
    def __init__(self, policy: BreakerPolicy) -> None:
        super().__init__(replace(policy, open_s=12 * policy.open_s))


# the courier and its sender


class Impatient(Courier):
    """Does not wait for an attempt to end before it makes the next one."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(super().run())


class _NoPace(Pace):
    def wait_s(self, now: float) -> float:
        return 0.0


class Unpaced(Courier):
    def __init__(self, **what: Any) -> None:
        super().__init__(**what)
        self._gate._pace = _NoPace()


class EscalationAsEdit(Wire):
    _last = ""

    async def post(self, payload: Mapping[str, object], files: object = ()) -> Answer:
        if self._last and _ESCALATION.search(str(payload["content"])):
            return await self.edit(self._last, payload)
        answer = await super().post(payload)
        self._last = next(reversed(self._discord.messages), "")
        return answer


# who wants quiet


class Deaf(Silences):
    def hushes(self, finding: Finding, now_ms: int) -> bool:
        return False


class HushesEverything(Silences):
    def hushes(self, finding: Finding, now_ms: int) -> bool:
        return super().hushes(replace(finding, severity=Severity.LOW), now_ms)


MUTANTS: Mapping[str, Mutant] = {
    "a row is called sent before the reply": Mutant(
        "I1", 7, Parts(store=SentBeforeTheReply)
    ),
    "an attempt is not counted before the request": Mutant(
        "I2", 6, Parts(store=AttemptNotCounted)
    ),
    "a finding is raised and not written": Mutant(
        "I1", 1, Parts(store=FindingForgotten)
    ),
    "the state and its finding are two transactions": Mutant(
        "I1", 4, Parts(store=TwoTransactions)
    ),
    "the gate is not kept": Mutant("I3", 8, Parts(store=GateNotKept)),
    "the breaker is not kept": Mutant("I3", 7, Parts(store=BreakerNotKept)),
    "an outcome is forgotten when the disk refuses": Mutant(
        "I2", 14, Parts(store=OutcomeForgotten)
    ),
    "rows expire too early": Mutant("I1", 7, Parts(store=ExpiredTooEarly)),
    "the newest row of an episode goes first": Mutant(
        "order", 3, Parts(store=NewestFirst)
    ),
    "rows are called digested before the digest": Mutant(
        "I1", 1, Parts(store=DigestNotWaitedFor)
    ),
    "a 429 counts as a failure": Mutant("I8", 8, Parts(breaker=CountsNeutral)),
    "a permit is used twice": Mutant("I3", 2, Parts(breaker=PermitUsedTwice)),
    "a failed probe leaves it half open": Mutant(
        "I3", 2, Parts(breaker=ProbeNotBelieved)
    ),
    "two probes at once": Mutant("I3", 1, Parts(courier=Impatient, breaker=ManyProbes)),
    "it stays open for an hour": Mutant("I11", 2, Parts(breaker=OpenForHours)),
    "findings are dropped while it is open": Mutant("I1", 7, Parts(when_open="skip")),
    "messages follow each other without a pause": Mutant(
        "I4", 1, Parts(courier=Unpaced)
    ),
    "an escalation is only an edit": Mutant("ring", 5, Parts(wire=EscalationAsEdit)),
    "a mute is not heeded": Mutant("hush", 0, Parts(silences=Deaf)),
    "critical is muted": Mutant("hush", 2, Parts(silences=HushesEverything)),
    "a body is not fitted": Mutant(
        "I10",
        6,
        changes=((embeds, "fit", fit._payload),),
    ),
    "messages are edited for ever": Mutant(
        "edit",
        1,
        changes=tuple((m, "EDITABLE_MS", 36_000_000) for m in (incidents, packer)),
    ),
}
