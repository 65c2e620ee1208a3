import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from disks import full_disk
from liqmon.archive.bars import Bars
from liqmon.archive.months import Label, Shelf, read_month, shelves
from liqmon.archive.reader import read
from liqmon.errors import UserError
from tapes import MIDNIGHT_MS, MINUTE_MS, bars

BTC = Label(
    exchange="bybit", symbol="BTC/USDT:USDT", base="BTC", quote="USDT", timeframe="1m"
)
DAY_MS = 1440 * MINUTE_MS
FEBRUARY_MS = MIDNIGHT_MS + 31 * DAY_MS


def around_new_month() -> Bars:
    """Return four minutes of January and three of February 2024."""
    return bars([float(price) for price in range(100, 107)], first_ms=_FOUR_BEFORE_MS)


_FOUR_BEFORE_MS = FEBRUARY_MS - 4 * MINUTE_MS
ASKED = (_FOUR_BEFORE_MS, FEBRUARY_MS + 3 * MINUTE_MS)


def opens(shelf: Shelf, since_ms: int = 0, until_ms: int = 1 << 60) -> list[int]:
    return [
        int(open_ms)
        for part in shelf.parts(since_ms, until_ms)
        for open_ms in part.open_ms
    ]


def test_there_is_one_file_a_month_and_it_reads_back_as_it_was(tmp_path: Path) -> None:
    shelf, made = Shelf(tmp_path, BTC), around_new_month()
    shelf.add(made, ASKED)

    assert [path.name for path in sorted(shelf.folder.iterdir())] == [
        "2024-01.npz",
        "2024-02.npz",
    ]
    assert shelf.folder == tmp_path / "bybit" / "BTC-USDT_USDT" / "1m"
    january, february = shelf.parts(0, 1 << 60)
    for name in ("open_ms", "open", "high", "low", "close", "volume"):
        both = np.concatenate([getattr(january, name), getattr(february, name)])
        assert both.tolist() == getattr(made, name).tolist()
    assert (january.symbol, january.timeframe) == ("BTCUSDT", "1m")


def test_only_the_time_asked_for_is_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    shelf.add(around_new_month(), ASKED)

    since_ms = FEBRUARY_MS - 2 * MINUTE_MS
    assert opens(shelf, since_ms, FEBRUARY_MS + MINUTE_MS) == [
        since_ms,
        since_ms + MINUTE_MS,
        FEBRUARY_MS,
    ]
    assert opens(shelf, FEBRUARY_MS + DAY_MS) == []
    assert opens(shelf, 0, FEBRUARY_MS - DAY_MS) == []


def test_it_knows_what_was_asked_for_over_months_and_gaps(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    assert shelf.asked() == []
    shelf.add(around_new_month(), ASKED)
    later = (FEBRUARY_MS + DAY_MS, FEBRUARY_MS + 2 * DAY_MS)
    shelf.add(around_new_month().rows(slice(0, 0)), later)

    assert shelf.asked() == [ASKED, later]
    assert shelf.span() == ASKED


def test_asking_again_replaces_that_time_and_nothing_else(tmp_path: Path) -> None:
    shelf, made = Shelf(tmp_path, BTC), around_new_month()
    shelf.add(made, ASKED)
    again = replace(made, close=made.high).rows(np.array([2], dtype=np.int64))
    asked = (_FOUR_BEFORE_MS + MINUTE_MS, FEBRUARY_MS - MINUTE_MS)
    shelf.add(again, asked)

    assert shelf.asked() == [ASKED]
    january = next(shelf.parts(0, FEBRUARY_MS))
    assert january.open_ms.tolist() == made.open_ms[[0, 2, 3]].tolist()
    assert january.close.tolist() == [101.0, 104.0, 104.0]


def test_an_archive_without_bars_has_no_span(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    shelf.add(around_new_month().rows(slice(0, 0)), ASKED)

    assert shelf.span() is None
    assert opens(shelf) == []


def test_shelves_are_found_with_their_labels(tmp_path: Path) -> None:
    inverse = Label(
        exchange="okx",
        symbol="BTC/USD:BTC",
        base="BTC",
        quote="USD",
        timeframe="1m",
        inverse=True,
        contract_size=100.0,
    )
    for label in (inverse, BTC):
        Shelf(tmp_path, label).add(around_new_month(), ASKED)

    assert [shelf.label for shelf in shelves(tmp_path)] == [BTC, inverse]
    assert shelves(tmp_path / "nowhere") == []


def test_a_month_can_be_given_like_any_candle_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    shelf.add(around_new_month(), ASKED)
    path = shelf.folder / "2024-01.npz"

    assert read(path).open_ms.tolist() == read_month(path).open_ms.tolist()
    assert len(read(path)) == 4


def test_a_name_with_odd_characters_stays_within_the_archive(tmp_path: Path) -> None:
    label = replace(BTC, symbol="../../A B/USDT:USDT")

    assert ".." not in label.folder.parts
    assert len(label.folder.parts) == 3


def test_damage_and_other_versions_are_told_with_the_way_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    shelf.add(around_new_month(), ASKED)
    path = shelf.folder / "2024-01.npz"
    whole = path.read_bytes()

    for content in (whole[:-200], b"", b"open,high\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged, or no part") as raised:
            read_month(path)
        assert "download again" in raised.value.hint
    np.savez(path, about=np.array(json.dumps({"form": 9})))
    with pytest.raises(UserError, match="another version of liqmon"):
        read_month(path)
    path.unlink()
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_month(path)


def test_a_full_disk_leaves_the_month_as_it_was(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BTC)
    shelf.add(around_new_month(), ASKED)

    with full_disk(), pytest.raises(UserError, match="cannot be written: File too"):
        shelf.add(around_new_month().rows(slice(0, 1)), ASKED)

    assert len(opens(shelf)) == 7
    assert len(list(shelf.folder.iterdir())) == 2
