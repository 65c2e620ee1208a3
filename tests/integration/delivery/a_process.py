"""A small liqmon for the kill test: raises findings and delivers them, until killed.

Started once, it forks a process for every line it reads, so that a life of a tenth of
a second is not spent on imports. A line says what the process is to do: ``raise``
findings for ever, or ``rest``: deliver what is left and end. It tells on stdout,

* ``born PID`` when there is a new process,
* ``raised NUMBER`` when a finding is acknowledged, that is, committed,
* ``gone STATUS`` when the process is no more.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from factories import a_finding
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Condition, Finding, Market, Phase, Severity
from liqmon.discord.client import DiscordClient
from liqmon.monitor.courier import Courier
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry
from liqmon.webhook import WebhookUrl

SPEED = 200.0
"""So many seconds of liqmon pass in one: pace and breaker wait in milliseconds."""

_EVERY_S = 4.0
_STORIES = (
    (Phase.ONSET, Severity.MEDIUM),
    (Phase.ESCALATION, Severity.HIGH),
    (Phase.END, Severity.HIGH),
)


class FastClock:
    """The same time in every process, running faster than it should."""

    def __init__(self, began_ms: int) -> None:
        self._began_ms = began_ms

    def now_ms(self) -> int:
        gone_ms = time.time_ns() / 1e6 - self._began_ms
        return self._began_ms + int(gone_ms * SPEED)

    def monotonic(self) -> float:
        return time.monotonic() * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


class Place(NamedTuple):
    """Where a process works; the same for all of them."""

    directory: Path
    base_url: str
    webhook: str
    began_ms: int


def finding(number: int, began_ms: int) -> Finding:
    """Return what is raised as the ``number``th: each episode has three of them."""
    episode, step = divmod(number, len(_STORIES))
    phase, severity = _STORIES[step]
    onset_ms = began_ms + episode * 60_000
    return a_finding(
        episode=f"{episode:08x}",
        market=Market("bybit", f"K{episode}/USDT:USDT", f"K{episode}", "USDT"),
        phase=phase,
        severity=severity,
        onset_ms=onset_ms,
        decided_ms=onset_ms + step * 60_000,
        ended_ms=onset_ms + step * 60_000 if phase is Phase.END else None,
        conditions=(Condition(f"S over 5 min k{number}", 16.2, 12.0),),
    )


def entry(one: Finding) -> OutboxEntry:
    """Return the finding's row."""
    return OutboxEntry(
        dedup_key=f"{one.episode}:{one.phase}:{one.severity.name}",
        episode=one.episode,
        kind="finding",
        severity=int(one.severity),
        payload=finding_to_facts(one),
    )


async def live(place: Place, task: str) -> None:
    clock = FastClock(place.began_ms)
    store = await Store.open(place.directory)
    async with DiscordClient(
        WebhookUrl(place.webhook),
        timeout_s=2.0,
        base_url=place.base_url,
        version="0.1.0",
        clock=clock,
    ) as client:
        courier = Courier(
            store=store,
            sender=client,
            breaker=Breaker(BreakerPolicy()),
            fingerprint=WebhookUrl(place.webhook).fingerprint,
            clock=clock,
            emit=lambda _: None,
            on_receiver=lambda _: None,
        )
        if task == "rest":
            await courier.drain(deadline_s=1_000 * SPEED)
        else:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(courier.run())
                tasks.create_task(_raise(place, store, courier, clock))
    await store.close()


async def _raise(
    place: Place, store: Store, courier: Courier, clock: FastClock
) -> None:
    state = (await store.states("1m")).get("market", {})
    number = int(str(state.get("next", 0)))
    while True:
        await store.commit_findings(
            market_key="market",
            timeframe="1m",
            state={"next": number + 1},
            findings=[entry(finding(number, place.began_ms))],
            now_ms=clock.now_ms(),
        )
        _tell(f"raised {number}")
        courier.wake()
        number += 1
        await clock.sleep(_EVERY_S)


def _tell(line: str) -> None:
    # one write, so that no kill leaves half a line
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def main(arguments: Sequence[str]) -> None:
    directory, base_url, webhook, began_ms = arguments
    place = Place(Path(directory), base_url, webhook, int(began_ms))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(live(place, line.strip()))
            os._exit(0)
        _tell(f"born {child}")
        _, status = os.waitpid(child, 0)
        _tell(f"gone {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(sys.argv[1:])
