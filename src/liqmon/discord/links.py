"""Where to look at a market: the pages whose addresses follow from its name."""

import re
from typing import Final

from liqmon.core.model import Market

__all__ = ["chart_url", "links"]

# The exchange's name on each site. A market is charted only where the name of its
# perpetual is known to be base + quote.
_TRADINGVIEW: Final = {
    "binance": "BINANCE",
    "binancecoinm": "BINANCE",
    "binanceusdm": "BINANCE",
    "bitget": "BITGET",
    "bybit": "BYBIT",
    "okx": "OKX",
}
_COINGLASS: Final = {"binance": "Binance", "binanceusdm": "Binance", "bybit": "Bybit"}
_VENUES: Final = {
    "binance": ("Binance", "https://www.binance.com/en/futures/{name}"),
    "binanceusdm": ("Binance", "https://www.binance.com/en/futures/{name}"),
    "bybit": ("Bybit", "https://www.bybit.com/trade/usdt/{name}"),
}

# Names of markets come from exchanges: nothing else may get into an address.
_SAFE: Final = re.compile(r"[A-Z0-9]{2,40}")


def chart_url(market: Market) -> str:
    """Return the address of the market's chart, empty if there is none."""
    exchange = _TRADINGVIEW.get(market.exchange)
    if exchange is None or not _SAFE.fullmatch(market.name):
        return ""
    return f"https://www.tradingview.com/chart/?symbol={exchange}:{market.name}.P"


def links(market: Market) -> str:
    """Return Markdown links to the market's pages, empty if there are none."""
    pages = {"Chart": chart_url(market)}
    # These two know the market by this name only if it is settled in USDT.
    if market.quote == "USDT" and not market.inverse and _SAFE.fullmatch(market.name):
        pages |= _usdt_pages(market)
    return " · ".join(f"[{title}]({url})" for title, url in pages.items() if url)


def _usdt_pages(market: Market) -> dict[str, str]:
    pages = {}
    if market.exchange in _COINGLASS:
        place = f"{_COINGLASS[market.exchange]}_{market.name}"
        pages["Coinglass"] = f"https://www.coinglass.com/tv/{place}"
    if market.exchange in _VENUES:
        title, address = _VENUES[market.exchange]
        pages[title] = address.format(name=market.name)
    return pages
