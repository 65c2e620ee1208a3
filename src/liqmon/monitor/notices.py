"""What the courier makes known: events for the board and the streams, and log lines."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from liqmon.clock import Clock
from liqmon.core.breaker import Change, Verdict
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
)
from liqmon.discord.answers import Fate, Ruling
from liqmon.store.outbox import OutboxRow, RowState, Settlement

__all__ = ["Notices"]

log = logging.getLogger(__name__)

_LOST: Final = frozenset({DeliveryStatus.DEAD, DeliveryStatus.EXPIRED})
_LEVELS: Final = {
    BreakerState.OPEN: logging.WARNING,
    BreakerState.DEAD: logging.ERROR,
}


class Notices:
    """``lost`` counts the findings given up on, ``latency_s`` is the last delivery's.

    The same trouble in a row is logged once, and a row is called held once. It is all
    about ``receiver``: a route, empty for the webhook of ``[discord]``.
    """

    def __init__(
        self, clock: Clock, emit: Callable[[Event], None], receiver: str = ""
    ) -> None:
        self._receiver = receiver
        self._clock = clock
        self._emit = emit
        self._trouble = ""
        self._held: set[int] = set()
        self.lost = 0
        self.latency_s: float | None = None

    def change(self, change: Change | None) -> None:
        """Tell how the breaker moved, if it did."""
        if change is None:
            return
        span = "" if change.wait_s is None else f" for {change.wait_s:.0f} s"
        level = _LEVELS.get(change.new, logging.INFO)
        said = "%s circuit breaker %s%s: %s"
        whose = self._receiver or "webhook"
        log.log(level, said, whose, change.new, span, change.reason)
        self._emit(
            BreakerChanged(
                self._clock.now_ms(),
                change.old,
                change.new,
                change.reason,
                change.wait_s,
                self._receiver,
            )
        )

    def answer(self, ruling: Ruling) -> None:
        """Tell, once, what stands in the way."""
        trouble = "" if ruling.fate is Fate.SENT else ruling.explanation
        if trouble and trouble != self._trouble:
            will_not_heal = ruling.suspended or ruling.verdict is Verdict.FATAL
            level = logging.ERROR if will_not_heal else logging.WARNING
            log.log(level, "not delivered: %s; %s", trouble, ruling.hint)
        self._trouble = trouble

    def settled(
        self, row: OutboxRow, settled: Settlement, latency_s: float | None
    ) -> None:
        """Tell what an attempt came to for one row."""
        if settled.state is RowState.DEAD:
            log.error("gave up on a message: %s", settled.error)
            self.row(row, DeliveryStatus.DEAD, settled.error)
        if settled.state is RowState.SENT:
            self.latency_s = latency_s
            sent = self._delivery(row, DeliveryStatus.SENT)
            self._emit(
                replace(sent, message_id=settled.message_id, latency_s=latency_s)
            )

    def followed(self, rows: Sequence[OutboxRow]) -> None:
        """Tell what became of rows that a digest told, or should have."""
        for row in rows:
            self.row(row, DeliveryStatus(row.state.value), row.last_error)

    def held(self, row: OutboxRow, reason: str) -> None:
        """Tell, once, that a row has to wait."""
        if row.id not in self._held:
            self._held.add(row.id)
            self.row(row, DeliveryStatus.HELD, reason)

    def row(self, row: OutboxRow, status: DeliveryStatus, reason: str) -> None:
        """Tell that a row was not delivered by itself."""
        if status in _LOST and row.kind == "finding":
            self.lost += 1
        self._emit(self._delivery(row, status, reason))

    def _delivery(
        self, row: OutboxRow, status: DeliveryStatus, reason: str = ""
    ) -> Delivery:
        symbol, phase = (row.payload.get(key) for key in ("symbol", "phase"))
        return Delivery(
            self._clock.now_ms(),
            row.episode,
            status,
            reason,
            receiver=self._receiver,
            symbol=symbol if isinstance(symbol, str) else "",
            phase=phase if isinstance(phase, str) else "",
        )
