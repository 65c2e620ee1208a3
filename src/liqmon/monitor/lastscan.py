"""The mark of the last scan: a small file that ``liqmon healthcheck`` reads.

It says when a scan was over and when one last gave data. Every line of it comes from a
scan: a process whose scanners hang grows old, however well the rest of it runs.
"""

import asyncio
import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from liqmon.clock import Clock
from liqmon.discord.figures import span

__all__ = ["LastScan", "Mark", "Scanned", "mark_in", "written"]

log = logging.getLogger(__name__)

_FILE: Final = "last-scan.json"


class Scanned(Protocol):
    """What a mark takes from a scan."""

    @property
    def answered(self) -> int:
        """How many markets gave data."""
        ...

    @property
    def interval_s(self) -> float:
        """Seconds from one scan to the next."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """When a scan was over, and when one last gave data; wall clock, 0 is never."""

    scan_ms: int = 0
    data_ms: int = 0
    interval_s: float = 0.0

    def verdict(self, *, now_ms: int, limit_s: float) -> tuple[bool, str]:
        """Return whether data are no older than the limit, and a sentence."""
        scan_s, data_s = ((now_ms - ms) / 1000 for ms in (self.scan_ms, self.data_ms))
        if min(scan_s, data_s) < -limit_s:
            return False, "unhealthy: the last scan lies in the future, by this clock"
        if scan_s > limit_s:
            return False, f"unhealthy: the last scan was over {span(scan_s)} ago"
        if not self.data_ms:
            return False, "unhealthy: scans go on, but no market has given data yet"
        if data_s > limit_s:
            since = span(data_s)
            return False, f"unhealthy: scans go on, but none gave data for {since}"
        return True, f"healthy: the newest data came {span(data_s)} ago"


def mark_in(directory: Path) -> Mark | None:
    """Return the mark that lies in a state directory, None if there is none."""
    try:
        facts = json.loads((directory / _FILE).read_bytes())
        return Mark(
            int(facts["scan_ms"]), int(facts["data_ms"]), float(facts["interval_s"])
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError):
        return None


def written(mark: Mark, directory: Path) -> None:
    """Put the mark into a state directory; a reader sees the old one or the new one.

    Raises:
        OSError: the directory takes nothing.
    """
    part = directory / f"{_FILE}.part"
    part.write_text(json.dumps(asdict(mark)))
    part.replace(directory / _FILE)


class LastScan:
    """``scanned`` never waits; ``run`` writes in a thread, for ever."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._mark = Mark()
        self._changed = asyncio.Event()
        self._troubled = False

    def scanned(self, scan: Scanned) -> None:
        """Take note of a finished scan."""
        now_ms = self._clock.now_ms()
        data_ms = now_ms if scan.answered else self._mark.data_ms
        self._mark = replace(
            self._mark, scan_ms=now_ms, data_ms=data_ms, interval_s=scan.interval_s
        )
        self._changed.set()

    async def run(self) -> None:
        """Write each mark, for ever."""
        while True:
            await self._changed.wait()
            await self.finish()

    async def finish(self) -> None:
        """Write what has not been written."""
        if not self._changed.is_set():
            return
        self._changed.clear()
        try:
            await asyncio.to_thread(written, self._mark, self._directory)
        except OSError as error:
            if not self._troubled:
                log.warning("the mark of the last scan is not written: %s", error)
            self._troubled = True
        else:
            self._troubled = False
