"""One attempt at a time, from the permit to the note of what it came to."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from liqmon.clock import Clock
from liqmon.core.breaker import Change
from liqmon.core.events import BreakerState
from liqmon.discord.answers import Answer, Ruling, Streak
from liqmon.discord.attachments import Attachment
from liqmon.monitor.gate import Gate, Outage
from liqmon.monitor.notices import Notices
from liqmon.monitor.outcome import CUT_OFF, Ledger, Outcome, settlement
from liqmon.monitor.parcel import Parcel, posts_after
from liqmon.store.attempts import NO_ANSWER, Attempt
from liqmon.store.outbox import Settlement

__all__ = ["Carrier", "Judge", "Sender"]

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Whoever makes the attempt, once a call; trouble on the way is an answer too."""

    async def post(
        self, payload: Mapping[str, object], files: Sequence[Attachment] = ()
    ) -> Answer:
        """Post a new message."""
        ...

    async def edit(
        self,
        message_id: str,
        payload: Mapping[str, object],
        files: Sequence[Attachment] = (),
    ) -> Answer:
        """Replace what a message of this webhook says."""
        ...


class Judge(Protocol):
    """Says what an answer means; ``editing``: it answers an edit."""

    def __call__(
        self, answer: Answer, *, editing: bool = False, before: Streak | None = None
    ) -> Ruling:
        """Return what to do about an answer, ``before`` being what it follows."""
        ...


class Carrier:
    """Carries parcels to their receiver, each once, and owes the outcome to the ledger.

    ``threads`` are the senders of routes that post elsewhere with the same webhook.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        threads: Mapping[str, Sender],
        gate: Gate,
        ledger: Ledger,
        notices: Notices,
        clock: Clock,
        judge: Judge,
    ) -> None:
        self._sender = sender
        self._judge = judge
        self._threads = threads
        self._gate = gate
        self._ledger = ledger
        self._notices = notices
        self._clock = clock
        self._attempt: asyncio.Task[Ruling] | None = None

    async def carry(self, parcel: Parcel) -> Ruling:
        """Make the attempt; cancelled, it goes on until it ends or is ``cut_off``."""
        self._attempt = asyncio.create_task(  # noqa: TID251 - outlives a cancelled run
            self._deliver(parcel), name=f"deliver {[row.id for row in parcel.rows]}"
        )
        # Cut off, it may have arrived and would be made again: drain lets it end.
        return await asyncio.shield(self._attempt)

    async def arrived(self) -> None:
        """Wait for an attempt that is under way."""
        if self._attempt is not None:
            await asyncio.wait({self._attempt})

    async def cut_off(self) -> None:
        """End an attempt that is under way; whether it arrived is not known."""
        if self._attempt is not None and self._attempt.cancel():
            log.warning("stopped before an answer: a message may arrive twice")
            await asyncio.wait({self._attempt})

    async def _deliver(self, parcel: Parcel) -> Ruling:
        permit = self._gate.enter(self._clock.monotonic())
        self._notices.change(permit.change)
        try:
            answer = await self._made(parcel)
        except asyncio.CancelledError:
            self._gate.abandon(permit, self._clock.monotonic())
            self._owe(Attempt(settled={row.id: CUT_OFF for row in parcel.rows}))
            await self._ledger.try_to_pay()
            raise
        ruling = self._judge(
            answer, editing=bool(parcel.edits), before=self._gate.streak
        )
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        outage = self._gate.outage
        change = self._gate.settle(permit, ruling, now, now_ms)
        settled = self._settled(parcel, ruling, now, now_ms)
        attempt = Attempt(
            settled=settled,
            posts=posts_after(parcel, answer, ruling, now_ms=now_ms),
            route=parcel.route,
            answer=NO_ANSWER if answer.status is None else str(answer.status),
            latency_s=answer.latency_s,
        )
        self._owe(
            attempt,
            over=outage if _has(change, BreakerState.CLOSED) else None,
            shut=ruling.explanation if _is_shut(change) else "",
        )
        self._notices.change(change)
        self._notices.answer(ruling)
        for row in parcel.rows:
            self._notices.settled(row, settled[row.id], answer.latency_s)
        await self._ledger.try_to_pay()
        return ruling

    async def _made(self, parcel: Parcel) -> Answer:
        sender = self._threads.get(parcel.route, self._sender)
        # most requests carry no file
        files = (parcel.files,) if parcel.files else ()
        if parcel.edits:
            return await sender.edit(parcel.edits, parcel.body, *files)
        return await sender.post(parcel.body, *files)

    def _settled(
        self, parcel: Parcel, ruling: Ruling, now: float, now_ms: int
    ) -> dict[int, Settlement]:
        return {
            row.id: settlement(
                row,
                parcel,
                ruling,
                now_ms=now_ms,
                bury=lambda subject: self._gate.bury(subject, now),
            )
            for row in parcel.rows
        }

    def _owe(
        self, attempt: Attempt, *, over: Outage | None = None, shut: str = ""
    ) -> None:
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        attempt = replace(attempt, receiver=self._gate.export(now, now_ms))
        self._ledger.owe(Outcome(attempt=attempt, at_ms=now_ms, over=over, shut=shut))


def _has(change: Change | None, new: BreakerState) -> bool:
    return change is not None and change.new is new


def _is_shut(change: Change | None) -> bool:
    """Return whether it took messages before; a probe that failed is no news."""
    if _has(change, BreakerState.DEAD):
        return True
    return (
        change is not None
        and change.old is BreakerState.CLOSED
        and change.new is BreakerState.OPEN
    )
