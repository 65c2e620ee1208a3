import gzip
from pathlib import Path

import pytest

from liqmon.errors import UserError
from liqmon.sim.markets import Market, recorded
from liqmon.sim.tape import Tape
from tapes import MIDNIGHT_MS, MINUTE_MS, bars, market

HOUR_MS = 60 * MINUTE_MS
DAY = 24 * 60


def file(
    path: Path,
    name: str,
    first: int = 0,
    count: int = 5 * DAY,
    step: int = 1,
) -> Path:
    lines = ["open_time,open,high,low,close,volume"]
    lines += [
        f"{MIDNIGHT_MS + place * MINUTE_MS},10,12,9,11,5"
        for place in range(first, first + count, step)
    ]
    where = path / name
    where.write_bytes(gzip.compress("\n".join(lines).encode(), compresslevel=1))
    return where


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [
        ("BTCUSDT", "BTC", "USDT"),
        ("ETHUSDC", "ETH", "USDC"),
        ("1000PEPEUSDT", "1000PEPE", "USDT"),
        ("BTCUSD", "BTC", "USD"),
    ],
)
def test_a_symbol_is_base_and_quote(symbol: str, base: str, quote: str) -> None:
    made = market(bars([1.0], symbol=symbol))

    assert (made.base, made.quote) == (base, quote)


@pytest.mark.parametrize("symbol", ["BTC-PERP", "USDT", "ETHBTC"])
def test_a_symbol_of_another_quote_is_refused(symbol: str) -> None:
    with pytest.raises(UserError, match="no market of this name"):
        Market.of(symbol, Tape(bars([1.0])), market(bars([1.0])).open_interest)


def test_open_interest_is_that_of_the_moment() -> None:
    interest = market(bars([1.0, 2.0, 3.0])).open_interest
    minute = [interest.at(MIDNIGHT_MS + n * MINUTE_MS) for n in (-1, 0, 1, 9)]

    assert minute == [100.0, 100.0, 101.0, 102.0]


def test_time_begins_when_every_market_has_72_hours(tmp_path: Path) -> None:
    made = recorded(
        [
            file(tmp_path, "BTCUSDT_1m.csv.gz"),
            file(tmp_path, "ETHUSDT_1m.csv.gz", first=60),
        ]
    )

    assert list(made.by_symbol) == ["BTCUSDT", "ETHUSDT"]
    assert made.start_ms == MIDNIGHT_MS + 73 * HOUR_MS
    assert made.first_ms == MIDNIGHT_MS + HOUR_MS
    assert made.end_ms == MIDNIGHT_MS + 121 * HOUR_MS
    assert made.timeframe == "1m"
    assert not made.truth.known


def test_time_begins_when_it_is_told_to(tmp_path: Path) -> None:
    path = file(tmp_path, "BTCUSDT_1m.csv.gz")

    assert recorded([path], start_ms=MIDNIGHT_MS + 1).start_ms == MIDNIGHT_MS + 1


def test_several_files_of_one_market_are_one_market(tmp_path: Path) -> None:
    made = recorded(
        [
            file(tmp_path, "BTCUSDT-1m-2024-01.csv.gz", first=DAY, count=DAY),
            file(tmp_path, "BTCUSDT-1m-2023-12.csv.gz", count=DAY),
        ]
    )

    assert len(made.by_symbol["BTCUSDT"].tape.bars) == 2 * DAY


def test_the_finest_timeframe_of_all_is_that_of_the_coarsest(tmp_path: Path) -> None:
    made = recorded(
        [
            file(tmp_path, "BTCUSDT_1m.csv.gz"),
            file(tmp_path, "ETHUSDT_5m.csv.gz", step=5),
        ]
    )

    assert made.timeframe == "5m"


def test_one_market_has_one_timeframe(tmp_path: Path) -> None:
    paths = [
        file(tmp_path, "BTCUSDT_1m.csv.gz"),
        file(tmp_path, "BTCUSDT_5m.csv.gz", step=5),
    ]
    with pytest.raises(UserError, match="different timeframes: 1m, 5m"):
        recorded(paths)


def test_a_recorded_market_has_a_flat_open_interest(tmp_path: Path) -> None:
    interest = recorded([file(tmp_path, "BTCUSDT_1m.csv.gz")]).by_symbol["BTCUSDT"]

    assert interest.open_interest.at(0) == interest.open_interest.at(2**50) == 1_500
