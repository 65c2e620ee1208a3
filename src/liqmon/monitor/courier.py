"""Empties the outbox: one attempt at a time, through the gate, to one receiver.

A row leaves ``pending`` only with an answer, an expiry or a reason. The attempt is on
disk before the request and its outcome after it; an outcome that the disk refuses is
kept in memory and written before anything else is sent. So a message that was delivered
is not delivered again for want of a note of it.

While something holds (an open breaker, a rate limit, a webhook that is gone) nothing is
sent at all. The first message afterwards is the breaker's probe; once it is through,
what piled up is told by a digest, or singly where it is little.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from liqmon.clock import Clock
from liqmon.core.board import Receiver
from liqmon.core.breaker import Breaker
from liqmon.core.events import BreakerState, DeliveryStatus, Event
from liqmon.discord.answers import judge as judge_discord
from liqmon.errors import StoreUnavailable
from liqmon.monitor.alarm import Alarm
from liqmon.monitor.carrier import Carrier, Judge, Sender
from liqmon.monitor.digest import Digester
from liqmon.monitor.direct import Direct
from liqmon.monitor.disk import DiskTrouble
from liqmon.monitor.gate import Gate, Hold
from liqmon.monitor.grouping import Grouping
from liqmon.monitor.manners import Manners
from liqmon.monitor.notices import Notices
from liqmon.monitor.outcome import Ledger
from liqmon.monitor.packer import Packer
from liqmon.monitor.reports import DISCORD
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState, Settlement

__all__ = ["Courier", "Sender"]

log = logging.getLogger(__name__)

_LONGEST_NAP_S: Final = 60.0
"""How long a webhook that was revived from outside may go unnoticed."""

_SKIPPED: Final = "skipped: breaker open"


class Courier:
    """Sends to one receiver; without a ``sender`` everything stays in the outbox.

    It delivers the rows of its ``routes`` and is named after the first; ``threads`` are
    the senders of those that post elsewhere with the same webhook, ``reports_to`` those
    that hear of an outage. ``on_receiver`` gets the state of the receiver every turn;
    it begins as ``receiver``. ``called`` is what messages call it, ``judge``
    says what its answers mean. ``tell`` gets a line while the disk fails, then ''.
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
        routes: Sequence[str] = ("",),
        reports_to: Sequence[str] = ("",),
        group_wait_s: float = 1.5,
        manners: Manners | None = None,
        threads: Mapping[str, Sender] | None = None,
        judge: Judge = judge_discord,
        called: str = DISCORD,
    ) -> None:
        self._store = store
        self._routes = routes
        self._fingerprint = fingerprint
        self._clock = clock
        self._on_receiver = on_receiver
        self._skips = when_open == "skip"
        self._receiver = replace(
            receiver or Receiver(configured=sender is not None), name=routes[0]
        )
        self._gate = Gate(breaker, fingerprint)
        self._notices = Notices(clock, emit, routes[0])
        self._digester = Digester(store, routes, called)
        self._ledger = Ledger(
            store,
            routes=routes,
            reports_to=reports_to,
            followed=self._notices.followed,
            called=called,
        )
        self._packer = Packer(
            store,
            routes=routes,
            grouping=Grouping(group_wait_s),
            manners=manners or Manners(),
        )
        self._carrier: Carrier | None = None
        if sender is not None:
            self._carrier = Carrier(
                sender,
                threads=threads or {},
                gate=self._gate,
                ledger=self._ledger,
                notices=self._notices,
                clock=clock,
                judge=judge,
            )
        self._direct = Direct(
            store,
            gate=self._gate,
            packer=self._packer,
            clock=clock,
            reports_to=reports_to,
        )
        self._alarm = Alarm(clock)
        self._restored = False
        self._disk = DiskTrouble(tell)

    def wake(self) -> None:
        """Look into the outbox now: something was put there."""
        self._disk.hurry()
        self._alarm.ring()

    def send_undurable(self, entries: Sequence[OutboxEntry]) -> None:
        """Send, once and at once, what the disk did not take."""
        mine = [entry for entry in entries if entry.route in self._routes]
        if self._direct.offer(mine):
            self._alarm.ring()

    async def run(self) -> None:
        """Send what is due, until cancelled; an attempt under way is left to drain."""
        while True:
            self._alarm.reset()
            wait_s = await self._turn()
            if wait_s > 0:
                await self._alarm.nap(min(wait_s, _LONGEST_NAP_S))

    async def drain(self, *, deadline_s: float) -> int:
        """Send what can be sent within the deadline; return how many findings were not.

        Those are the pending ones and those this run gave up on. Without a webhook
        nothing was meant to be sent: 0. Call it when ``run`` no longer runs.
        """
        if self._carrier is None:
            return 0
        ends_mono = self._clock.monotonic() + deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                await self._finish(self._carrier, ends_mono)
        except TimeoutError:
            log.debug("the time to drain the outbox is over")
        finally:
            await self._carrier.cut_off()
        return await self._undelivered()

    async def _finish(self, carrier: Carrier, ends_mono: float) -> None:
        await carrier.arrived()
        with self._packer.hurrying():
            while True:
                wait_s = await self._turn()
                if self._clock.monotonic() + wait_s > ends_mono:
                    return
                await self._clock.sleep(wait_s)

    async def _undelivered(self) -> int:
        try:
            counts = await self._store.counts(kind="finding", routes=self._routes)
        except StoreUnavailable as error:
            log.error("cannot tell what is undelivered: %s", error)  # noqa: TRY400 - no bug
            return self._notices.lost or 1
        return counts[RowState.PENDING] + self._notices.lost

    # one turn

    async def _turn(self) -> float:
        """Do the next thing; return the seconds until there is another, inf for none.

        A disk that fails is one of the things to wait for.
        """
        wait_s = self._disk.wait_s(self._clock.monotonic())
        if wait_s == 0:
            wait_s = await self._with_disk()
        if self._carrier is not None and self._restored:
            wait_s = min(wait_s, await self._direct.send(self._carrier))
        return wait_s

    async def _with_disk(self) -> float:
        try:
            wait_s = await self._step()
        except StoreUnavailable as error:
            return self._disk.failed(error, self._clock.monotonic())
        self._disk.worked()
        return wait_s

    async def _step(self) -> float:
        if self._carrier is None:
            await self._expire()
            await self._show(None)
            return math.inf
        await self._restore()
        await self._ledger.pay()
        await self._expire()
        await self._settle_direct()
        hold = self._gate.hold(self._clock.monotonic())
        await self._show(hold)
        if hold is not None:
            return await self._sit_out(hold)
        if self._gate.state is BreakerState.CLOSED:
            # else the probe comes first
            await self._digester.open_again(
                now_ms=self._clock.now_ms(), pending=self._receiver.pending
            )
        return await self._send_next(self._carrier)

    async def _restore(self) -> None:
        if self._restored:
            return
        saved = await self._store.load_receiver(self._fingerprint)
        if saved is not None:
            self._gate.restore(saved, self._clock.monotonic(), self._clock.now_ms())
        self._restored = True

    async def _expire(self) -> None:
        now_ms = self._clock.now_ms()
        for row in await self._store.expire(now_ms, routes=self._routes):
            self._notices.row(row, DeliveryStatus.EXPIRED, row.last_error)

    async def _settle_direct(self) -> None:
        for row, settled in await self._direct.settled():
            self._notices.settled(row, settled, self._notices.latency_s)

    async def _show(self, hold: Hold | None) -> None:
        until_mono = None
        if hold is not None and hold.wait_s < math.inf:
            until_mono = self._clock.monotonic() + hold.wait_s
        self._receiver = replace(
            self._receiver,
            breaker=self._gate.state,
            until_mono=until_mono,
            failures=self._gate.failures,
            pending=await self._store.depth(routes=self._routes),
            latency_s=self._notices.latency_s,
            reason="" if hold is None else hold.reason,
        )
        self._on_receiver(self._receiver)

    # while something holds

    async def _sit_out(self, hold: Hold) -> float:
        self._digester.held(self._clock.now_ms())
        pending = await self._store.entries([RowState.PENDING], routes=self._routes)
        if hold.by_breaker and self._skips:
            await self._skip(pending)
        else:
            for row in pending:
                self._notices.held(row, hold.reason)
        if await self._store.load_receiver(self._fingerprint) is None:
            log.info("the webhook was revived by hand")
            self._notices.change(self._gate.revive())
            return 0.0
        return hold.wait_s

    async def _skip(self, pending: Sequence[OutboxRow]) -> None:
        given_up = Settlement(state=RowState.DEAD, error=_SKIPPED)
        for row in pending:
            if row.kind == "finding" and row.digest is None:
                await self._store.settle(row.id, given_up, now_ms=self._clock.now_ms())
                log.warning("finding %s %s", row.episode, _SKIPPED)
                self._notices.row(row, DeliveryStatus.DEAD, _SKIPPED)

    # while nothing holds

    async def _send_next(self, carrier: Carrier) -> float:
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        probing = self._gate.state is not BreakerState.CLOSED
        choice, wait_s = await self._packer.choose(now, now_ms, probing=probing)
        if choice is None:
            return wait_s
        pause_s = self._gate.pause_s(self._clock.monotonic())
        if pause_s > 0:
            return pause_s
        parcel = await self._packer.pack(choice, now_ms)
        await self._store.begin_attempt(
            *[row.id for row in parcel.rows],
            receiver=self._gate.export(now, now_ms, sending=True),
        )
        if not probing:
            self._packer.begun(parcel, self._clock.monotonic())
        ruling = await carrier.carry(parcel)
        self._packer.answered(parcel, ruling)
        return 0.0
