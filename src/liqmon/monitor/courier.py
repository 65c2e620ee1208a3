"""Empties the outbox: one attempt at a time, through the gate, to the webhook.

A row leaves ``pending`` only with an answer, an expiry or a reason. The attempt is on
disk before the request and its outcome after it; an outcome that the disk refuses is
kept in memory and written before anything else is sent. So a message that was delivered
is not delivered again for want of a note of it.

While something holds (an open breaker, a rate limit, a webhook that is gone) nothing is
sent at all. The first message afterwards is the breaker's probe; once it is through,
a report on the outage goes out and then what was held, gravest first.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Literal, Protocol

from liqmon.clock import Clock
from liqmon.core.board import Receiver
from liqmon.core.breaker import Breaker
from liqmon.core.events import BreakerState, DeliveryStatus, Event
from liqmon.discord.answers import Answer, judge
from liqmon.errors import StoreUnavailable
from liqmon.monitor.gate import Gate, Hold, Outage
from liqmon.monitor.letters import letter
from liqmon.monitor.notices import Notices
from liqmon.monitor.outcome import CUT_OFF, Ledger, Outcome, settlement
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState, Settlement

__all__ = ["Courier", "Sender"]

log = logging.getLogger(__name__)

_LONGEST_NAP_S: Final = 60.0
"""How long a webhook that was revived from outside may go unnoticed."""
_LONGEST_DISK_WAIT_S: Final = 60.0

_SKIPPED: Final = "skipped: breaker open"


class Sender(Protocol):
    """Whoever makes the attempt."""

    async def post(self, payload: Mapping[str, object]) -> Answer:
        """Try once; trouble on the way is an answer too."""
        ...


class Courier:
    """Sends for one webhook; without a ``sender`` everything stays in the outbox.

    ``on_receiver`` gets the state of the webhook at every turn; it begins as
    ``receiver``. ``tell`` gets a line for the user while the disk fails, then ''.
    """

    def __init__(
        self,
        *,
        store: Store,
        sender: Sender | None,
        breaker: Breaker,
        fingerprint: str,
        clock: Clock,
        emit: Callable[[Event], None],
        on_receiver: Callable[[Receiver], None],
        when_open: Literal["hold", "skip"] = "hold",
        receiver: Receiver | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._sender = sender
        self._gate = Gate(breaker, fingerprint)
        self._fingerprint = fingerprint
        self._clock = clock
        self._notices = Notices(clock, emit)
        self._ledger = Ledger(store)
        self._on_receiver = on_receiver
        self._skips = when_open == "skip"
        self._receiver = receiver or Receiver(configured=sender is not None)
        self._tell = tell
        self._woken = asyncio.Event()
        self._restored = False
        self._attempt: asyncio.Task[None] | None = None
        self._disk_wait_s = 0.0

    def wake(self) -> None:
        """Look into the outbox now: something was put there."""
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, until cancelled; an attempt under way is left to drain."""
        while True:
            self._woken.clear()
            wait_s = await self._turn()
            if wait_s > 0:
                await self._nap(min(wait_s, _LONGEST_NAP_S))

    async def drain(self, *, deadline_s: float) -> int:
        """Send what can be sent within the deadline; return how many findings were not.

        Those are the pending ones and those this run gave up on. Without a webhook
        nothing was meant to be sent: 0. Call it when ``run`` no longer runs.
        """
        if self._sender is None:
            return 0
        ends_mono = self._clock.monotonic() + deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                await self._finish(ends_mono)
        except TimeoutError:
            log.debug("the time to drain the outbox is over")
        finally:
            await self._cut_off()
        return await self._undelivered()

    async def _finish(self, ends_mono: float) -> None:
        if self._attempt is not None:
            await asyncio.wait({self._attempt})
        while True:
            wait_s = await self._turn()
            if self._clock.monotonic() + wait_s > ends_mono:
                return
            await self._clock.sleep(wait_s)

    async def _cut_off(self) -> None:
        if self._attempt is not None and self._attempt.cancel():
            log.warning("stopped before Discord answered: a message may arrive twice")
            await asyncio.wait({self._attempt})

    async def _undelivered(self) -> int:
        try:
            counts = await self._store.counts(kind="finding")
        except StoreUnavailable as error:
            log.error("cannot tell what is undelivered: %s", error)  # noqa: TRY400 - no bug
            return self._notices.lost or 1
        return counts[RowState.PENDING] + self._notices.lost

    async def _nap(self, seconds: float) -> None:
        """Wait, but no longer than until woken."""
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._wake_after(seconds), name="courier's alarm")
            await self._woken.wait()
            alarm.cancel()

    async def _wake_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self.wake()

    # one turn

    async def _turn(self) -> float:
        """Do the next thing; return the seconds until there is another, inf for none.

        A disk that fails is one of the things to wait for.
        """
        try:
            wait_s = await self._step()
        except StoreUnavailable as error:
            return self._disk_failed(error)
        if self._disk_wait_s:
            self._disk_wait_s = 0.0
            self._tell("")
        return wait_s

    def _disk_failed(self, error: StoreUnavailable) -> float:
        if not self._disk_wait_s:
            log.warning("the outbox cannot be read or written, will retry: %s", error)
        self._disk_wait_s = min(2 * self._disk_wait_s or 1.0, _LONGEST_DISK_WAIT_S)
        self._tell(f"outbox: {error}")
        return self._disk_wait_s

    async def _step(self) -> float:
        if self._sender is None:
            await self._show(None)
            return math.inf
        await self._restore()
        await self._ledger.pay()
        await self._expire()
        hold = self._gate.hold(self._clock.monotonic())
        await self._show(hold)
        if hold is not None:
            return await self._sit_out(hold)
        return await self._send_next(self._sender)

    async def _restore(self) -> None:
        if self._restored:
            return
        saved = await self._store.load_receiver(self._fingerprint)
        if saved is not None:
            self._gate.restore(saved, self._clock.monotonic(), self._clock.now_ms())
        self._restored = True

    async def _expire(self) -> None:
        for row in await self._store.expire(self._clock.now_ms()):
            self._notices.row(row, DeliveryStatus.EXPIRED, row.last_error)

    async def _show(self, hold: Hold | None) -> None:
        until_mono = None
        if hold is not None and hold.wait_s < math.inf:
            until_mono = self._clock.monotonic() + hold.wait_s
        self._receiver = replace(
            self._receiver,
            breaker=self._gate.state,
            until_mono=until_mono,
            failures=self._gate.failures,
            pending=await self._store.depth(),
            latency_s=self._notices.latency_s,
            reason="" if hold is None else hold.reason,
        )
        self._on_receiver(self._receiver)

    # while something holds

    async def _sit_out(self, hold: Hold) -> float:
        if hold.by_breaker and self._skips:
            await self._skip()
        else:
            for row in await self._store.entries([RowState.PENDING]):
                self._notices.held(row, hold.reason)
        if await self._store.load_receiver(self._fingerprint) is None:
            log.info("the webhook was revived by hand")
            self._notices.change(self._gate.revive())
            return 0.0
        return hold.wait_s

    async def _skip(self) -> None:
        given_up = Settlement(state=RowState.DEAD, error=_SKIPPED)
        for row in await self._store.entries([RowState.PENDING]):
            if row.kind == "finding":
                await self._store.settle(row.id, given_up, now_ms=self._clock.now_ms())
                log.warning("finding %s %s", row.episode, _SKIPPED)
                self._notices.row(row, DeliveryStatus.DEAD, _SKIPPED)

    # while nothing holds

    async def _send_next(self, sender: Sender) -> float:
        rows = await self._store.due(self._clock.now_ms())
        if not rows:
            return await self._until_due_s()
        pause_s = self._gate.pause_s(self._clock.monotonic())
        if pause_s == 0:
            await self._send(sender, rows[0])
        return pause_s

    async def _until_due_s(self) -> float:
        now_ms = self._clock.now_ms()
        due_ms = await self._store.next_due_ms(now_ms)
        return math.inf if due_ms is None else max(due_ms - now_ms, 0) / 1000

    async def _send(self, sender: Sender, row: OutboxRow) -> None:
        body = letter(row, now_ms=self._clock.now_ms())
        await self._store.begin_attempt(row.id)
        self._attempt = asyncio.create_task(  # noqa: TID251 - outlives a cancelled run
            self._deliver(sender, row, body), name=f"deliver row {row.id}"
        )
        # Cut off, it may have arrived and would be made again: drain lets it end.
        await asyncio.shield(self._attempt)

    async def _deliver(
        self, sender: Sender, row: OutboxRow, body: Mapping[str, object]
    ) -> None:
        permit = self._gate.enter(self._clock.monotonic())
        self._notices.change(permit.change)
        try:
            answer = await sender.post(body)
        except asyncio.CancelledError:
            self._gate.abandon(permit, self._clock.monotonic())
            self._owe(row, CUT_OFF)
            await self._ledger.try_to_pay()
            raise
        ruling = judge(answer, before=self._gate.streak)
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        outage = self._gate.outage
        change = self._gate.settle(permit, ruling, now, now_ms)
        settled = settlement(
            row, ruling, now_ms=now_ms, bury=lambda: self._gate.bury(now)
        )
        is_over = change is not None and change.new is BreakerState.CLOSED
        self._owe(row, settled, over=outage if is_over else None)
        self._notices.change(change)
        self._notices.attempt(row, ruling, settled, answer.latency_s)
        await self._ledger.try_to_pay()

    def _owe(
        self, row: OutboxRow, settled: Settlement, *, over: Outage | None = None
    ) -> None:
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        self._ledger.owe(
            Outcome(
                row=row,
                settlement=settled,
                receiver=self._gate.export(now, now_ms),
                at_ms=now_ms,
                over=over,
            )
        )
