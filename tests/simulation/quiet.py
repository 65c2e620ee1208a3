"""A human who wants quiet now and then, and what that allows and demands.

Written from what is promised of mute and ack: a market, or every one, for a while; an
episode for ever; never CRITICAL. Whether a wish counts is not known while it is being
written down, nor if the process is killed over it.
"""

import math
from dataclasses import dataclass, field
from random import Random

from liqmon.core.model import Finding, Severity
from liqmon.monitor.silences import Silences
from liqmon.store.database import Store

_RARELY_S = 1_500.0
_LONG_S = (120.0, 7_200.0)
_SLACK_S = 5.0
"""So long before a request was made it may have been written."""


@dataclass(slots=True)
class _Wish:
    """Of a market, of every one (''), or of an episode; sure while it must be so."""

    of: str
    asked_s: float
    until_s: float = math.inf
    sure_from_s: float = math.inf
    sure_until_s: float = math.inf


@dataclass(slots=True)
class Quiet:
    """All that was wanted so far."""

    rng: Random
    wishes: list[_Wish] = field(default_factory=list)

    def is_sure(self, finding: Finding, now_s: float) -> bool:
        """Return whether a message of now must not ring."""
        return any(
            one.sure_from_s <= now_s - _SLACK_S and now_s < one.sure_until_s
            for one in self._about(finding)
        )

    def is_possible(self, finding: Finding, since_s: float, now_s: float) -> bool:
        """Return whether a message made since then need not ring."""
        return any(
            one.asked_s <= now_s and since_s - _SLACK_S < one.until_s
            for one in self._about(finding)
        )

    def next_s(self) -> float:
        """Return how long nobody wants anything."""
        return self.rng.expovariate(1 / _RARELY_S)

    async def want(
        self, silences: Silences, store: Store, recent: Finding, now_s: float
    ) -> None:
        """Want something, about what happened lately, or about everything."""
        market = self.rng.choice((recent.market.key, recent.market.key, ""))
        match self.rng.choice(("mute", "mute", "acknowledge", "unmute")):
            case "mute":
                for_s = self.rng.uniform(*_LONG_S)
                self._take_back(market, now_s)
                wish = self._added(market, now_s, now_s + for_s)
                await silences.mute(market, for_s)
                wish.sure_from_s = now_s + 1.0
            case "unmute":
                taken = self._take_back(market, now_s)
                await silences.unmute(market)
                for one in taken:
                    one.until_s = min(one.until_s, now_s + 1.0)
            case _:
                episode = await store.going_on(recent.market.key)
                if episode is not None:
                    wish = self._added(episode, now_s, math.inf)
                    await silences.acknowledge(recent.market.key)
                    wish.sure_from_s = now_s + 1.0

    def _added(self, of: str, now_s: float, until_s: float) -> _Wish:
        wish = _Wish(of, now_s, until_s, sure_until_s=until_s)
        self.wishes.append(wish)
        return wish

    def _take_back(self, market: str, now_s: float) -> list[_Wish]:
        taken = [
            one
            for one in self.wishes
            if one.until_s < math.inf and market in ("", one.of)
        ]
        for one in taken:
            one.sure_until_s = min(one.sure_until_s, now_s)
        return taken

    def _about(self, finding: Finding) -> list[_Wish]:
        if finding.severity is Severity.CRITICAL:
            return []
        names = ("", finding.market.key, finding.episode)
        return [one for one in self.wishes if one.of in names]
