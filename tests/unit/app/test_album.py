from dataclasses import dataclass

import pytest

from candles import calm
from factories import ETH, MARKET, a_finding
from liqmon.app.album import Album
from liqmon.core.model import Candles, Market

TWO_HOURS = calm(2, timeframe_ms=60_000)


@dataclass
class Source:
    market: Market = MARKET
    candles: Candles = TWO_HOURS


async def test_the_chart_is_that_of_the_finding_s_market() -> None:
    pytest.importorskip("PIL", reason="charts need Pillow")
    album = Album(patience_s=60)
    album.follow([Source()])
    finding = a_finding(onset_ms=int(Source().candles.open_ms[-9]))

    picture = await album.picture(finding)

    assert picture is not None
    assert picture.data.startswith(b"\x89PNG")
    assert "BTCUSDT" in picture.description


async def test_a_market_that_is_not_watched_has_no_chart() -> None:
    album = Album()
    album.follow([Source()])

    assert await album.picture(a_finding(market=ETH)) is None


async def test_without_candles_there_is_no_chart() -> None:
    album = Album()
    album.follow([Source(candles=Candles.empty(60_000))])

    assert await album.picture(a_finding()) is None


async def test_a_market_that_is_watched_no_longer_has_no_chart() -> None:
    album = Album()
    album.follow([Source()])
    album.forget(Source())

    assert await album.picture(a_finding()) is None
