import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from boards import (
    NOW_MONO,
    NOW_MS,
    a_board,
    a_busy_board,
    a_large_board,
    a_market,
    a_row,
)
from factories import a_finding
from liqmon.core.board import BoardSnapshot, Feed, MarketRow, Receiver
from liqmon.core.events import BreakerState, FeedState, Healed
from liqmon.core.model import Market, Phase, Severity
from liqmon.ui.picture import export_svg, export_text

GOLDEN = Path(__file__).parents[2] / "golden"


def text_of(
    board: BoardSnapshot, *, width: int = 160, height: int = 24, **how: Any
) -> str:
    return export_text(
        board, now_mono=NOW_MONO, now_ms=NOW_MS, width=width, height=height, **how
    )


def line_with(words: str, text: str) -> str:
    return next(line for line in text.splitlines() if words in line)


@pytest.mark.parametrize("width", [160, 120, 80, 60, 40])
def test_the_table_looks_as_it_did(width: int) -> None:
    golden = (GOLDEN / f"table_{width}.txt").read_text()

    assert text_of(a_busy_board(), width=width) == golden


def test_the_ascii_table_looks_as_it_did() -> None:
    golden = (GOLDEN / "table_ascii_120.txt").read_text()

    assert text_of(a_busy_board(), width=120, ascii_only=True) == golden


def test_the_picture_looks_as_it_did() -> None:
    picture = export_svg(
        a_busy_board(), now_mono=NOW_MONO, now_ms=NOW_MS, width=130, height=20
    )

    assert picture == (GOLDEN / "table.svg").read_text()


@pytest.mark.parametrize("width", range(16, 200, 7))
def test_nothing_is_wider_than_the_terminal_and_the_feed_is_always_there(
    width: int,
) -> None:
    text = text_of(a_busy_board(), width=width)

    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "●" in line_with("ETHUSDT", text)
    assert "◐" in line_with("SOLUSDT", text.partition("──")[2])


@pytest.mark.parametrize("height", range(8, 60, 5))
def test_a_frame_is_never_higher_than_the_terminal(height: int) -> None:
    board = replace(a_large_board(100), events=a_busy_board().events)
    text = text_of(board, height=height)

    assert len(text.splitlines()) <= height
    assert "more, up and down to scroll" in text
    assert "q quit" in text


def test_scrolling_moves_the_rows_and_stops_at_the_last() -> None:
    board = a_large_board(100)

    assert "COIN0USDT" in text_of(board)
    assert "COIN0USDT" not in text_of(board, scroll=3)
    assert line_with("COIN3USDT", text_of(board, scroll=3))
    assert text_of(board, scroll=99) == text_of(board, scroll=10_000)
    assert "COIN99USDT" in text_of(board, scroll=99)


def test_many_rows_are_drawn_differently_but_look_the_same() -> None:
    few, many = a_large_board(40), a_large_board(41)
    first = text_of(few, height=60).splitlines()[:40]

    assert text_of(many, height=60).splitlines()[:40] == [
        line.replace("bybit 40 ok", "bybit 41 ok") for line in first
    ]


def test_the_shape_stands_while_the_episode_is_open() -> None:
    finding = a_finding(severity=Severity.LOW)
    board = a_board(
        a_row("A", finding=finding),
        a_row("B", finding=a_finding(severity=Severity.CRITICAL)),
        a_row("C", finding=replace(finding, phase=Phase.END)),
    )
    text = text_of(board)

    assert line_with("AUSDT", text).startswith("▲ AUSDT")
    assert line_with("BUSDT", text).startswith("■ BUSDT")
    assert line_with("CUSDT", text).startswith("  CUSDT")
    assert "LONG LOW 22:14" in line_with("CUSDT", text)


@pytest.mark.parametrize(
    ("feed", "shown"),
    [
        (Feed(FeedState.OK), "● ok "),
        (Feed(FeedState.CONNECTING), "◌ connecting"),
        (Feed(FeedState.HEALING), "◌ healing"),
        (Feed(FeedState.COOLING, 0, NOW_MONO + 27), "○ cooling 27s"),
        (Feed(FeedState.COOLING, 0, NOW_MONO - 27), "○ cooling 0.0s"),
        (Feed(FeedState.RETRY, 0, NOW_MONO + 1.4, 2, 3), "◐ retry 2/3 1.4s"),
        (Feed(FeedState.UNAVAILABLE, NOW_MONO - 12), "○ down 12s"),
        (Feed(FeedState.UNAVAILABLE, 0, NOW_MONO + 240), "○ down 4m"),
        (Feed(FeedState.STALE), "◌ stale 40s"),
        (Feed(FeedState.BLOCKED), "x blocked"),
        (Feed(FeedState.REJECTED), "x rejected"),
    ],
)
def test_every_feed_state_has_its_words(feed: Feed, shown: str) -> None:
    row = a_row(feed=feed, updated_mono=NOW_MONO - 40)

    shown = shown.replace("x ", "\N{MULTIPLICATION SIGN} ")

    assert shown in line_with("SOLUSDT", text_of(a_board(row)))


