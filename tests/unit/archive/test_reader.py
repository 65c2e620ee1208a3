import gzip
import zipfile
from pathlib import Path

import pytest

from liqmon.archive.reader import read
from liqmon.errors import UserError
from recorded import candle_file
from tapes import MIDNIGHT_MS, MINUTE_MS

HEADER = "open_time,open,high,low,close,volume"
TWELVE = f"{HEADER},close_time,quote_volume,count,taker_buy_volume,x,ignore"


def row(place: int, price: float = 10.0, *, unit: int = 1) -> str:
    at = (MIDNIGHT_MS + place * MINUTE_MS) * unit
    return f"{at},{price},{price + 2},{price - 1},{price + 1},12"


def twelve(place: int, *, unit: int = 1) -> str:
    return f"{row(place, unit=unit)},0,120.5,7,5.5,55,0"


def file(path: Path, *lines: str, name: str = "BTCUSDT-1m-2024-01.csv") -> Path:
    where = path / name
    where.write_text("\n".join(lines) + "\n")
    return where


def test_a_file_with_a_header_is_read(tmp_path: Path) -> None:
    bars = read(file(tmp_path, HEADER, row(0), row(1, 11.0), row(3)))

    assert (bars.symbol, bars.timeframe, len(bars)) == ("BTCUSDT", "1m", 3)
    assert bars.open_ms.tolist() == [MIDNIGHT_MS + n * MINUTE_MS for n in (0, 1, 3)]
    assert [bars.open[1], bars.high[1], bars.low[1], bars.close[1]] == [11, 13, 10, 12]
    assert bars.volume.tolist() == [12.0] * 3
    assert bars.quote_volume is None
    assert bars.taker_buy is None


@pytest.mark.parametrize("header", [(TWELVE,), ()])
@pytest.mark.parametrize("unit", [1, 1000])
def test_binances_twelve_columns_need_no_header(
    tmp_path: Path, header: tuple[str, ...], unit: int
) -> None:
    bars = read(file(tmp_path, *header, twelve(0, unit=unit), twelve(1, unit=unit)))

    assert bars.open_ms.tolist() == [MIDNIGHT_MS, MIDNIGHT_MS + MINUTE_MS]
    assert bars.quote_volume is not None
    assert bars.taker_buy is not None
    assert bars.quote_volume.tolist() == [120.5, 120.5]
    assert bars.taker_buy.tolist() == [5.5, 5.5]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    where = file(
        tmp_path, "volume,open_time,open,high,low,close", f"9,{row(0)[:-3]}", ""
    )

    assert read(where).volume.tolist() == [9.0]


def test_gzip_and_zip_are_unpacked(tmp_path: Path) -> None:
    text = "\n".join([HEADER, row(0), row(1)])
    packed = tmp_path / "um_ETHUSDT_1m.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    zipped = tmp_path / "ETHUSDT-1m-2024-01.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("ETHUSDT-1m-2024-01.csv", text)

    assert read(packed).open.tolist() == read(zipped).open.tolist() == [10.0, 10.0]


def test_rows_may_stand_in_any_order_and_twice(tmp_path: Path) -> None:
    bars = read(file(tmp_path, HEADER, row(2, 3.0), row(0, 5.0), row(1), row(0, 6.0)))

    assert bars.open.tolist() == [6.0, 10.0, 3.0]


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    assert len(read(file(tmp_path, "\ufeff" + HEADER, "", row(0), "", row(1)))) == 2


def test_market_and_timeframe_can_be_given(tmp_path: Path) -> None:
    where = file(tmp_path, HEADER, row(0), name="candles.csv")
    bars = read(where, symbol="SOLUSDT", timeframe="1m")

    assert (bars.symbol, bars.timeframe) == ("SOLUSDT", "1m")


def test_without_a_name_the_rows_tell_the_timeframe(tmp_path: Path) -> None:
    where = file(tmp_path, HEADER, row(0), row(5), row(15), name="BTCUSDT.csv")

    assert read(where).timeframe == "5m"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], "is empty"),
        ([HEADER], "a header and no rows"),
        (["open_time,open", row(0)], ":1: the header has no column high, low"),
        ([row(0)], ":1: 6 columns and no header"),
        ([HEADER, row(0), "what"], ":3: only 1 columns"),
        ([HEADER, "", row(0), row(1).replace("10.0", "x")], ":4: open is not a number"),
        ([HEADER, row(0), row(1)[:-2] + "nan"], ":3: no candle has"),
        ([HEADER, row(0), row(1, 0.5)], ":3: no candle has"),
        ([HEADER, "", row(0), row(1)[:-2] + "-1"], ":4: no candle has"),
        ([HEADER, f"{MIDNIGHT_MS},5,4,3,4,1"], ":2: no candle has open 5, high 4"),
        ([HEADER, "1704067200,5,6,3,4,1"], ":2: open_time 1.70407e+09 is not in"),
        ([HEADER, "nan,5,6,3,4,1"], ":2: open_time nan is not in"),
        ([HEADER, row(0), row(5)], "rows 300 s apart are no 1m candles"),
        ([HEADER, f"{MIDNIGHT_MS + 1},5,6,3,4,1"], "no 1m bar opens at 1704067200001"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, lines: list[str], complaint: str
) -> None:
    where = file(tmp_path, *lines)
    with pytest.raises(UserError) as caught:
        read(where)

    assert str(caught.value).startswith(str(where))
    assert complaint in str(caught.value)
    assert caught.value.hint


def test_a_row_that_only_numpy_refuses_is_still_reported(tmp_path: Path) -> None:
    # float() allows an underscore between digits, a table of numbers does not
    with pytest.raises(UserError, match="cannot be read"):
        read(file(tmp_path, HEADER, row(0).replace("10.0", "1_0")))


@pytest.mark.parametrize("name", ["candles.csv", "BTCUSDT.csv"])
def test_a_name_that_says_too_little_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"which market|its timeframe"):
        read(file(tmp_path, HEADER, row(0), name=name))


@pytest.mark.parametrize("name", ["BTCUSDT-1m-2024-01.zip", "BTCUSDT_1m.csv.gz"])
def test_a_file_that_is_not_what_it_is_called_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UserError, match=r"damaged|no gzip"):
        read(file(tmp_path, HEADER, row(0), name=name))


def test_half_a_gzip_file_is_refused(tmp_path: Path) -> None:
    where = tmp_path / "BTCUSDT_1m.csv.gz"
    where.write_bytes(gzip.compress(row(0).encode() * 50)[:-12])
    with pytest.raises(UserError, match="damaged"):
        read(where)


def test_a_zip_of_two_files_is_refused(tmp_path: Path) -> None:
    where = tmp_path / "BTCUSDT-1m-2024-01.zip"
    with zipfile.ZipFile(where, "w") as archive:
        archive.writestr("a.csv", "")
        archive.writestr("b.csv", "")
    with pytest.raises(UserError, match=r"2 \.csv files"):
        read(where)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read(tmp_path / "BTCUSDT-1m-2024-01.csv")


def test_recorded_taker_volume_is_read() -> None:
    bars = read(candle_file("binance_um_FILUSDT_1m_2023-08"))

    assert len(bars) == 44_640
    assert bars.taker_buy is not None
    assert (bars.taker_buy <= bars.volume + 1e-9).all()
