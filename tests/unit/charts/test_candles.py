"""What a chart shows, before anything paints it."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, assert_never

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from candles import from_closes
from drawing.svg import document, elements
from falling import an_hour, told_of
from liqmon.charts.candles import alt_text, drawn
from liqmon.charts.shapes import Line, Picture, Polygon, Rect, Shape, Text
from liqmon.core.model import Candles, Finding, Market, PositionSide

GOLDEN = Path(__file__).parents[2] / "golden" / "chart.svg"
S = TypeVar("S", bound=Shape)

FALL, RISE = an_hour(), an_hour(change=0.027)


def of(kind: type[S], picture: Picture) -> list[S]:
    return [shape for shape in picture.shapes if isinstance(shape, kind)]


def words(picture: Picture) -> list[str]:
    return [text.words for text in of(Text, picture)]


def text_of(picture: Picture, begin: str) -> Text:
    [text] = [one for one in of(Text, picture) if one.words.startswith(begin)]
    return text


def is_inside(shape: Shape, picture: Picture) -> bool:
    match shape:
        case Rect():
            xs, ys = (shape.left, shape.right), (shape.top, shape.bottom)
        case Line():
            xs, ys = (shape.x0, shape.x1), (shape.y0, shape.y1)
        case Text():
            # letters of the built-in font are about 0.6 as wide as they are high
            width = 0.6 * shape.size * len(shape.words)
            left = {"left": 0.0, "middle": 0.5, "right": 1.0}[shape.anchor] * width
            xs = (shape.x - left, shape.x - left + width)
            ys = (shape.y - shape.size / 2, shape.y + shape.size / 2)
        case Polygon():
            xs, ys = zip(*shape.corners, strict=True)
        case _:
            assert_never(shape)
    return (
        0 <= min(xs) <= max(xs) <= picture.width
        and 0 <= min(ys) <= max(ys) <= picture.height
    )


def test_the_chart_looks_as_agreed() -> None:
    """Compare with ``tests/golden/chart.svg``, which people have looked at."""
    picture = drawn(FALL, told_of(FALL))
    svg = document(picture.width, picture.height, elements(picture))

    assert svg == GOLDEN.read_text(encoding="utf-8")


def test_it_is_as_large_as_discord_shows_it_at_most() -> None:
    picture = drawn(FALL, told_of(FALL))

    assert (picture.width, picture.height) == (800, 450)


def test_the_last_hour_is_shown_and_no_more() -> None:
    picture = drawn(FALL, told_of(FALL))
    wicks = [line for line in of(Line, picture) if line.width == 1.5]

    assert len(wicks) == 60
    assert {"45 min ago", "30 min ago", "15 min ago", "now"} <= set(words(picture))


def test_five_minute_candles_show_five_hours() -> None:
    slow = replace(
        FALL, timeframe_ms=300_000, open_ms=FALL.open_ms[0] + 300_000 * np.arange(72)
    )
    finding = told_of(slow, timeframe="5m")

    assert "225 min ago" in words(drawn(slow, finding))


def test_a_fall_is_red_and_a_rise_green() -> None:
    flat = np.full(10, 100.0)
    up, down = from_closes(flat + np.arange(10)), from_closes(flat - np.arange(10))
    finding = told_of(FALL, price_extreme=math.nan, onset_ms=0)

    def colors(candles: Candles) -> set[str]:
        lines = of(Line, drawn(candles, finding))
        return {line.color for line in lines if line.width == 1.5}

    assert colors(up) == {"#2dc770"}
    assert colors(down.rows(slice(1, None))) == {"#f23f43"}


def test_the_onset_is_a_dashed_line_where_the_fall_begins() -> None:
    finding = told_of(FALL)
    picture = drawn(FALL, finding)
    [line] = [one for one in of(Line, picture) if one.color == "#ff9f1c"]
    red = [one for one in of(Line, picture) if one.width == 1.5][-14]

    assert line.dash > 0
    assert line.x0 == line.x1
    assert 0 < red.x0 - line.x0 < 12
    assert text_of(picture, "onset").x < line.x0


def test_an_onset_that_is_out_of_sight_is_not_drawn() -> None:
    picture = drawn(FALL, told_of(FALL, onset_ms=int(FALL.open_ms[0])))

    assert "onset" not in words(picture)


@pytest.mark.parametrize(
    ("candles", "word", "side"),
    [(FALL, "low ", PositionSide.LONG), (RISE, "high ", PositionSide.SHORT)],
)
def test_the_worst_price_is_marked_where_it_was(
    candles: Candles, word: str, side: PositionSide
) -> None:
    finding = told_of(candles)
    picture = drawn(candles, finding)
    [mark] = [line for line in of(Line, picture) if line.color == "#dbdee1"]
    wicks = [line for line in of(Line, picture) if line.width == 1.5]
    ends = [max(w.y0, w.y1) if word == "low " else min(w.y0, w.y1) for w in wicks]
    worst = ends.index(max(ends) if word == "low " else min(ends))

    assert finding.liquidated is side
    assert (mark.x0 + mark.x1) / 2 == pytest.approx(wicks[worst].x0)
    assert mark.y0 == pytest.approx(ends[worst])
    assert text_of(picture, word).words == f"{word}{finding.price_extreme:,.0f}"


def test_a_worse_price_before_the_onset_is_not_the_worst() -> None:
    low = FALL.low.copy()
    low[20] = low.min() - 1.0
    finding = told_of(FALL)
    picture = drawn(replace(FALL, low=low), finding)
    [mark] = [line for line in of(Line, picture) if line.color == "#dbdee1"]
    [onset] = [line for line in of(Line, picture) if line.color == "#ff9f1c"]

    assert mark.x0 > onset.x0


def test_a_worst_price_at_the_left_edge_is_told_to_the_right_of_it() -> None:
    early = told_of(FALL, onset_ms=int(FALL.open_ms[12]))
    low = FALL.low.copy()
    low[13] = 60_000.0
    picture = drawn(replace(FALL, low=low), replace(early, price_extreme=60_000.0))

    assert text_of(picture, "low 60,000").anchor == "left"


@pytest.mark.parametrize("worst", [math.nan, math.inf, -1.0, 0.0, 1e9])
def test_a_worst_price_that_is_nonsense_bends_nothing(worst: float) -> None:
    picture = drawn(FALL, told_of(FALL, price_extreme=worst))

    assert not any(text.startswith("low") for text in words(picture))
    assert text_of(picture, "64,000").words == "64,000"


def test_the_price_now_stands_on_the_axis_alone() -> None:
    finding = told_of(FALL)
    picture = drawn(FALL, finding)
    tag = text_of(picture, f"{finding.price_to:,.0f}")
    axis = [one for one in of(Text, picture) if one.x == tag.x and one is not tag]

    assert tag.color == "#ffffff"
    assert all(abs(one.y - tag.y) > 20 for one in axis)


def test_the_headline_tells_market_side_severity_and_move() -> None:
    finding = told_of(FALL)
    shown = words(drawn(FALL, finding))

    assert "BTCUSDT 1m" in shown
    assert "long liquidations, HIGH" in shown
    assert f"{finding.change * 100:+.2f} %" in shown


def test_a_foreign_name_is_shown_in_the_letters_there_are() -> None:
    market = Market("bin\u202eance", "漢字", "漢字🤔", "USDT")
    finding = told_of(FALL, market=market)

    assert all(text.isascii() for text in words(drawn(FALL, finding)))
    assert alt_text(finding).startswith("Candlestick chart of ???USDT on bin?ance, 1m")


def test_there_is_no_chart_of_nothing() -> None:
    with pytest.raises(ValueError, match="no candles"):
        drawn(Candles.empty(60_000), told_of(FALL))


def test_a_market_that_stands_still_has_a_chart() -> None:
    still = from_closes(np.full(5, 0.00001), volume=0.0)
    picture = drawn(still, told_of(FALL, price_extreme=0.00001, onset_ms=0))

    assert "volume" not in words(picture)
    assert all(is_inside(shape, picture) for shape in picture.shapes)


@pytest.mark.parametrize("candles", [FALL, RISE])
def test_the_alternative_text_says_what_the_chart_shows(candles: Candles) -> None:
    finding = told_of(candles)
    word = "low" if finding.liquidated is PositionSide.LONG else "high"

    assert alt_text(finding) == (
        f"Candlestick chart of BTCUSDT on bybit, 1m candles: from "
        f"{finding.price_from:,.0f} at the onset to a {word} of "
        f"{finding.price_extreme:,.0f}, now {finding.price_to:,.0f} "
        f"({finding.change * 100:+.2f} %)."
    )
    assert "n" in alt_text(replace(finding, price_from=math.inf))


@st.composite
def markets(draw: st.DrawFn) -> tuple[Candles, Finding]:
    """Return candles of any price and length, and a finding that may not fit them."""
    level = 10.0 ** draw(st.integers(-8, 7))
    moves = draw(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=80))
    volume = draw(st.floats(0.0, 1e12))
    close = level * np.exp(np.cumsum(np.array(moves)))
    candles = from_closes(close, volume=volume)
    prices = st.floats(1e-9, 1e9) | st.sampled_from([*map(float, close)])
    finding = told_of(
        FALL,
        liquidated=draw(st.sampled_from(PositionSide)),
        onset_ms=draw(st.integers(0, 2 * 10**12)) if draw(st.booleans()) else 0,
        price_extreme=draw(prices),
    )
    return candles, finding


@settings(max_examples=60)
@given(markets())
def test_everything_is_inside_the_picture(market: tuple[Candles, Finding]) -> None:
    picture = drawn(*market)

    outside = [one for one in picture.shapes if not is_inside(one, picture)]
    assert outside == []
