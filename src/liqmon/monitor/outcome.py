"""What an attempt to deliver came to, and how that gets to the disk."""

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Fate, Ruling
from liqmon.errors import StoreUnavailable
from liqmon.monitor.digest import Digester
from liqmon.monitor.gate import Outage
from liqmon.monitor.parcel import Parcel
from liqmon.monitor.reports import DISCORD, outage_report, webhook_report
from liqmon.store.attempts import Attempt
from liqmon.store.database import Store
from liqmon.store.outbox import LONGEST_BACKOFF_MS, OutboxRow, RowState, Settlement

__all__ = ["CUT_OFF", "Ledger", "Outcome", "settlement"]

CUT_OFF: Final = Settlement(
    state=RowState.PENDING, error="stopped before an answer", ambiguous=True
)
"""The attempt was cancelled: whether the message arrived is anybody's guess."""

_FIRST_BACKOFF_MS: Final = 1_000
_MOST_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an ``attempt`` came to; ``over`` is the outage that ended with it.

    ``shut`` is why nothing goes out any more from here on, '' if that is not so.
    """

    attempt: Attempt
    at_ms: int
    over: Outage | None = None
    shut: str = ""


class Ledger:
    """Holds outcomes until the store has taken them, in their order.

    ``routes`` are those that are delivered here, ``reports_to`` those that hear of an
    outage of ``called``. ``followed`` gets the rows that went the way of their digest.
    """

    def __init__(
        self,
        store: Store,
        *,
        routes: Sequence[str],
        reports_to: Sequence[str],
        followed: Callable[[Sequence[OutboxRow]], None],
        called: str = DISCORD,
    ) -> None:
        self._store = store
        self._routes = routes
        self._reports_to = reports_to
        self._followed = followed
        self._called = called
        self._digester = Digester(store, routes, called)
        self._owed: deque[Outcome] = deque()

    def owe(self, outcome: Outcome) -> None:
        """Remember what ``pay`` is to write."""
        self._owed.append(outcome)

    async def try_to_pay(self) -> None:
        """Write it if the disk allows; otherwise it stays owed."""
        with contextlib.suppress(StoreUnavailable):
            await self.pay()

    async def pay(self) -> None:
        """Write what is owed; twice does no harm, so an interrupted one is repeated.

        Raises:
            StoreUnavailable: it stays owed.
        """
        while self._owed:
            owed = self._owed[0]
            if owed.over is not None:
                # before the rows are settled, so that no crash in between forgets it
                await self._recover(owed, owed.over)
                self._owed[0] = owed = replace(owed, over=None)
            if owed.shut:
                await self._tell_others(owed)
            followers = await self._store.conclude(owed.attempt, now_ms=owed.at_ms)
            self._owed.popleft()
            self._followed(followers)

    async def _tell_others(self, owed: Outcome) -> None:
        # this webhook will hear of it when it is back, another one hears of it now
        for route in self._reports_to:
            if route not in self._routes:
                report = webhook_report(at_ms=owed.at_ms, reason=owed.shut, route=route)
                await self._store.enqueue(report, now_ms=owed.at_ms)

    async def _recover(self, owed: Outcome, outage: Outage) -> None:
        told = [
            row_id
            for row_id, settled in owed.attempt.settled.items()
            if settled.state is not RowState.PENDING
        ]
        pending = await self._store.entries([RowState.PENDING], routes=self._routes)
        held = [row for row in pending if row.kind == "finding" and row.id not in told]
        has_digest = await self._digester.after_outage(
            since_ms=outage.opened_ms, now_ms=owed.at_ms, told=told
        )
        for route in self._reports_to:
            # where a digest tells of the outage, nobody needs to hear of it twice
            if not (has_digest and route in self._routes):
                report = outage_report(
                    opened_ms=outage.opened_ms,
                    closed_ms=owed.at_ms,
                    reason=outage.reason,
                    held=len(held),
                    route=route,
                    called=self._called,
                )
                await self._store.enqueue(report, now_ms=owed.at_ms)
        await self._store.release(routes=self._routes)


def settlement(
    row: OutboxRow,
    parcel: Parcel,
    ruling: Ruling,
    *,
    now_ms: int,
    bury: Callable[[str], bool],
) -> Settlement:
    """Return what an answer means for one row of a parcel.

    ``bury`` is asked, with what the row is about, before it is given up on, and may
    refuse.
    """
    match ruling.fate:
        case Fate.SENT:
            return _arrived(row, parcel, ruling)
        case Fate.DEGRADE_OR_DEAD if parcel.files or len(parcel.rows) > 1:
            # perhaps it was the picture, or another row: next time without
            return Settlement(state=RowState.PENDING, error=ruling.explanation)
        case Fate.DEGRADE_OR_DEAD:
            gives_up = row.plain and bury(row.episode or row.dedup_key)
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


def _arrived(row: OutboxRow, parcel: Parcel, ruling: Ruling) -> Settlement:
    parts = row.parts + 1
    if parts < parcel.parts:
        return Settlement(
            state=RowState.PENDING, error="its other part is next", parts=parts
        )
    message_id = ruling.message_id or parcel.edits
    return Settlement(state=RowState.SENT, message_id=message_id, parts=parts)


def _retry_ms(row: OutboxRow, ruling: Ruling, now_ms: int) -> int:
    """Only failures count against the row; all else is the gate's to time."""
    if ruling.verdict is not Verdict.FAILURE:
        return 0
    backoff_ms = _FIRST_BACKOFF_MS << min(row.attempts, _MOST_DOUBLINGS)
    return now_ms + min(backoff_ms, LONGEST_BACKOFF_MS)
