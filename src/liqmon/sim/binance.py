"""Binance's USD-M futures market data, as its documentation describes it.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info:
errors come as HTTP 400 with a negative code. Prices are strings, times are numbers,
oldest rows first.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from liqmon.archive.timeframes import TIMEFRAMES, next_open
from liqmon.sim.markets import Market
from liqmon.sim.tape import Day, Row, Window
from liqmon.sim.wire import Answer, Ask, Limit, Refusal, decimal, next_funding_ms

__all__ = ["LIMITS", "PATHS", "answer", "weight"]

Json: TypeAlias = dict[str, Any]

_DOCS: Final = (
    "https://developers.binance.com/docs/derivatives/usds-margined-futures"
    "/market-data/rest-api"
)

LIMITS: Final[Mapping[str, Limit]] = {
    "/fapi/v1/klines": Limit(1500, 500, f"{_DOCS}/Kline-Candlestick-Data"),
}

# https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
_ILLEGAL_CHARACTERS: Final = -1100
_MISSING: Final = -1102
_INTERVAL: Final = -1120
_SYMBOL: Final = -1121
_PARAMETER: Final = -1130

_ONBOARDED_MS: Final = 1_569_398_400_000
# the date that all perpetuals are delivered on: never
_DELIVERY_MS: Final = 4_133_404_800_000

_DAY_MS: Final = 86_400_000


def answer(path: str, ask: Ask) -> Answer:
    """Answer one GET; the path is one of ``PATHS``."""
    try:
        return Answer(PATHS[path](ask))
    except Refusal as no:
        return Answer({"code": no.code, "msg": no.message}, status=400)


def weight(path: str, query: Mapping[str, str]) -> int:
    """Return what a request costs, as the page of its endpoint says."""
    match path:
        case "/fapi/v1/klines":
            return _kline_weight(query.get("limit", ""))
        case "/fapi/v1/ticker/24hr":
            return 1 if query.get("symbol") else 40
        case "/fapi/v1/premiumIndex":
            return 1 if query.get("symbol") else 10
        case _:
            return 1


def _kline_weight(limit: str) -> int:
    # the table on the page of LIMITS
    rows = int(limit) if limit.isdigit() else LIMITS["/fapi/v1/klines"].default
    for below, cost in ((100, 1), (500, 2), (1001, 5)):
        if rows < below:
            return cost
    return 10


# endpoints


def _ping(_ask: Ask) -> Json:
    return {}


def _time(ask: Ask) -> Json:
    # _DOCS/Check-Server-Time
    return {"serverTime": ask.now_ms}


def _exchange_info(ask: Ask) -> Json:
    # _DOCS/Exchange-Information
    return {
        "timezone": "UTC",
        "serverTime": ask.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 2400,
            }
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in sorted({m.quote for m in ask.markets.by_symbol.values()})
        ],
        "symbols": [_symbol(market) for market in ask.markets.by_symbol.values()],
    }


def _symbol(market: Market) -> Json:
    tick = decimal(10.0**-market.tape.price_decimals, market.tape.price_decimals)
    lot = decimal(10.0**-market.tape.volume_decimals, market.tape.volume_decimals)
    lots = {"stepSize": lot, "minQty": lot}
    return {
        "symbol": market.symbol,
        "pair": market.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _DELIVERY_MS,
        "onboardDate": _ONBOARDED_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.quote,
        "pricePrecision": market.tape.price_decimals,
        "quantityPrecision": market.tape.volume_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "tickSize": tick,
                "minPrice": tick,
                "maxPrice": "4529764",
            },
            {"filterType": "LOT_SIZE", "maxQty": "100000000", **lots},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": "20000000", **lots},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _klines(ask: Ask) -> list[list[Any]]:
    # _DOCS/Kline-Candlestick-Data
    market = _market(ask)
    timeframe = _needed(ask, "interval")
    if timeframe not in TIMEFRAMES:
        raise Refusal(_INTERVAL, "Invalid interval.")
    start_ms, end_ms = _number(ask, "startTime"), _number(ask, "endTime")
    window = Window(
        limit=_limit(ask),
        start_ms=start_ms,
        end_ms=end_ms,
        # the page says: without the two "the most recent klines are returned"
        oldest=start_ms is not None,
    )
    rows = market.tape.rows(timeframe, ask.bars_ms, window)
    return ask.spoil([_kline_row(row, market, timeframe) for row in rows])


def _kline_row(row: Row, market: Market, timeframe: str) -> list[Any]:
    digits = market.tape.volume_decimals
    return [
        row.open_ms,
        *(decimal(price, market.tape.price_decimals) for price in row[1:5]),
        decimal(row.volume, digits),
        next_open(row.open_ms, timeframe) - 1,
        decimal(row.quote, 5),
        0,  # the number of trades, which no tape knows
        decimal(row.taker_buy, digits),
        decimal(row.taker_buy_quote, 5),
        "0",
    ]


def _tickers(ask: Ask) -> list[Json] | Json:
    # _DOCS/24hr-Ticker-Price-Change-Statistics
    return _one_or_all(ask, _ticker)


def _ticker(market: Market, day: Day, ask: Ask) -> Json:
    digits = market.tape.price_decimals
    mean = day.quote / day.volume if day.volume else day.last
    return {
        "symbol": market.symbol,
        "priceChange": decimal(day.last - day.day_ago, digits),
        "priceChangePercent": decimal((day.last / day.day_ago - 1) * 100, 3),
        "weightedAvgPrice": decimal(mean, digits),
        "lastPrice": decimal(day.last, digits),
        "lastQty": decimal(10.0**-market.tape.volume_decimals, 8),
        "openPrice": decimal(day.day_ago, digits),
        "highPrice": decimal(day.high, digits),
        "lowPrice": decimal(day.low, digits),
        "volume": decimal(day.volume, market.tape.volume_decimals),
        "quoteVolume": decimal(day.quote, 2),
        "openTime": ask.bars_ms - _DAY_MS,
        "closeTime": ask.bars_ms,
        "firstId": 0,
        "lastId": 0,
        "count": 0,
    }


def _premium_index(ask: Ask) -> list[Json] | Json:
    # _DOCS/Mark-Price
    return _one_or_all(ask, _premium)


def _premium(market: Market, day: Day, ask: Ask) -> Json:
    price = decimal(day.last, 8)
    return {
        "symbol": market.symbol,
        "markPrice": price,
        "indexPrice": price,
        "estimatedSettlePrice": price,
        "lastFundingRate": "0.00010000",
        "interestRate": "0.00010000",
        "nextFundingTime": next_funding_ms(ask.now_ms),
        "time": ask.now_ms,
    }


def _open_interest(ask: Ask) -> Json:
    # _DOCS/Open-Interest
    market = _market(ask)
    open_interest = market.open_interest.at(ask.bars_ms)
    return {
        "symbol": market.symbol,
        "openInterest": decimal(open_interest, market.tape.volume_decimals),
        "time": ask.bars_ms,
    }


PATHS: Final[Mapping[str, Callable[[Ask], object]]] = {
    "/fapi/v1/ping": _ping,
    "/fapi/v1/time": _time,
    "/fapi/v1/exchangeInfo": _exchange_info,
    "/fapi/v1/klines": _klines,
    "/fapi/v1/ticker/24hr": _tickers,
    "/fapi/v1/premiumIndex": _premium_index,
    "/fapi/v1/openInterest": _open_interest,
}


# parameters


def _one_or_all(
    ask: Ask, shown: Callable[[Market, Day, Ask], Json]
) -> list[Json] | Json:
    asked = _market(ask) if ask.query.get("symbol") else None
    markets = list(ask.markets.by_symbol.values()) if asked is None else [asked]
    days = ((market, market.tape.day(ask.bars_ms)) for market in markets)
    rows = [shown(market, day, ask) for market, day in days if day is not None]
    return rows[0] if asked is not None and rows else rows


def _market(ask: Ask) -> Market:
    market = ask.markets.by_symbol.get(_needed(ask, "symbol"))
    if market is None:
        raise Refusal(_SYMBOL, "Invalid symbol.")
    return market


def _needed(ask: Ask, name: str) -> str:
    value = ask.query.get(name)
    if not value:
        raise Refusal(
            _MISSING,
            f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
        )
    return value


def _limit(ask: Ask) -> int:
    limit = LIMITS["/fapi/v1/klines"]
    wanted = _number(ask, "limit")
    if wanted is None:
        return limit.default
    if not 1 <= wanted <= limit.most:
        raise Refusal(_PARAMETER, "Data sent for parameter 'limit' is not valid.")
    return wanted


def _number(ask: Ask, name: str) -> int | None:
    text = ask.query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Refusal(
            _ILLEGAL_CHARACTERS,
            f"Illegal characters found in parameter '{name}'; "
            "legal range is '^[0-9]{1,20}$'.",
        )
    return int(text)