def test_what_an_exchange_says_of_itself_goes_for_its_markets() -> None:
    cooling = Feed(FeedState.COOLING, 0, NOW_MONO + 27)
    board = a_board(a_row(), exchanges={"bybit": cooling})

    assert "cooling 27s" in line_with("SOLUSDT", text_of(board))
    assert "bybit 1 cooling" in text_of(board)

    retrying = Feed(FeedState.RETRY, 0, NOW_MONO + 1, 2, 3)
    board = a_board(a_row(), exchanges={"bybit": retrying})
    assert "● ok" in line_with("SOLUSDT", text_of(board))


@pytest.mark.parametrize(
    ("receiver", "shown"),
    [
        (Receiver(configured=True, latency_s=0.041), "discord ● closed 41 ms"),
        (Receiver(configured=True), "discord ● closed   0 queued"),
        (
            Receiver(
                configured=True,
                breaker=BreakerState.OPEN,
                until_mono=NOW_MONO + 252,
                pending=3,
            ),
            "discord ○ open 4:12   3 queued",
        ),
        (
            Receiver(configured=True, breaker=BreakerState.HALF_OPEN),
            "discord ◔ half-open",
        ),
        (
            Receiver(configured=True, breaker=BreakerState.DEAD, reason="404"),
            "discord x dead: 404",
        ),
        (Receiver(), "no webhook: set LIQMON_DISCORD__WEBHOOK_URL"),
        (Receiver(pending=2), "2 queued"),
        (Receiver(dry_run=True), "dry run: nothing is sent"),
    ],
)
def test_the_header_says_whether_anybody_hears(receiver: Receiver, shown: str) -> None:
    shown = shown.replace("x ", "\N{MULTIPLICATION SIGN} ")

    assert shown in text_of(a_board(a_row(), receiver=receiver))


def test_the_banner_stands_above_the_table() -> None:
    lines = text_of(a_board(a_row(), banner="not durable")).splitlines()

    assert lines.index(" ! not durable") == 1


def test_before_the_first_answer_there_is_a_frame() -> None:
    empty = BoardSnapshot("0.1.0", "1m", NOW_MONO, exchanges={"bybit": Feed()})
    text = text_of(empty)

    assert "bybit 1 connecting" in text
    assert "  connecting" in text.splitlines()
    assert f"{NOW_MS // 1000 % 60:02} UTC" in text
    assert "q quit" in text_of(BoardSnapshot("0.1.0", "1m", NOW_MONO))


def test_two_exchanges_are_told_apart() -> None:
    other = a_row(market=a_market("SOL", "okx"))
    text = text_of(a_board(a_row(), other, interval_s={"bybit": 5.0, "okx": 6.5}))

    assert "okx 1 ok" in text
    assert "every 5/6.5 s" in text
    assert "bybit" in line_with("● ok", text.partition("──")[2])


def test_old_data_are_coloured_by_the_interval() -> None:
    board = a_board(
        a_row("A", updated_mono=NOW_MONO - 1),
        a_row("B", updated_mono=NOW_MONO - 11),
        a_row("C", updated_mono=NOW_MONO - 21),
    )
    picture = export_svg(board, now_mono=NOW_MONO, now_ms=NOW_MS, width=120, height=20)
    styles = [
        line.partition('class="')[2].partition('"')[0]
        for line in picture.replace("</text>", "\n").splitlines()
        if line.endswith((">1.0s", ">&#160;11s", ">&#160;21s", ">11s", ">21s"))
    ]

    assert len(set(styles)) == 3


def test_what_is_unknown_is_a_dot_never_a_number() -> None:
    nan = float("nan")
    row = a_row(
        price=nan, change=nan, nearness=nan, spark=(nan, 1.0), updated_mono=None
    )
    shown = line_with("SOLUSDT", text_of(a_board(row)))

    assert shown.count("·") == 4
    assert "nan" not in shown


def test_a_flat_market_has_a_flat_line() -> None:
    shown = line_with("SOLUSDT", text_of(a_board(a_row(spark=(5.0,) * 30))))

    assert "▁" * 15 in shown


EVIL = Market("bybit", "x", "\x1b[31m\u202eEV\u200bIL\n", "USDT")


def test_foreign_text_can_neither_move_the_cursor_nor_turn_the_line() -> None:
    board = a_board(
        MarketRow(EVIL),
        banner="\x1b[2Jgone\u2066",
        receiver=Receiver(configured=True, breaker=BreakerState.DEAD, reason="\x07a\r"),
        events=(Healed(NOW_MS, "bybit", "", "a\x1b]0;title\x07\u202eb"),),
    )
    text = text_of(board)

    hidden = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs")}
    assert hidden == {"\n"}
    assert "[31mEVIL" in text


def test_a_wide_name_does_not_shift_its_neighbours() -> None:
    board = a_board(a_row("A"), a_row("币安人生币安人生"))
    first, second = text_of(board).partition("──")[2].splitlines()[1:3]

    for mark in ("▲0.26", "● ok"):
        before, after = (line.partition(mark)[0] for line in (first, second))
        assert cell_len(before) == cell_len(after)


@pytest.mark.parametrize("width", [160, 80, 40])
def test_the_ascii_table_is_ascii(width: int) -> None:
    board = a_busy_board()
    rows = dict(board.rows) | {"x": a_row("币安人生")}
    receiver = Receiver(configured=True, breaker=BreakerState.DEAD, reason="→ …")
    for each in (
        board,
        replace(board, rows=rows, banner="≥ 5 — lost", receiver=receiver),
        a_large_board(80),
    ):
        assert text_of(each, width=width, height=60, ascii_only=True).isascii()
