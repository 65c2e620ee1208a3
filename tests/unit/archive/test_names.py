from pathlib import Path

import pytest

from liqmon.archive.names import named


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("binance_spot_BTCUSDT_1m_2021-04_2021-05.csv.gz", "BTCUSDT", "1m"),
        ("binance_um_1INCHUSDT_5m_2022-06_2022-11.csv.gz", "1INCHUSDT", "5m"),
        ("binance_um_BTCUSDT_1m_2023-07_2023-08_quiet.csv.gz", "BTCUSDT", "1m"),
        ("ftx_BTC-PERP_1m_2021-12-31_2022-02-01.csv.gz", "BTC-PERP", "1m"),
        ("BTCUSDT-1m-2024-01.zip", "BTCUSDT", "1m"),
        ("1000PEPEUSDT-1h-2024-01-31.csv", "1000PEPEUSDT", "1h"),
        ("ETHUSDT_4h.csv", "ETHUSDT", "4h"),
        ("ETHUSDT.csv", "ETHUSDT", None),
        ("BTCUSDT-7m-2024-01.zip", "BTCUSDT", None),
        ("candles.csv", None, None),
    ],
)
def test_a_name_says_market_and_timeframe(
    name: str, symbol: str | None, timeframe: str | None
) -> None:
    found = named(Path("/data") / name)

    assert (found.symbol, found.timeframe) == (symbol, timeframe)


def test_files_named_for_a_month_or_a_day_are_parts_of_a_history() -> None:
    assert named(Path("BTCUSDT-1m-2024-01.zip")).is_part
    assert named(Path("BTCUSDT-1m-2024-01-31.csv")).is_part
    assert not named(Path("BTCUSDT_1m_2024-01.csv.gz")).is_part
