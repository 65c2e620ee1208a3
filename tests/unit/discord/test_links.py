"""Where to look at a market."""

from dataclasses import replace

import pytest

from factories import MARKET
from liqmon.core.model import Market
from liqmon.discord.links import chart_url, links


@pytest.mark.parametrize(
    ("exchange", "url"),
    [
        ("bybit", "https://www.tradingview.com/chart/?symbol=BYBIT:BTCUSDT.P"),
        ("binanceusdm", "https://www.tradingview.com/chart/?symbol=BINANCE:BTCUSDT.P"),
        ("okx", "https://www.tradingview.com/chart/?symbol=OKX:BTCUSDT.P"),
        ("kraken", ""),
        ("constructor", ""),
    ],
)
def test_a_chart_is_named_where_its_name_is_known(exchange: str, url: str) -> None:
    assert chart_url(replace(MARKET, exchange=exchange)) == url


def test_each_exchange_has_its_pages() -> None:
    assert links(replace(MARKET, exchange="binanceusdm")) == (
        "[Chart](https://www.tradingview.com/chart/?symbol=BINANCE:BTCUSDT.P) · "
        "[Coinglass](https://www.coinglass.com/tv/Binance_BTCUSDT) · "
        "[Binance](https://www.binance.com/en/futures/BTCUSDT)"
    )
    assert links(replace(MARKET, exchange="okx")) == (
        "[Chart](https://www.tradingview.com/chart/?symbol=OKX:BTCUSDT.P)"
    )
    assert links(replace(MARKET, exchange="kraken")) == ""


@pytest.mark.parametrize(
    "market",
    [replace(MARKET, quote="USDC"), replace(MARKET, quote="USD", inverse=True)],
)
def test_pages_that_know_usdt_only_are_left_out(market: Market) -> None:
    assert links(market) == f"[Chart]({chart_url(market)})"


@pytest.mark.parametrize(
    "base", ["BTC](http://evil.io)", "BTC&x=1", "BTC/..", "B TC", "币安人生", "b", ""]
)
def test_e22_nothing_but_letters_and_digits_gets_into_an_address(base: str) -> None:
    market = replace(MARKET, base=base, quote="USDT" if base else "")

    assert chart_url(market) == ""
    assert links(market) == ""
