"""The picture: its columns are right, its marks are where they belong."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from candles import START_MS, calm, end_ms
from disks import full_disk
from factories import a_finding
from liqmon.backtest.chart import draw
from liqmon.backtest.columns import gathered
from liqmon.core.model import Candles, Phase, PositionSide, Severity
from liqmon.errors import UserError

STEP_MS = 300_000
DAY = calm(24.0)
LONG = calm(24.0 * 40, seed=2)
RED = (0xED, 0x42, 0x45)
AMBER = (0xF0, 0xB1, 0x32)
BLUE = (0x58, 0x65, 0xF2)


def near(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """Return how many pixels have about this colour."""
    pixels = np.asarray(image).astype(int)
    return int((np.abs(pixels - np.array(colour)).max(axis=2) < 40).sum())


def drawn(
    path: Path, candles: Candles, *findings: object, **options: object
) -> Image.Image:
    columns = gathered([candles], int(candles.open_ms[0]), end_ms(candles))
    draw(path, columns, findings, name="BTCUSDT", title="a day", **options)  # type: ignore[arg-type]
    with Image.open(path) as image:
        return image.convert("RGB")


def test_a_short_history_has_a_column_for_each_candle() -> None:
    columns = gathered([DAY], START_MS, end_ms(DAY))

    assert columns.step_ms == STEP_MS
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(columns, name).tolist() == getattr(DAY, name).tolist()


def test_a_long_history_is_gathered_whatever_parts_it_comes_in() -> None:
    start_ms, stop_ms = START_MS, end_ms(LONG)
    parts = [LONG.rows(slice(at, at + 997)) for at in range(0, len(LONG), 997)]

    columns = gathered(parts, start_ms, stop_ms)

    per_column = columns.step_ms // STEP_MS
    assert columns.close.size <= 733
    assert columns.close.size * per_column >= len(LONG)
    at = slice(3 * per_column, 4 * per_column)
    assert columns.open[3] == LONG.open[at][0]
    assert columns.high[3] == LONG.high[at].max()
    assert columns.low[3] == LONG.low[at].min()
    assert columns.close[3] == LONG.close[at][-1]
    assert columns.volume[3] == pytest.approx(LONG.volume[at].sum())


def test_a_gap_is_a_column_without_a_price() -> None:
    columns = gathered(
        [DAY.rows(DAY.open_ms != DAY.open_ms[50])], START_MS, end_ms(DAY)
    )

    assert np.flatnonzero(np.isnan(columns.close)).tolist() == [50]


def test_nothing_cannot_be_drawn() -> None:
    with pytest.raises(UserError, match="no candles to draw"):
        gathered([], START_MS, START_MS + 1)


def test_a_finding_is_marked_where_it_was_decided(tmp_path: Path) -> None:
    finding = a_finding(
        severity=Severity.HIGH,
        decided_ms=int(DAY.open_ms[144]),
        price_to=float(DAY.close[143]),
    )

    image = drawn(tmp_path / "a.png", DAY, finding)

    assert image.size == (1600, 800)
    pixels = np.asarray(image).astype(int)
    marks = np.abs(pixels - np.array(RED)).max(axis=2) < 12
    marks[:60] = False  # the legend
    across = np.flatnonzero(marks.any(axis=0))
    middle = 24 + (1600 - 24 - 110) / 2
    assert abs(across.mean() - middle) < 4


def test_severities_differ_and_only_onsets_are_marked(tmp_path: Path) -> None:
    calm_picture = drawn(tmp_path / "a.png", DAY)
    at = {"decided_ms": int(DAY.open_ms[100]), "price_to": float(DAY.close[100])}
    low = a_finding(severity=Severity.LOW, liquidated=PositionSide.SHORT, **at)
    over = a_finding(severity=Severity.HIGH, phase=Phase.END, **at)

    picture = drawn(tmp_path / "b.png", DAY, low, over)

    assert near(picture, AMBER) > near(calm_picture, AMBER) + 50
    assert near(picture, RED) == near(calm_picture, RED)


def test_a_moment_is_a_line(tmp_path: Path) -> None:
    without = drawn(tmp_path / "a.png", DAY)
    picture = drawn(tmp_path / "b.png", DAY, moment_ms=int(DAY.open_ms[7]))

    assert near(without, BLUE) == 0
    assert near(picture, BLUE) > 500


def test_the_same_candles_give_the_same_picture(tmp_path: Path) -> None:
    drawn(tmp_path / "a.png", LONG)
    drawn(tmp_path / "b.png", LONG)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_market_that_stands_still_can_be_drawn(tmp_path: Path) -> None:
    flat = np.full(len(DAY), 1e-7)
    still = Candles(STEP_MS, DAY.open_ms, flat, flat, flat, flat, np.zeros(len(DAY)))

    assert drawn(tmp_path / "a.png", still).size == (1600, 800)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    columns = gathered([DAY], START_MS, end_ms(DAY))

    with full_disk(), pytest.raises(UserError, match="cannot be written: File too"):
        draw(tmp_path / "a.png", columns, [], name="", title="")


def test_without_pillow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    columns = gathered([DAY], START_MS, end_ms(DAY))

    with pytest.raises(UserError, match="need Pillow") as raised:
        draw(tmp_path / "a.png", columns, [], name="", title="")

    assert "liqmon[chart]" in raised.value.hint
