"""Bybit's public market data, version 5, as its documentation describes it.

https://bybit-exchange.github.io/docs/v5/intro: every answer is HTTP 200 with an
envelope, and errors differ by ``retCode``. Numbers are strings, newest rows first.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from liqmon.sim.markets import Market
from liqmon.sim.tape import Row, Window
from liqmon.sim.wire import Answer, Ask, Limit, Refusal, decimal, next_funding_ms

__all__ = ["LIMITS", "PATHS", "answer"]

Json: TypeAlias = dict[str, Any]

_DOCS: Final = "https://bybit-exchange.github.io/docs/v5/market"

LIMITS: Final[Mapping[str, Limit]] = {
    "/v5/market/kline": Limit(1000, 200, f"{_DOCS}/kline"),
    "/v5/market/open-interest": Limit(200, 50, f"{_DOCS}/open-interest"),
    "/v5/market/instruments-info": Limit(1000, 500, f"{_DOCS}/instrument"),
}

# https://bybit-exchange.github.io/docs/v5/enum#category
_CATEGORIES: Final = ("spot", "linear", "inverse", "option")

# https://bybit-exchange.github.io/docs/v5/enum#interval
_INTERVALS: Final[Mapping[str, str]] = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "720": "12h",
    "D": "1d",
    "W": "1w",
    "M": "1M",
}

# https://bybit-exchange.github.io/docs/v5/enum#intervaltime
_OPEN_INTEREST_MS: Final[Mapping[str, int]] = {
    "5min": 300_000,
    "15min": 900_000,
    "30min": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}

# https://bybit-exchange.github.io/docs/v5/error: "Request parameter error"
_PARAMETER: Final = 10001

_LAUNCHED_MS: Final = 1_585_526_400_000


def answer(path: str, ask: Ask) -> Answer:
    """Answer one GET; the path is one of ``PATHS``."""
    try:
        result = PATHS[path](ask)
    except Refusal as no:
        return Answer(_envelope(no.code, no.message, {}, ask.now_ms))
    return Answer(_envelope(0, "OK", result, ask.now_ms))


def _envelope(code: int, message: str, result: Json, now_ms: int) -> Json:
    return {
        "retCode": code,
        "retMsg": message,
        "result": result,
        "retExtInfo": {},
        "time": now_ms,
    }


# endpoints


def _time(ask: Ask) -> Json:
    # https://bybit-exchange.github.io/docs/v5/market/time
    return {
        "timeSecond": str(ask.now_ms // 1000),
        "timeNano": str(ask.now_ms * 1_000_000),
    }


def _kline(ask: Ask) -> Json:
    # https://bybit-exchange.github.io/docs/v5/market/kline
    category = _category(ask, default="linear")
    market = _market(ask, category)
    timeframe = _INTERVALS.get(ask.query.get("interval", ""))
    if timeframe is None:
        raise Refusal(_PARAMETER, "Invalid period!")
    limit = _limit(ask, "/v5/market/kline")
    start_ms, end_ms = _number(ask, "start"), _number(ask, "end")
    window = Window(
        limit=limit,
        start_ms=start_ms,
        end_ms=end_ms,
        # Not documented: a start alone reads forward from there (ccxt relies on it),
        # whatever else reads back from the end.
        oldest=start_ms is not None and end_ms is None,
    )
    rows = market.tape.rows(timeframe, ask.bars_ms, window)
    cells = ask.spoil([_kline_row(row, market) for row in rows])
    return {"category": category, "symbol": market.symbol, "list": cells[::-1]}


def _kline_row(row: Row, market: Market) -> list[Any]:
    prices = (decimal(price, market.tape.price_decimals) for price in row[1:5])
    volume = decimal(row.volume, market.tape.volume_decimals)
    return [str(row.open_ms), *prices, volume, decimal(row.quote, 4)]


def _instruments(ask: Ask) -> Json:
    # https://bybit-exchange.github.io/docs/v5/market/instrument
    category = _category(ask)
    limit = _limit(ask, "/v5/market/instruments-info")
    status = ask.query.get("status", "Trading")
    markets = _listed(ask, category) if status == "Trading" else []
    first = _number(ask, "cursor") or 0
    page = markets[first : first + limit]
    more = str(first + limit) if first + limit < len(markets) else ""
    return {
        "category": category,
        "list": [_instrument(market) for market in page],
        "nextPageCursor": more,
    }


def _instrument(market: Market) -> Json:
    tick = decimal(10.0**-market.tape.price_decimals, market.tape.price_decimals)
    lot = decimal(10.0**-market.tape.volume_decimals, market.tape.volume_decimals)
    return {
        "symbol": market.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "launchTime": str(_LAUNCHED_MS),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(market.tape.price_decimals),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": "100.00",
            "leverageStep": "0.01",
        },
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999.80", "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": "100000000",
            "minOrderQty": lot,
            "qtyStep": lot,
            "postOnlyMaxOrderQty": "100000000",
            "maxMktOrderQty": "20000000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": market.quote,
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
    }


def _tickers(ask: Ask) -> Json:
    # https://bybit-exchange.github.io/docs/v5/market/tickers
    category = _category(ask)
    listed = _listed(ask, category)
    rows = (_ticker(market, ask) for market in listed)
    return {"category": category, "list": [row for row in rows if row is not None]}


def _ticker(market: Market, ask: Ask) -> Json | None:
    day = market.tape.day(ask.bars_ms)
    if day is None:
        return None
    digits = market.tape.price_decimals
    open_interest = market.open_interest.at(ask.bars_ms)
    last, tick = decimal(day.last, digits), 10.0**-digits
    return {
        "symbol": market.symbol,
        "lastPrice": last,
        "indexPrice": last,
        "markPrice": last,
        "prevPrice24h": decimal(day.day_ago, digits),
        "price24hPcnt": decimal(day.last / day.day_ago - 1, 6),
        "highPrice24h": decimal(day.high, digits),
        "lowPrice24h": decimal(day.low, digits),
        "prevPrice1h": decimal(day.hour_ago, digits),
        "openInterest": decimal(open_interest, market.tape.volume_decimals),
        "openInterestValue": decimal(open_interest * day.last, 2),
        "turnover24h": decimal(day.quote, 4),
        "volume24h": decimal(day.volume, market.tape.volume_decimals),
        "fundingRate": "0.0001",
        "nextFundingTime": str(next_funding_ms(ask.now_ms)),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "ask1Size": "1",
        "bid1Price": decimal(day.last - tick, digits),
        "ask1Price": last,
        "bid1Size": "1",
        "basis": "",
        "fundingIntervalHour": "8",
    }


def _open_interest(ask: Ask) -> Json:
    # https://bybit-exchange.github.io/docs/v5/market/open-interest
    category = _category(ask)
    market = _market(ask, category)
    step_ms = _OPEN_INTEREST_MS.get(ask.query.get("intervalTime", ""))
    if step_ms is None:
        raise Refusal(_PARAMETER, "Invalid intervalTime")
    limit = _limit(ask, "/v5/market/open-interest")
    end_ms = min(_number(ask, "endTime") or ask.bars_ms, ask.bars_ms)
    start_ms = _number(ask, "startTime") or 0
    newest = end_ms // step_ms * step_ms
    times = (newest - back * step_ms for back in range(limit))
    rows = [
        {
            "openInterest": decimal(
                market.open_interest.at(at_ms), market.tape.volume_decimals
            ),
            "timestamp": str(at_ms),
        }
        for at_ms in times
        if at_ms >= start_ms
    ]
    return {
        "symbol": market.symbol,
        "category": category,
        "list": rows,
        "nextPageCursor": "",
    }


PATHS: Final[Mapping[str, Callable[[Ask], Json]]] = {
    "/v5/market/time": _time,
    "/v5/market/kline": _kline,
    "/v5/market/instruments-info": _instruments,
    "/v5/market/tickers": _tickers,
    "/v5/market/open-interest": _open_interest,
}


# parameters


def _category(ask: Ask, default: str = "") -> str:
    category = ask.query.get("category", default)
    if category not in _CATEGORIES:
        raise Refusal(_PARAMETER, "params error: Category is invalid")
    return category


def _listed(ask: Ask, category: str) -> list[Market]:
    """Return the markets of a category; with a symbol, only that one."""
    if ask.query.get("symbol"):
        return [_market(ask, category)]
    return list(ask.markets.by_symbol.values()) if category == "linear" else []


def _market(ask: Ask, category: str) -> Market:
    symbol = ask.query.get("symbol", "")
    market = ask.markets.by_symbol.get(symbol) if category == "linear" else None
    if market is None:
        raise Refusal(_PARAMETER, "params error: symbol invalid " + symbol)
    return market


def _limit(ask: Ask, path: str) -> int:
    limit = LIMITS[path]
    wanted = _number(ask, "limit")
    if wanted is None:
        return limit.default
    if not 1 <= wanted <= limit.most:
        raise Refusal(_PARAMETER, f"params error: limit must be in [1, {limit.most}]")
    return wanted


def _number(ask: Ask, name: str) -> int | None:
    text = ask.query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Refusal(_PARAMETER, f"params error: {name} is invalid")
    return int(text)
