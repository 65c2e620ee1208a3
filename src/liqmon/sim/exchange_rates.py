"""How often the two venues let one address ask, counted in real time."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from liqmon.sim.binance import weight
from liqmon.sim.wire import Answer

__all__ = ["BinanceRates", "BybitRates"]

# "600 requests within a 5-second window per IP"; whoever gets "HTTP 403, access too
# frequent" is to "terminate all HTTP sessions and wait for at least 10 minutes":
# https://bybit-exchange.github.io/docs/v5/rate-limit
_BYBIT: Final = (600, 5.0)
_BYBIT_BAN_S: Final = 600.0

# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
# gives the header and 418 for whoever goes on after 429 ("from 2 minutes to 3 days");
# the limit itself is in rateLimits of /fapi/v1/exchangeInfo. How often is too often is
# not documented: ten times, here.
_BINANCE_PER_MIN: Final = 2_400
_BINANCE_BAN_S: Final = 120.0
_BINANCE_PATIENCE: Final = 10


@dataclass(slots=True)
class BybitRates:
    """A sliding window; whoever fills it is shut out for ten minutes."""

    taken_s: deque[float] = field(default_factory=deque)
    banned_until_s: float = -math.inf

    def refusal(
        self, path: str, query: Mapping[str, str], now_s: float
    ) -> Answer | None:
        """Take a place, or return the answer of a venue that has none."""
        del path, query
        most, seconds = _BYBIT
        while self.taken_s and now_s - self.taken_s[0] >= seconds:
            self.taken_s.popleft()
        if len(self.taken_s) >= most:
            self.banned_until_s = now_s + _BYBIT_BAN_S
        if now_s < self.banned_until_s:
            return Answer("403, access too frequent", status=403)
        self.taken_s.append(now_s)
        return None

    def headers(self, now_ms: int) -> dict[str, str]:
        """Return what Bybit says about its limit on every answer."""
        return {
            "X-Bapi-Limit": str(_BYBIT[0]),
            "X-Bapi-Limit-Status": str(_BYBIT[0] - len(self.taken_s)),
            "X-Bapi-Limit-Reset-Timestamp": str(now_ms),
        }


@dataclass(slots=True)
class BinanceRates:
    """A weight per minute of the clock; who does not stop at 429 gets 418."""

    minute: int = -1
    used: int = 0
    ignored: int = 0
    banned_until_s: float = -math.inf

    def refusal(
        self, path: str, query: Mapping[str, str], now_s: float
    ) -> Answer | None:
        """Take the request's weight, or return the answer of a venue that refuses."""
        if now_s < self.banned_until_s:
            return self._banned(now_s)
        minute = int(now_s // 60)
        if minute != self.minute:
            self.minute, self.used, self.ignored = minute, 0, 0
        self.used += weight(path, query)
        if self.used <= _BINANCE_PER_MIN:
            return None
        self.ignored += 1
        if self.ignored > _BINANCE_PATIENCE:
            self.banned_until_s = now_s + _BINANCE_BAN_S
            return self._banned(now_s)
        return _too_many(
            429,
            f"Too many requests; current limit is {_BINANCE_PER_MIN} request weight "
            "per 1 MINUTE. Please use the websocket for live updates to avoid polling "
            "the API.",
            wait_s=(minute + 1) * 60 - now_s,
        )

    def headers(self, now_ms: int) -> dict[str, str]:
        """Return what Binance says about its limit on every answer."""
        del now_ms
        return {"X-MBX-USED-WEIGHT-1M": str(self.used)}

    def _banned(self, now_s: float) -> Answer:
        return _too_many(
            418,
            "Way too many requests; IP banned. Please use the websocket for live "
            "updates to avoid bans.",
            wait_s=self.banned_until_s - now_s,
        )


def _too_many(status: int, message: str, *, wait_s: float) -> Answer:
    # -1003 TOO_MANY_REQUESTS
    return Answer(
        {"code": -1003, "msg": message},
        status=status,
        headers={"Retry-After": str(math.ceil(wait_s))},
    )
