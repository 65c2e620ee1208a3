"""What venues tell of volume and open interest, in the shapes they really send.

The raw answers are those in ccxt's own comments; ccxt's own parsers read them.
"""

from typing import Any

import ccxt.async_support as ccxt
import pytest
from hypothesis import given, strategies as st

from liqmon.core.model import Market
from liqmon.errors import FeedUnavailable
from liqmon.exchange.activity import Activity, activities, with_open_interests

RAW: dict[str, dict[str, Any]] = {
    "bybit": {
        "symbol": "BTCUSDT",
        "lastPrice": "100",
        "turnover24h": "5000",
        "volume24h": "50",
        "openInterest": "7",
        "openInterestValue": "700",
    },
    "binanceusdm": {
        "symbol": "BTCUSDT",
        "lastPrice": "100",
        "volume": "50",
        "quoteVolume": "5000",
    },
    "okx": {
        "instType": "SWAP",
        "instId": "BTC-USDT-SWAP",
        "last": "100",
        "volCcy24h": "50",
        "vol24h": "5000",
    },
    "bitget": {
        "symbol": "BTCUSDT",
        "lastPr": "100",
        "baseVolume": "50",
        "quoteVolume": "5000",
        "holdingAmount": "7",
    },
    "gate": {
        "contract": "BTC_USDT",
        "last": "100",
        "volume_24h": "5000",
        "volume_24h_base": "50",
        "volume_24h_quote": "5000",
        "total_size": "700",
    },
    "hyperliquid": {
        "name": "BTC",
        "dayNtlVlm": "5000",
        "midPx": "100",
        "markPx": "100",
        "openInterest": "7",
    },
}
NAMES = {
    "okx": "BTC-USDT-SWAP",
    "gate": "BTC_USDT",
    "hyperliquid": "0",
    "bybit": "BTCUSDT",
    "binanceusdm": "BTCUSDT",
    "bitget": "BTCUSDT",
}
SIZES = {"okx": 0.01, "gate": 0.01}


def market_on(exchange: str) -> Market:
    size = SIZES.get(exchange, 1.0)
    return Market(exchange, "BTC/USDT:USDT", "BTC", "USDT", contract_size=size)


def parsed(exchange: str) -> dict[str, Any]:
    """Return what ccxt makes of the raw ticker."""
    market = {
        "symbol": "BTC/USDT:USDT",
        "id": NAMES[exchange],
        "type": "swap",
        "swap": True,
        "linear": True,
        "spot": False,
        "contract": True,
        "contractSize": SIZES.get(exchange, 1.0),
    }
    ticker: dict[str, Any] = getattr(ccxt, exchange)().parse_ticker(
        RAW[exchange], market
    )
    return ticker


@pytest.mark.parametrize("exchange", RAW)
def test_the_volume_of_every_venue_is_in_quote_units(exchange: str) -> None:
    market = market_on(exchange)

    found = activities({market.symbol: parsed(exchange)}, [market])

    assert found[market.symbol].volume == pytest.approx(5000.0)


@pytest.mark.parametrize(
    ("exchange", "interest"),
    [
        ("bybit", 700.0),
        ("bitget", 700.0),
        ("gate", 700.0),
        ("hyperliquid", 700.0),
        ("binanceusdm", None),
        ("okx", None),
    ],
)
def test_open_interest_comes_with_the_tickers_of_some(
    exchange: str, interest: float | None
) -> None:
    market = market_on(exchange)

    found = activities({market.symbol: parsed(exchange)}, [market])

    assert found[market.symbol].open_interest == (interest and pytest.approx(interest))


@pytest.mark.parametrize(
    ("exchange", "row", "interest"),
    [
        ("okx", {"openInterestValue": 700, "openInterestAmount": 3}, 700.0),
        ("binanceusdm", {"openInterestAmount": 7.0}, 700.0),
        ("kucoinfutures", {"openInterestAmount": 7.0}, 350.0),
        ("binanceusdm", {"openInterestAmount": None}, None),
        ("binanceusdm", {"openInterestAmount": "seven"}, None),
    ],
)
def test_open_interest_that_is_asked_for_is_in_quote_units(
    exchange: str, row: dict[str, Any], interest: float | None
) -> None:
    market = Market(exchange, "BTC/USDT:USDT", "BTC", "USDT", contract_size=0.5)
    known = {market.symbol: Activity(volume=1.0, price=100.0)}

    found = with_open_interests(known, {market.symbol: row}, [market])

    assert found[market.symbol] == Activity(1.0, interest, 100.0)


def test_who_is_not_in_the_answer_keeps_what_was_known() -> None:
    market = market_on("okx")
    known = {market.symbol: Activity(volume=1.0)}

    assert with_open_interests(known, {}, [market]) == known
    assert with_open_interests(known, None, [market]) == known


def test_contracts_are_counted_in_base_units_where_a_venue_has_only_those() -> None:
    market = Market("mexc", "BTC/USDT:USDT", "BTC", "USDT", contract_size=0.01)
    ticker: dict[str, Any] = {
        "last": 100.0,
        "baseVolume": 5000.0,
        "quoteVolume": None,
        "info": {},
    }

    found = activities({market.symbol: ticker}, [market])

    assert found[market.symbol].volume == pytest.approx(5000.0)


@pytest.mark.parametrize("answer", [None, [], "<html>", {}, {"ETH/USDT:USDT": {}}])
def test_an_answer_without_tickers_is_a_failed_call(answer: object) -> None:
    with pytest.raises(FeedUnavailable):
        activities(answer, [market_on("bybit")])


JUNK = st.none() | st.booleans() | st.text(max_size=9) | st.floats() | st.integers()


@given(
    st.dictionaries(
        st.sampled_from(["last", "close", "markPrice", "quoteVolume", "baseVolume"]),
        JUNK,
    ),
    JUNK | st.dictionaries(st.sampled_from(["openInterestValue", "total_size"]), JUNK),
)
def test_whatever_stands_in_a_ticker_is_a_number_or_unknown(
    ticker: dict[str, object], info: object
) -> None:
    for exchange in ("bybit", "gate", "okx"):
        market = market_on(exchange)
        found = activities({market.symbol: {**ticker, "info": info}}, [market])

        for value in (found[market.symbol].volume, found[market.symbol].open_interest):
            assert value is None or value >= 0.0
