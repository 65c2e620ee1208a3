"""Which rows share a message.

The first news goes at once. What follows it within the waiting time shares the next
message: in a market-wide cascade thirty alarms in two seconds help nobody.
"""

import math
from collections.abc import Sequence
from typing import Final

from liqmon.monitor.incidents import finding_in
from liqmon.store.outbox import OutboxRow

__all__ = ["MOST_TOGETHER", "Grouping", "is_news"]

MOST_TOGETHER: Final = 50


def is_news(row: OutboxRow) -> bool:
    """Return whether a row can share a message.

    All but an end can, unless it was refused or cannot be read.
    """
    if row.kind != "finding" or row.plain:
        return False
    finding = finding_in(row.payload)
    return finding is not None and not finding.phase.is_over


class Grouping:
    """Remembers, by route, how long news is gathered; ``now`` is monotonic seconds.

    With ``wait_s`` 0 nothing is. ``hurried``: nothing more will come, so do not wait.
    A message that is refused because of one of its rows is split until that is found.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._until: dict[str, float] = {}
        self._gathered: set[str] = set()
        self._waiting: set[str] = set()
        self._most: dict[int, int] = {}
        self.hurried = False

    def chosen(self, due: Sequence[OutboxRow], now: float) -> tuple[OutboxRow, ...]:
        """Return the rows of the next message, none if all of them must wait.

        ``due`` is in the order of sending.
        """
        self._waiting = set()
        for row in due:
            if not (self._wait_s and is_news(row)):
                return (row,)
            follows = now < self._until.get(row.route, -math.inf)
            if follows and not self.hurried:
                self._waiting.add(row.route)
                self._gathered.add(row.route)
            # what has been tried before is late anyway, and takes along what is due
            elif follows or row.attempts or row.route in self._gathered:
                return self._together(row, due)
            else:
                return (row,)
        return ()

    def wait_s(self, now: float) -> float:
        """Return how long until what waits now may go, inf if nothing does."""
        ends = [self._until[route] - now for route in self._waiting]
        return max(min(ends, default=math.inf), 0.0)

    def begun(self, rows: Sequence[OutboxRow], now: float) -> None:
        """Take note that a message with these rows is on its way."""
        for route in {row.route for row in rows if is_news(row)}:
            self._until[route] = now + self._wait_s
            self._gathered.discard(route)

    def answered(self, rows: Sequence[OutboxRow], *, refused: bool) -> None:
        """Take note of an answer: what was refused together is tried in halves."""
        for row in rows:
            if refused and len(rows) > 1:
                self._most[row.id] = len(rows) // 2
            else:
                self._most.pop(row.id, None)

    def _together(
        self, first: OutboxRow, due: Sequence[OutboxRow]
    ) -> tuple[OutboxRow, ...]:
        most = self._most.get(first.id)
        beside = [
            row
            for row in due
            if row.route == first.route
            and is_news(row)
            and self._most.get(row.id) == most
        ]
        return tuple(beside[: most or MOST_TOGETHER])
