"""Files and archives as histories: which belong together, and what is in them."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from liqmon.archive.bars import Bars
from liqmon.archive.months import Label, Shelf
from liqmon.backtest.sources import Source, from_archive, from_files, market_of
from liqmon.errors import UserError
from tapes import MIDNIGHT_MS, MINUTE_MS, bars

FOREVER_MS = 1 << 60
BTC = Label(
    exchange="bybit", symbol="BTC/USDT:USDT", base="BTC", quote="USDT", timeframe="1m"
)


def a_file(path: Path, *, first: int, count: int, step: int = 1) -> Path:
    """Write candles that open at minutes from ``first`` on, as csv or csv.gz."""
    lines = ["open_time,open,high,low,close,volume"]
    for number in range(count):
        open_ms = MIDNIGHT_MS + (first + number * step) * MINUTE_MS
        lines.append(f"{open_ms},{100 + number},{200 + number},50,{101 + number},7")
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def minutes(source: Source, since: int = -(1 << 40), until: int = 1 << 40) -> list[int]:
    """Return the minutes at which the candles open."""
    since_ms = MIDNIGHT_MS + since * MINUTE_MS
    until_ms = MIDNIGHT_MS + until * MINUTE_MS
    return [
        (int(open_ms) - MIDNIGHT_MS) // MINUTE_MS
        for part in source.parts(since_ms, until_ms)
        for open_ms in part.open_ms
    ]


def files(*paths: Path, timeframe: str | None = None) -> Sequence[Source]:
    return from_files(paths, exchange="file", timeframe=timeframe)


def test_a_file_is_a_history_of_its_own_with_its_key(tmp_path: Path) -> None:
    one = a_file(tmp_path / "binance_um_BTCUSDT_1m_x.csv.gz", first=0, count=30)
    two = a_file(tmp_path / "spot_BTCUSDT_1m_y.csv", first=5, count=20)

    first, second = files(one, two)

    assert (first.key, second.key) == ("um_BTCUSDT_1m_x", "spot_BTCUSDT_1m_y")
    assert first.market.symbol == second.market.symbol == "BTC/USDT:USDT"
    assert (first.timeframe, first.market.exchange) == ("1m", "file")
    assert minutes(first) == list(range(30))
    assert minutes(first, 3, 7) == [3, 4, 5, 6]
    assert first.end_ms() == MIDNIGHT_MS + 30 * MINUTE_MS


def test_binance_s_months_are_one_history_and_no_bar_comes_twice(
    tmp_path: Path,
) -> None:
    late = a_file(tmp_path / "BTCUSDT-1m-2024-02.csv", first=8, count=12)
    early = a_file(tmp_path / "BTCUSDT-1m-2024-01.csv", first=0, count=10)
    other = a_file(tmp_path / "ETHUSDT-1m-2024-01.csv", first=0, count=10)

    both, single = files(late, other, early)

    assert both.key == "BTCUSDT_1m"
    assert minutes(both) == list(range(20))
    assert both.end_ms() == MIDNIGHT_MS + 20 * MINUTE_MS
    assert single.market.base == "ETH"


def test_finer_candles_are_made_into_larger_ones(tmp_path: Path) -> None:
    path = a_file(tmp_path / "BTCUSDT_1m.csv", first=0, count=20)

    (source,) = files(path, timeframe="5m")

    (part,) = source.parts(0, FOREVER_MS)
    assert source.timeframe == "5m"
    assert part.timeframe_ms == 300_000
    assert part.volume.tolist() == [35.0] * 4
    assert part.close.tolist() == [105.0, 110.0, 115.0, 120.0]


def test_a_name_without_a_timeframe_is_told_by_its_candles(tmp_path: Path) -> None:
    path = a_file(tmp_path / "BTCUSDT.csv", first=0, count=20, step=5)

    (source,) = files(path)

    assert source.timeframe == "5m"


@pytest.mark.parametrize(("step", "wanted"), [(5, "1m"), (15, None), (15, "5m")])
def test_candles_that_are_too_coarse_are_refused(
    tmp_path: Path, step: int, wanted: str | None
) -> None:
    path = a_file(tmp_path / f"BTCUSDT_{step}m.csv", first=0, count=20, step=step)
    (source,) = files(path, timeframe=wanted)

    with pytest.raises(UserError, match="cannot be judged as") as raised:
        list(source.parts(0, FOREVER_MS))

    assert raised.value.hint == "the detector reads candles of 1m or 5m"


def test_a_name_that_says_nothing_is_an_error_with_an_example(tmp_path: Path) -> None:
    path = a_file(tmp_path / "candles_1m.csv", first=0, count=20)

    with pytest.raises(UserError, match="does not say which market"):
        files(path)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT:USDT"),
        ("1000PEPEUSDC", "1000PEPE/USDC:USDC"),
        ("BTC-PERP", "BTC/USD:USD"),
        ("ETH_USDT", "ETH/USDT:USDT"),
    ],
)
def test_a_market_is_told_by_its_quote(name: str, symbol: str) -> None:
    assert market_of(name, exchange="file").symbol == symbol


@pytest.mark.parametrize("name", ["BTCEUR", "USDT"])
def test_an_unknown_quote_is_an_error(name: str) -> None:
    with pytest.raises(UserError, match="cannot tell the quote"):
        market_of(name, exchange="file")


# the archive


def recording(first: int = 0, count: int = 30) -> Bars:
    return bars(
        [100.0 + at for at in range(count)], first_ms=MIDNIGHT_MS + first * MINUTE_MS
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = recording()
    span = (int(made.open_ms[0]), int(made.open_ms[-1]) + MINUTE_MS)
    inverse = replace(
        BTC, symbol="BTC/USD:BTC", quote="USD", inverse=True, contract_size=100.0
    )
    for label in (BTC, inverse, replace(BTC, symbol="ETH/USDT:USDT", base="ETH")):
        Shelf(tmp_path, label).add(made, span)
    return tmp_path


def archived(root: Path, *symbols: str, **options: bool) -> Sequence[Source]:
    return from_archive(root, symbols, exchange="bybit", timeframe="1m", **options)


def test_an_archived_market_is_found_however_it_is_spelled(archive: Path) -> None:
    for text in ("BTCUSDT", "btc/usdt", "BTC/USDT:USDT", "BTC-USDT-SWAP"):
        (source,) = archived(archive, text, text.lower())
        assert source.market.key == "bybit:BTC/USDT:USDT"
        assert minutes(source, 3, 6) == [3, 4, 5]
        assert source.end_ms() == MIDNIGHT_MS + 30 * MINUTE_MS


def test_what_an_exchange_says_of_a_market_is_kept(archive: Path) -> None:
    (source,) = archived(archive, "BTC/USD:BTC")

    assert source.market.inverse
    assert source.market.contract_size == 100.0


def test_without_names_it_is_the_whole_archive(archive: Path) -> None:
    assert [source.market.symbol for source in archived(archive)] == [
        "BTC/USD:BTC",
        "BTC/USDT:USDT",
        "ETH/USDT:USDT",
    ]


def test_what_is_not_there_is_told_with_the_command_that_fetches_it(
    archive: Path,
) -> None:
    with pytest.raises(UserError, match="no 1m candles of SOLUSDT on bybit") as raised:
        archived(archive, "BTCUSDT", "SOLUSDT")
    assert raised.value.hint.startswith(
        "liqmon download SOLUSDT --exchange bybit --timeframe 1m"
    )
    with pytest.raises(UserError, match="no 5m candles of any market on bybit"):
        from_archive(archive, (), exchange="bybit", timeframe="5m")


def test_leniently_it_is_what_there_is(archive: Path) -> None:
    found = archived(archive, "SOLUSDT", "ETHUSDT", lenient=True)

    assert [source.market.base for source in found] == ["ETH"]
    assert archived(archive, lenient=True) == []


def test_a_month_of_an_archive_can_be_named_as_a_file(archive: Path) -> None:
    folder = Shelf(archive, BTC).folder

    (source,) = files(folder / "2024-01.npz")

    assert (source.key, source.timeframe) == ("BTCUSDT_1m", "1m")
    assert minutes(source) == list(range(30))


def test_an_empty_shelf_ends_at_the_beginning_of_time(tmp_path: Path) -> None:
    nothing = recording().rows(np.empty(0, dtype=np.int64))
    Shelf(tmp_path, BTC).add(nothing, (MIDNIGHT_MS, MIDNIGHT_MS + MINUTE_MS))

    (source,) = archived(tmp_path, "BTCUSDT")

    assert source.end_ms() == 0
    assert minutes(source) == []
