"""What ``liqmon init`` finds out before it saves anything."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from liqmon.app.beside import some
from liqmon.app.exchanges import impatient
from liqmon.app.rehearsal import Trial
from liqmon.app.run import Run
from liqmon.app.selecting import surveyed
from liqmon.app.trial import send_test
from liqmon.clock import Clock
from liqmon.core.model import Severity
from liqmon.errors import FeedError
from liqmon.settings.models import Settings

__all__ = ["checked_markets", "tried"]

_MOST_S: Final = 30.0


async def checked_markets(
    settings: Settings, symbols: tuple[str, ...], *, cache_dir: Path, clock: Clock
) -> Sequence[str]:
    """Return a line for each exchange: the markets it has, or why that is unchecked.

    Raises:
        UserError: there is no such exchange or market.
    """
    run = Run(impatient(settings), symbols, None, cache_dir=cache_dir)
    lines = []
    for exchange_id in settings.exchange.ids:
        try:
            async with asyncio.timeout(_MOST_S):
                survey = await surveyed(run, exchange_id, clock=clock)
        except (FeedError, TimeoutError) as error:
            why = str(error) or f"no answer within {_MOST_S:.0f} s"
            lines.append(f"markets not checked: {why}")
        else:
            names = [pick.market.symbol for pick in survey.picks]
            lines.append(f"{survey.exchange} has {some(names)}")
    return lines


async def tried(settings: Settings, *, clock: Clock) -> Trial:
    """Send a test message the way a finding would go, role and all.

    Raises:
        UserError: there is no webhook.
    """
    routes = {route.name for route in settings.discord.routes if route.mode == "on"}
    trial = await send_test(
        settings.discord,
        # in memory: nothing is known of this webhook yet
        state_dir=None,
        severity=Severity.HIGH,
        force=True,
        clock=clock,
        route=next(iter(routes), ""),
    )
    return replace(trial, revived=False)
