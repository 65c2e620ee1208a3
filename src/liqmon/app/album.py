"""The charts that go with findings, painted from the candles that were judged."""

from collections.abc import Iterable
from typing import Final, Protocol

from liqmon.charts import alt_text, picture_within
from liqmon.core.model import Candles, Finding, Market
from liqmon.discord.attachments import Attachment

__all__ = ["Album"]

_NAME: Final = "liqmon.png"


class _Source(Protocol):
    """Whoever holds the candles of a market."""

    market: Market

    @property
    def candles(self) -> Candles:
        """The newest ones."""
        ...


class Album:
    """Knows where the candles of each market are.

    A message waits ``patience_s`` for its chart.
    """

    def __init__(self, *, patience_s: float = 0.3) -> None:
        self._patience_s = patience_s
        self._sources: dict[str, _Source] = {}

    def follow(self, sources: Iterable[_Source]) -> None:
        """Take the candles of these markets from here on."""
        self._sources |= {source.market.key: source for source in sources}

    def candles(self, market_key: str) -> Candles | None:
        """Return the candles of a market, None if it is not followed."""
        source = self._sources.get(market_key)
        return None if source is None else source.candles

    def forget(self, source: _Source) -> None:
        """Take no more candles of this market."""
        self._sources.pop(source.market.key, None)

    async def picture(self, finding: Finding) -> Attachment | None:
        """Return the chart of a finding, None if there is none in time."""
        source = self._sources.get(finding.market.key)
        if source is None:
            return None
        data = await picture_within(source.candles, finding, seconds=self._patience_s)
        return None if data is None else Attachment(_NAME, data, alt_text(finding))
