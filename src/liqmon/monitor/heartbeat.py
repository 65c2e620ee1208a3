"""A dead man's switch: silence tells somebody elsewhere that liqmon is not watching.

An address is asked after a scan that gave data, and only then: a process that runs but
sees nothing must not look alive. Whoever keeps the switch raises the alarm.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp

from liqmon.clock import Clock
from liqmon.monitor.scanner import Scan
from liqmon.settings.hidden_url import HiddenUrl

__all__ = ["Heartbeat"]

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 10.0


class Heartbeat:
    """``scanned`` never waits; ``run`` asks, for ever, at most every ``interval_s``.

    ``tell`` gets a line for the user while the address does not take it, '' after that.
    """

    def __init__(
        self,
        url: HiddenUrl,
        *,
        clock: Clock,
        interval_s: float,
        version: str,
        tell: Callable[[str], None],
    ) -> None:
        self._url = url
        self._clock = clock
        self._interval_s = interval_s
        self._tell = tell
        self._agent = f"liqmon/{version}"
        self._alive = asyncio.Event()
        self._fault = ""

    def scanned(self, scan: Scan) -> None:
        """Take note of a finished scan."""
        if scan.answered:
            self._alive.set()

    async def run(self) -> None:
        """Ping after scans with data, for ever."""
        while True:
            await self._alive.wait()
            await self._ping()
            await self._clock.sleep(self._interval_s)
            # a scan from before the pause says nothing about now
            self._alive.clear()

    async def finish(self, deadline_s: float) -> None:
        """Ping once if there was data; for a run that is about to end."""
        if self._alive.is_set():
            await self._ping(min(deadline_s, _TIMEOUT_S))

    async def _ping(self, timeout_s: float = _TIMEOUT_S) -> None:
        fault = await self._ask(timeout_s)
        if fault and not self._fault:
            log.warning("the heartbeat is not taken, will be tried again: %s", fault)
        elif self._fault and not fault:
            log.warning("the heartbeat is taken again")
        self._fault = fault
        self._tell(f"the heartbeat is not taken: {fault}" if fault else "")

    async def _ask(self, timeout_s: float) -> str:
        """Return why it was not taken; the libraries' own words hold the address."""
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=timeout, headers={"User-Agent": self._agent}
                ) as session,
                session.get(self._url.reveal(), allow_redirects=False) as answer,
            ):
                status = answer.status
        except TimeoutError:
            return f"no answer within {timeout_s:.2g} s"
        except aiohttp.ClientConnectorError:
            return "cannot connect"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"no proper answer ({type(error).__name__})"
        if 300 <= status < 400:
            # the address would be told to another host
            return f"the answer is a redirect ({status}): set the final address"
        return "" if status < 300 else f"the answer is {status}"
