"""What is true of one exchange and cannot be asked of ccxt."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["ALIASES", "TickerInterest", "Venue", "venue"]

ALIASES: Final = MappingProxyType({"binance": "binanceusdm"})
"""ids that mean another: ``binance`` loads spot too, its perpetuals are binanceusdm."""


@dataclass(frozen=True, slots=True)
class TickerInterest:
    """The open interest in a venue's raw tickers: where it stands, what it counts."""

    name: str
    unit: Literal["quote", "base", "contracts"]


@dataclass(frozen=True, slots=True)
class Venue:
    """``call_cost`` is what ccxt's rate limiter charges for a small candle call.

    ``rate_limit_ms`` replaces ccxt's where that is over the venue's own budget, or far
    below it. ``volume_in_contracts``: candles count contracts, not base units; so does
    the open interest with ``interest_in_contracts``. ``ticker_volume`` names the base
    volume in raw tickers, where ccxt passes on a count of contracts. ``liquidations``
    is what the venue publishes of them, '' if nothing that ccxt can read.
    """

    call_cost: float = 1.0
    rate_limit_ms: float | None = None
    volume_in_contracts: bool = False
    interest_in_contracts: bool = False
    ticker_volume: str = ""
    ticker_interest: TickerInterest | None = None
    liquidations: str = ""


# "only the latest one liquidation order within 1000ms will be pushed as the snapshot":
# https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams
_SAMPLE: Final = "a sample, the latest of each second"
_ON_REQUEST: Final = "the recent ones, on request"

# Costs: `api` trees of ccxt 4.5.90. Binance charges 1 up to 99 rows, the 45 liqmon
# asks for at a poll among them. Volumes: `parse_ohlcv` of ccxt 4.5.90 passes on the
# field that counts contracts (gate `v`, mexc `vol`, kucoin futures lots). Tickers: the
# raw answers that stand in its `fetch_tickers` and `parse_ticker`.
# Inverse markets of bybit, binance, bitget and okx are switched to base units there.
_VENUES: Final = MappingProxyType(
    {
        "binanceusdm": Venue(liquidations=_SAMPLE),
        "bitfinex": Venue(call_cost=2.7, liquidations=_ON_REQUEST),
        "bitget": Venue(ticker_interest=TickerInterest("holdingAmount", "base")),
        # "600 requests within a 5-second window per IP", and a candle call is one
        # request of cost 5: a fifth of what is allowed, where ccxt takes a twelfth.
        # https://bybit-exchange.github.io/docs/v5/rate-limit
        "bybit": Venue(
            call_cost=5.0,
            rate_limit_ms=8.0,
            ticker_interest=TickerInterest("openInterestValue", "quote"),
            liquidations="all of them, as a stream",
        ),
        "gate": Venue(
            volume_in_contracts=True,
            interest_in_contracts=True,
            ticker_interest=TickerInterest("total_size", "contracts"),
            liquidations=_ON_REQUEST,
        ),
        "htx": Venue(liquidations=_ON_REQUEST),
        # 1,200 weight a minute, and candleSnapshot weighs 20 + 1 per 60 candles:
        # https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits
        "hyperliquid": Venue(
            call_cost=4.0,
            rate_limit_ms=265.0,
            ticker_interest=TickerInterest("openInterest", "base"),
        ),
        "kucoinfutures": Venue(
            call_cost=6.0, volume_in_contracts=True, interest_in_contracts=True
        ),
        "mexc": Venue(call_cost=2.0, volume_in_contracts=True),
        "okx": Venue(call_cost=0.5, ticker_volume="volCcy24h", liquidations=_SAMPLE),
        "phemex": Venue(call_cost=5.0),
    }
)


def venue(exchange_id: str) -> Venue:
    """Return what is known of an exchange; the ordinary case for the others."""
    return _VENUES.get(exchange_id, Venue())
