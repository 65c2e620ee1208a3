"""The picture: its columns are right, its marks are where they belong."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from candles import START_MS, calm, end_ms
from disks import full_disk
from factories import a_finding
from liqmon.backtest.chart import draw, drawn
from liqmon.backtest.columns import gathered
from liqmon.charts.shapes import Line, Picture, Polygon, Rect, Text
from liqmon.core.model import Candles, Finding, Phase, PositionSide, Severity
from liqmon.errors import UserError

STEP_MS = 300_000
DAY = calm(24.0)
LONG = calm(24.0 * 40, seed=2)
LEFT, RIGHT = 24, 1490
MIDDLE = (LEFT + RIGHT) / 2
RED = "#ed4245"
FAINT_RED = "#632a2d"
AMBER = "#f0b132"
BLUE = "#5865f2"
UP, DOWN = "#3ba55d", "#d9534f"
VOLUME = "#4e5058"


def picture(candles: Candles, *findings: Finding, **options: Any) -> Picture:
    """Return the picture of all candles, before it is painted."""
    columns = gathered([candles], int(candles.open_ms[0]), end_ms(candles))
    return drawn(columns, findings, **{"name": "BTCUSDT", "title": "a day"} | options)


def lines(made: Picture, *colors: str) -> list[Line]:
    found = [shape for shape in made.shapes if isinstance(shape, Line)]
    return [line for line in found if line.color in colors]


def boxes(made: Picture, *colors: str) -> list[Rect]:
    found = [shape for shape in made.shapes if isinstance(shape, Rect)]
    return [box for box in found if box.color in colors]


def marks(made: Picture) -> list[Polygon]:
    return [shape for shape in made.shapes if isinstance(shape, Polygon)]


def texts(made: Picture) -> list[Text]:
    return [shape for shape in made.shapes if isinstance(shape, Text)]


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


@pytest.mark.parametrize(
    ("liquidated", "way"), [(PositionSide.LONG, 1), (PositionSide.SHORT, -1)]
)
def test_a_finding_is_marked_where_it_was_decided(
    liquidated: PositionSide, way: int
) -> None:
    finding = a_finding(
        severity=Severity.HIGH,
        liquidated=liquidated,
        decided_ms=int(DAY.open_ms[144]),
        price_to=float(DAY.high.max()),
    )

    made = picture(DAY, finding)

    [mark] = marks(made)
    [(tip_x, tip_y), (left, base_y), (right, _)] = mark.corners
    highest = min(wick.y0 for wick in lines(made, UP, DOWN))
    assert mark.color == RED
    assert tip_x == (left + right) / 2 == MIDDLE
    assert (highest - tip_y) * way == pytest.approx(6)
    assert (tip_y - base_y) * way == pytest.approx(16)


def test_severities_differ_and_only_onsets_are_marked() -> None:
    at = {"decided_ms": int(DAY.open_ms[100]), "price_to": float(DAY.close[100])}
    low = a_finding(severity=Severity.LOW, **at)
    high = a_finding(severity=Severity.HIGH, **at)
    over = a_finding(severity=Severity.HIGH, phase=Phase.END, **at)

    colors = [mark.color for mark in marks(picture(DAY, low, over, high))]

    assert colors == [AMBER, RED]


def test_a_rule_leads_through_the_moment_of_the_decision() -> None:
    finding = a_finding(severity=Severity.HIGH, decided_ms=int(DAY.open_ms[144]))

    [rule] = lines(picture(DAY, finding), FAINT_RED)

    assert rule.x0 == rule.x1 == MIDDLE


def test_a_moment_is_a_line() -> None:
    [line] = lines(picture(DAY, moment_ms=int(DAY.open_ms[72])), BLUE)

    assert line.x0 == line.x1 == (LEFT + MIDDLE) / 2
    assert lines(picture(DAY), BLUE) == []


def test_every_candle_is_a_wick_with_a_body_in_the_colour_of_its_way() -> None:
    made = picture(DAY)

    rose = DAY.close >= DAY.open
    colors = [UP if up else DOWN for up in rose]
    wicks, bodies = lines(made, UP, DOWN), boxes(made, UP, DOWN)
    assert [wick.color for wick in wicks] == [body.color for body in bodies] == colors
    for wick, body in zip(wicks, bodies, strict=True):
        assert body.left < wick.x0 == wick.x1 < body.right
        # a body is at least a point high, even if its wick is not
        assert wick.y0 <= body.top < body.bottom <= max(wick.y1, body.top + 1)


def test_a_column_without_a_price_is_left_empty() -> None:
    gap = DAY.rows(DAY.open_ms != DAY.open_ms[50])

    assert len(boxes(picture(gap), UP, DOWN)) == len(DAY) - 1


def test_the_highest_volume_is_as_high_as_its_strip() -> None:
    tops = [box.top for box in boxes(picture(DAY), VOLUME)]

    assert int(np.argmin(tops)) == int(np.argmax(DAY.volume))
    assert min(tops) == 656
    assert max(tops) < 756


def test_dense_columns_touch_and_do_not_overlap() -> None:
    bodies = boxes(picture(LONG), UP, DOWN)

    gaps = [after.left - body.right for body, after in pairwise(bodies)]
    assert len(bodies) > 700
    assert all(-1e-9 < gap < 0.1 for gap in gaps)


@pytest.mark.parametrize("price", [64_000.0, 340.0, 100.0, 1.0, 0.000012])
@pytest.mark.parametrize("hours", [4.0, 12.0, 24.0, 24.0 * 40])
def test_the_prices_beside_the_grid_are_those_of_its_lines(
    price: float, hours: float
) -> None:
    made = picture(calm(hours, price=price))

    labels = [text for text in texts(made) if text.x > RIGHT]
    values = [float(text.words.replace(",", "")) for text in labels]
    per_point = (values[-1] - values[0]) / (labels[-1].y - labels[0].y)
    assert 2 <= len(labels) <= 7
    for label, value in zip(labels, values, strict=True):
        expected = values[0] + per_point * (label.y - labels[0].y)
        assert value == pytest.approx(expected, rel=1e-9)


def test_times_are_told_below_and_days_by_their_date() -> None:
    below = [text.words for text in texts(picture(DAY)) if text.y > 756]

    assert below == ["2023-11-15", "04:00", "08:00", "12:00", "16:00", "20:00"]


def test_a_name_beyond_ascii_is_told_as_far_as_the_letters_go() -> None:
    words = [text.words for text in texts(picture(DAY, name="币安USDT 5m"))]

    assert "??USDT 5m" in words


def test_the_picture_is_painted_and_always_the_same(tmp_path: Path) -> None:
    columns = gathered([LONG], START_MS, end_ms(LONG))
    for name in ("a.png", "b.png"):
        draw(tmp_path / name, columns, [], name="BTCUSDT", title="40 days")

    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1600, 800)
        assert image.format == "PNG"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_market_that_stands_still_can_be_drawn(tmp_path: Path) -> None:
    flat = np.full(len(DAY), 1e-7)
    still = Candles(STEP_MS, DAY.open_ms, flat, flat, flat, flat, np.zeros(len(DAY)))
    columns = gathered([still], START_MS, end_ms(still))

    draw(tmp_path / "a.png", columns, [], name="", title="")

    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


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
