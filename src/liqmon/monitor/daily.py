"""Once a day, at an hour of local time: a silent report that liqmon is alive.

The day is in the key of the report, so that a restart does not send a second one.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, time, tzinfo
from typing import Final

from liqmon.clock import Clock
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.core.model import Phase, Severity
from liqmon.discord.daily import Day
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.reports import Reporting, daily_report
from liqmon.monitor.scanner import Scan

__all__ = ["DailyDigest"]

_LOOK_S: Final = 20.0

_LATE_MS: Final = 3_600_000
"""A run that was not there at the hour makes up for it within this; one that was there,
on a host that slept, whenever it wakes up that day."""

_GOOD: Final = frozenset({DeliveryStatus.SENT, DeliveryStatus.DIGESTED})
_BAD: Final = frozenset({DeliveryStatus.DEAD, DeliveryStatus.EXPIRED})


class DailyDigest:
    """``note`` and ``scanned`` count; ``run`` reports at ``hour`` (``"08:00"``).

    ``zone`` is that of the hour, else this machine's.
    """

    def __init__(
        self,
        hour: str,
        *,
        clock: Clock,
        bulletin: Bulletin,
        outbox: Reporting,
        on_report: Callable[[], None],
        zone: tzinfo | None = None,
    ) -> None:
        self._hour = time.fromisoformat(hour)
        self._clock = clock
        self._bulletin = bulletin
        self._outbox = outbox
        self._on_report = on_report
        self._zone = zone
        self._started_ms = self._since_ms = clock.now_ms()
        self._counts: Counter[str] = Counter()
        self._done = ""

    def note(self, event: Event) -> None:
        """Count what happened."""
        match event:
            case FindingRaised(finding=finding) if finding.phase is Phase.ONSET:
                self._counts[finding.severity.name] += 1
            case Delivery(episode=episode, status=status) if episode:
                self._counts["delivered"] += status in _GOOD
                self._counts["undelivered"] += status in _BAD
            case BreakerChanged(new=BreakerState.OPEN):
                self._counts["breaker_opened"] += 1
            case Retrying():
                self._counts["retried"] += 1
            case Healed():
                self._counts["healed"] += 1
            case GaveUp():
                self._counts["gave_up"] += 1
            case _:
                pass

    def scanned(self, scan: Scan) -> None:
        """Count a finished scan."""
        self._counts["asked"] += scan.asked
        self._counts["answered"] += scan.answered

    async def run(self) -> None:
        """Report every day, for ever."""
        while True:
            await self.look()
            await self._clock.sleep(_LOOK_S)

    async def look(self) -> None:
        """Report if it is time and today's report has not been made."""
        now_ms = self._clock.now_ms()
        now = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(self._zone)
        date = now.date().isoformat()
        # a run that has seen nothing yet cannot say that it is alive
        seen = self._counts["asked"] > 0
        if date == self._done or not seen or not self._is_due(now, now_ms):
            return
        entry = daily_report(date=date, day=asdict(self._day(now_ms)))
        try:
            is_new = await self._outbox.enqueue(entry, now_ms=now_ms)
        except StoreUnavailable:
            # the disk is in trouble, which is told elsewhere: try at the next look
            return
        self._done = date
        if is_new:
            self._since_ms = now_ms
            self._counts.clear()
            self._on_report()

    def _is_due(self, now: datetime, now_ms: int) -> bool:
        # without a zone of its own the hour is read anew: summer time may have begun
        at = datetime.combine(now.date(), self._hour, self._zone).astimezone(UTC)
        at_ms = round(at.timestamp() * 1000)
        was_there = self._started_ms <= at_ms
        return at_ms <= now_ms and (was_there or now_ms - at_ms < _LATE_MS)

    def _day(self, now_ms: int) -> Day:
        board, counts = self._bulletin.snapshot, self._counts
        return Day(
            since_ms=self._since_ms,
            until_ms=now_ms,
            uptime_s=self._clock.monotonic() - board.started_mono,
            markets=len(board.rows),
            asked=counts["asked"],
            answered=counts["answered"],
            found=tuple(
                (severity.name.lower(), counts[severity.name])
                for severity in sorted(Severity, reverse=True)
            ),
            delivered=counts["delivered"],
            undelivered=counts["undelivered"],
            retried=counts["retried"],
            healed=counts["healed"],
            gave_up=counts["gave_up"],
            breaker_opened=counts["breaker_opened"],
        )
