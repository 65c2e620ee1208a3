"""What an attempt to deliver came to, and how that gets to the disk."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Fate, Ruling
from liqmon.errors import StoreUnavailable
from liqmon.monitor.gate import Outage
from liqmon.monitor.letters import outage_report
from liqmon.store.database import Store
from liqmon.store.outbox import LONGEST_BACKOFF_MS, OutboxRow, RowState, Settlement
from liqmon.store.receiver import ReceiverState

__all__ = ["CUT_OFF", "Ledger", "Outcome", "settlement"]

CUT_OFF: Final = Settlement(
    state=RowState.PENDING, error="stopped before an answer", ambiguous=True
)
"""The attempt was cancelled: whether the message arrived is anybody's guess."""

_FIRST_BACKOFF_MS: Final = 1_000
_MOST_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict on ``row``; ``over`` is the outage that ended with it."""

    row: OutboxRow
    settlement: Settlement
    receiver: ReceiverState
    at_ms: int
    over: Outage | None = None


class Ledger:
    """Holds the last outcome until the store has taken it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owed: Outcome | None = None

    def owe(self, outcome: Outcome) -> None:
        """Remember what ``pay`` is to write."""
        self._owed = outcome

    async def try_to_pay(self) -> None:
        """Write it if the disk allows; otherwise it stays owed."""
        with contextlib.suppress(StoreUnavailable):
            await self.pay()

    async def pay(self) -> None:
        """Write what is owed; twice does no harm, so an interrupted one is repeated.

        Raises:
            StoreUnavailable: it stays owed.
        """
        owed = self._owed
        if owed is None:
            return
        if owed.over is not None:
            await self._recover(owed, owed.over)
        await self._store.settle(
            owed.row.id, owed.settlement, now_ms=owed.at_ms, receiver=owed.receiver
        )
        self._owed = None

    async def _recover(self, owed: Outcome, outage: Outage) -> None:
        # before the row is settled, so that no crash in between forgets the report
        counts = await self._store.counts(kind="finding")
        is_final = owed.settlement.state is not RowState.PENDING
        through = is_final and owed.row.kind == "finding"
        report = outage_report(
            opened_ms=outage.opened_ms,
            closed_ms=owed.at_ms,
            reason=outage.reason,
            held=max(counts[RowState.PENDING] - through, 0),
        )
        await self._store.enqueue(report, now_ms=owed.at_ms)
        await self._store.release()


def settlement(
    row: OutboxRow, ruling: Ruling, *, now_ms: int, bury: Callable[[], bool]
) -> Settlement:
    """Return what an answer means for the row.

    ``bury`` is asked before a row is given up on, and may refuse.
    """
    match ruling.fate:
        case Fate.SENT:
            return Settlement(state=RowState.SENT, message_id=ruling.message_id)
        case Fate.DEGRADE_OR_DEAD:
            gives_up = row.plain and bury()
            state = RowState.DEAD if gives_up else RowState.PENDING
            return Settlement(state=state, error=ruling.explanation, plain=True)
        case Fate.RETRY | Fate.REPOST:
            return Settlement(
                state=RowState.PENDING,
                error=ruling.explanation,
                not_before_ms=_retry_ms(row, ruling, now_ms),
                ambiguous=ruling.ambiguous,
            )
        case _:
            assert_never(ruling.fate)


def _retry_ms(row: OutboxRow, ruling: Ruling, now_ms: int) -> int:
    """Only failures count against the row; all else is the gate's to time."""
    if ruling.verdict is not Verdict.FAILURE:
        return 0
    backoff_ms = _FIRST_BACKOFF_MS << min(row.attempts, _MOST_DOUBLINGS)
    return now_ms + min(backoff_ms, LONGEST_BACKOFF_MS)
