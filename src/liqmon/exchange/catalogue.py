"""What is true of one exchange and cannot be asked of ccxt."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["ALIASES", "Venue", "venue"]

ALIASES: Final = MappingProxyType({"binance": "binanceusdm"})
"""ids that mean another: ``binance`` loads spot too, its perpetuals are binanceusdm."""


@dataclass(frozen=True, slots=True)
class Venue:
    """``call_cost`` is what ccxt's rate limiter charges for a small candle call.

    ``rate_limit_ms`` replaces ccxt's where that is over the venue's own budget.
    ``volume_in_contracts``: candles count contracts, not base units.
    """

    call_cost: float = 1.0
    rate_limit_ms: float | None = None
    volume_in_contracts: bool = False


# Costs: `api` trees of ccxt 4.5.90. Binance charges 1 up to 99 rows, the 45 liqmon
# asks for at a poll among them. Volumes: `parse_ohlcv` of ccxt 4.5.90 passes on the
# field that counts contracts (gate `v`, mexc `vol`, kucoin futures lots).
# Inverse markets of bybit, binance, bitget and okx are switched to base units there.
_VENUES: Final = MappingProxyType(
    {
        "bitfinex": Venue(call_cost=2.7),
        "bybit": Venue(call_cost=5.0),
        "gate": Venue(volume_in_contracts=True),
        # 1,200 weight a minute, and candleSnapshot weighs 20 + 1 per 60 candles:
        # https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits
        "hyperliquid": Venue(call_cost=4.0, rate_limit_ms=265.0),
        "kucoinfutures": Venue(call_cost=6.0, volume_in_contracts=True),
        "mexc": Venue(call_cost=2.0, volume_in_contracts=True),
        "okx": Venue(call_cost=0.5),
        "phemex": Venue(call_cost=5.0),
    }
)


def venue(exchange_id: str) -> Venue:
    """Return what is known of an exchange; the ordinary case for the others."""
    return _VENUES.get(exchange_id, Venue())
