"""The way past a disk that refuses: each finding sent once, straight from memory.

It goes through the same gate. Whoever raised a finding offers it to the disk again
until that takes it; what has arrived by then is settled, not sent again.
"""

import logging
import math
from collections.abc import Sequence

from liqmon.clock import Clock
from liqmon.discord.answers import Fate, Ruling
from liqmon.monitor.carrier import Carrier
from liqmon.monitor.gate import Gate
from liqmon.monitor.outcome import CUT_OFF
from liqmon.monitor.packer import Packer
from liqmon.monitor.reports import disk_report
from liqmon.monitor.volatile import VolatileBox
from liqmon.store.attempts import Attempt
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState, Settlement

__all__ = ["Direct"]

log = logging.getLogger(__name__)


class Direct:
    """Sends what the disk did not take; ``reports_to`` hear of it afterwards."""

    def __init__(
        self,
        store: Store,
        *,
        gate: Gate,
        packer: Packer,
        clock: Clock,
        reports_to: Sequence[str],
    ) -> None:
        self._store = store
        self._reports_to = reports_to
        self._since_ms: int | None = None
        self._count = 0
        self._gate = gate
        self._packer = packer
        self._clock = clock
        self._box = VolatileBox()

    def offer(self, entries: Sequence[OutboxEntry]) -> bool:
        """Take findings in; return whether any of them is new."""
        now_ms = self._clock.now_ms()
        new = self._box.add(entries, now_ms)
        if new:
            log.warning("not durable, sent from memory: %d findings", new)
            self._count += new
            self._since_ms = self._since_ms or now_ms
        return new > 0

    async def send(self, carrier: Carrier) -> float:
        """Try the next one; return the seconds until there may be another."""
        row = self._box.untried()
        if row is None:
            return math.inf
        now = self._clock.monotonic()
        hold = self._gate.hold(now)
        wait_s = self._gate.pause_s(now) if hold is None else hold.wait_s
        if wait_s > 0:
            return wait_s
        parcel = await self._packer.past_the_disk(row, self._clock.now_ms())
        # before there is an answer: it is tried once, whatever becomes of it
        self._box.tried(row.dedup_key, CUT_OFF)
        self._box.tried(row.dedup_key, _came_to(await carrier.carry(parcel)))
        return 0.0

    async def settled(self) -> list[tuple[OutboxRow, Settlement]]:
        """Settle what was tried and the disk has taken by now; return it.

        Raises:
            StoreUnavailable: the disk still refuses.
        """
        if not self._box.keys:
            await self._report()
            return []
        rows = await self._store.known(self._box.keys)
        settled = self._box.settled
        taken = [
            (row, settled[row.dedup_key])
            for row in rows
            if row.dedup_key in settled and row.state is RowState.PENDING
        ]
        for row, settlement in taken:
            attempt = Attempt(settled={row.id: settlement})
            await self._store.conclude(attempt, now_ms=self._clock.now_ms())
        self._box.forget(row.dedup_key for row in rows)
        return taken

    async def _report(self) -> None:
        if self._since_ms is None:
            return
        for route in self._reports_to:
            report = disk_report(
                since_ms=self._since_ms, count=self._count, route=route
            )
            await self._store.enqueue(report, now_ms=self._clock.now_ms())
        self._since_ms, self._count = None, 0


def _came_to(ruling: Ruling) -> Settlement:
    if ruling.fate is Fate.SENT:
        return Settlement(state=RowState.SENT, message_id=ruling.message_id)
    return Settlement(
        state=RowState.PENDING, error=ruling.explanation, ambiguous=ruling.ambiguous
    )
