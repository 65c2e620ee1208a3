"""A picture if there is one in time: no message waits longer for its chart."""

import asyncio
import logging

from liqmon.charts.candles import candle_chart
from liqmon.core.model import Candles, Finding
from liqmon.errors import UserError

__all__ = ["picture_within"]

log = logging.getLogger(__name__)


async def picture_within(
    candles: Candles, finding: Finding, *, seconds: float
) -> bytes | None:
    """Return the chart, painted off the loop; None if that takes longer or cannot be.

    A thread cannot be stopped: one that is late ends by itself, and nobody waits.
    """
    if len(candles) == 0:
        return None
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(candle_chart, candles, finding)
    except TimeoutError:
        log.debug("the chart of %s was not ready in time", finding.market.name)
    except UserError as error:
        log.debug("no chart: %s", error)
    return None
