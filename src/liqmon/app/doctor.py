"""All checks of ``liqmon doctor``: none stops another, and all end in time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liqmon.app.checks import Area, Check, Grade
from liqmon.app.local_checks import (
    Terminal,
    settings_checks,
    state_checks,
    terminal_check,
    versions,
)
from liqmon.app.remote_checks import exchange_checks, webhook_checks
from liqmon.app.run import Run
from liqmon.clock import Clock
from liqmon.errors import ConfigError
from liqmon.settings.load import Loaded

__all__ = ["Patient", "examined", "within"]

_MOST_S: Final = 30.0
"""How long one exchange, or all webhooks, may take."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined: the settings or what is wrong with them, and what they mean.

    ``run`` does without the settings file where that cannot be used.
    """

    settings: Loaded | ConfigError
    run: Run
    state_dir: Path
    terminal: Terminal


async def examined(
    patient: Patient, *, clock: Clock, tell: Callable[[Check], None]
) -> None:
    """Make all checks, and tell each in the order of the list."""
    for check in _local(patient):
        tell(check)
    groups: dict[str, AsyncIterator[Check]] = {
        exchange_id: exchange_checks(patient.run, exchange_id, clock=clock)
        for exchange_id in patient.run.settings.exchange.ids
    }
    settings = patient.run.settings
    groups["webhook"] = webhook_checks(
        settings.discord, clock=clock, receivers=settings.notify
    )
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(within(_MOST_S, topic, checks), name=topic)
            for topic, checks in groups.items()
        ]
        for task in asked:
            for check in await task:
                tell(check)


def _local(patient: Patient) -> Iterable[Check]:
    yield from versions()
    if isinstance(patient.settings, ConfigError):
        error = patient.settings
        yield Check(Area.SETUP, "settings", Grade.FAIL, str(error), error.hint)
        text = "what follows goes by the environment and the defaults"
        yield Check(Area.SETUP, "settings", Grade.WARN, text)
    else:
        yield from settings_checks(patient.settings, patient.run.symbols)
    yield from state_checks(patient.state_dir)
    yield from terminal_check(patient.terminal)


async def within(
    seconds: float, topic: str, checks: AsyncIterator[Check]
) -> list[Check]:
    """Return the checks that were made in time, and one that says if they were not."""
    made: list[Check] = []
    try:
        async with asyncio.timeout(seconds):
            async for check in checks:
                made.append(check)  # noqa: PERF401 - what was made counts if it ends
    except TimeoutError:
        area = Area.DELIVERY if topic == "webhook" else Area.FEED
        text = f"the checks did not end within {seconds:.0f} s"
        made.append(Check(area, topic, Grade.FAIL, text, "try again in a minute"))
    return made
