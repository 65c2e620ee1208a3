import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Group

from boards import (
    NOW_MONO,
    NOW_MS,
    ONSET,
    a_board,
    a_busy_board,
    a_large_board,
    a_market,
    a_row,
)
from factories import a_finding
from liqmon.core.board import BoardSnapshot, Feed, MarketRow, Receiver
from liqmon.core.events import BreakerState, FeedState, Healed, Retrying
from liqmon.core.model import Market, Phase, Severity
from liqmon.ui.controls import Remark
from liqmon.ui.look import Look, Pane, Sort
from liqmon.ui.picture import export_svg, export_text
from liqmon.ui.table import build, page

CURSOR = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
GOLDEN = Path(__file__).parents[2] / "golden"


def text_of(
    board: BoardSnapshot, *, width: int = 160, height: int = 24, **how: Any
) -> str:
    return export_text(
        board, now_mono=NOW_MONO, now_ms=NOW_MS, width=width, height=height, **how
    )


def line_with(words: str, text: str) -> str:
    return next(line for line in text.splitlines() if words in line)


DETAIL = Look(pane=Pane.DETAIL, selected="bybit:BTC/USDT:USDT")
LOG = (
    ("info", "22:10:04 info monitor.watcher: ETHUSDT: ended"),
    ("warning", "22:14:11 warning exchange.calls: XRPUSDT: dead session rebuilt"),
    ("error", "22:15:01 error monitor.notices: not delivered: HTTP 502"),
)


def a_handled_board() -> BoardSnapshot:
    """Return a busy board on which somebody has muted and acknowledged."""
    muted = {"bybit:SOL/USDT:USDT": NOW_MONO + 1_740}
    return replace(a_busy_board(), muted=muted, acknowledged=frozenset({ONSET.episode}))


FRAMES: dict[str, Callable[[], str]] = {
    **{
        f"table_{width}": partial(text_of, a_busy_board(), width=width)
        for width in (160, 120, 100, 80, 60, 40)
    },
    "table_ascii_120": partial(
        text_of, a_busy_board(), width=120, height=20, ascii_only=True
    ),
    "table_ascii_detail_80": partial(
        text_of, a_busy_board(), width=80, ascii_only=True, look=DETAIL
    ),
    "table_help_80": partial(
        text_of, a_busy_board(), width=80, look=Look(pane=Pane.HELP)
    ),
    "table_help_160": partial(
        text_of, a_busy_board(), height=16, look=Look(pane=Pane.HELP)
    ),
    "table_detail_120": partial(
        text_of, a_handled_board(), width=120, height=32, look=DETAIL
    ),
    "table_log_100": partial(
        text_of,
        a_handled_board(),
        width=100,
        look=Look(Sort.NAME, is_reversed=True, pane=Pane.LOG, is_held=True),
        log=LOG,
    ),
    "table_filter_80": partial(
        text_of, a_busy_board(), width=80, look=Look(filter="e", is_typing=True)
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_table_looks_as_it_did(name: str) -> None:
    assert FRAMES[name]() == (GOLDEN / f"{name}.txt").read_text()


def test_the_picture_looks_as_it_did() -> None:
    picture = export_svg(
        a_busy_board(), now_mono=NOW_MONO, now_ms=NOW_MS, width=138, height=18
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
    assert "more (arrows to scroll" in text
    assert "q quit" in text


def test_scrolling_moves_the_rows_and_stops_at_the_last() -> None:
    board = a_large_board(100)

    def scrolled(top: int) -> str:
        return text_of(board, look=Look(Sort.CONFIG, top=top))

    assert "COIN0USDT" in scrolled(0)
    assert "COIN0USDT" not in scrolled(3)
    assert line_with("COIN3USDT", scrolled(3))
    assert scrolled(99) == scrolled(10_000)
    assert "COIN99USDT" in scrolled(99)


@pytest.mark.parametrize("at", [0, 5, 40, 99])
def test_the_selected_row_is_always_in_sight(at: int) -> None:
    key = a_market(f"COIN{at}").key
    look = Look(Sort.CONFIG, selected=key, top=17)

    assert CURSOR + f"COIN{at}USDT" in text_of(a_large_board(100), look=look)


def test_only_rows_that_are_seen_are_drawn() -> None:
    frame = build(
        a_large_board(500), now_mono=NOW_MONO, now_ms=NOW_MS, width=160, height=50
    )

    assert isinstance(frame, Group)
    assert len(frame.renderables) == 50


@pytest.mark.parametrize("look", [Look(), DETAIL, Look(pane=Pane.LOG)])
@pytest.mark.parametrize("height", [10, 24, 50])
def test_a_page_is_what_is_seen(look: Look, height: int) -> None:
    board = replace(a_large_board(100), events=a_busy_board().events)
    look = replace(look, selected=a_market("COIN0").key)
    text = text_of(board, width=100, height=height, look=look)
    rows = [
        line
        for line in text.splitlines()
        if re.match(rf"[■ ] [ {CURSOR}]COIN\d+USDT", line)
    ]

    assert page(board, look, width=100, height=height) == len(rows)


@pytest.mark.parametrize("pane", [None, *Pane])
@pytest.mark.parametrize("size", [(40, 8), (80, 12), (200, 60)])
def test_no_pane_breaks_out_of_the_terminal(
    pane: Pane | None, size: tuple[int, int]
) -> None:
    look = Look(pane=pane, selected="bybit:BTC/USDT:USDT", hint="select one")
    lines = text_of(
        a_handled_board(), width=size[0], height=size[1], look=look, log=LOG * 30
    ).splitlines()

    assert len(lines) <= size[1]
    assert max(map(cell_len, lines)) <= size[0]


def test_what_somebody_has_muted_or_seen_is_marked_by_the_key_they_pressed() -> None:
    text = text_of(a_handled_board())

    assert line_with("BTCUSDT ", text).startswith("■a BTCUSDT")
    assert line_with("SOLUSDT ", text).startswith(" m SOLUSDT")
    assert "1 muted" in text
    everything = replace(a_handled_board(), muted={"": NOW_MONO + 120})
    assert "all muted for 2m" in text_of(everything)
    assert line_with("XRPUSDT ", text_of(everything)).startswith(" m XRPUSDT")


def test_remarks_stand_among_the_events_in_order_of_time() -> None:
    remarks = (Remark(NOW_MS - 14_500, "SOLUSDT is muted"), Remark(NOW_MS + 1, "now"))
    lines = text_of(a_busy_board(), remarks=remarks).splitlines()
    told = [line[1:9] for line in lines if re.match(r" \d\d:\d\d:\d\d ", line)]

    assert told == sorted(told, reverse=True)
    assert " 22:15:00 SOLUSDT is muted" in lines
    assert " 22:15:15 now" in lines


@pytest.mark.parametrize("look", [DETAIL, Look(pane=Pane.LOG)])
def test_a_key_is_answered_beside_the_details_and_the_log_too(look: Look) -> None:
    answer = (Remark(NOW_MS, "test message: delivered"),)
    log = [("info", f"line {number}") for number in range(50)]

    shown = text_of(a_busy_board(), height=24, look=look, remarks=answer, log=log)
    assert "test message: delivered" in shown


def test_a_filter_that_nothing_passes_says_so() -> None:
    assert "no market like 'xyz'" in text_of(a_busy_board(), look=Look(filter="xyz"))


def test_details_tell_what_is_known_and_no_more() -> None:
    look = replace(DETAIL, selected="bybit:WIF/USDT:USDT")
    unknown = text_of(a_busy_board(), look=look)
    blocked = Feed(FeedState.BLOCKED, reason="HTTP 451")
    told = text_of(
        a_board(a_row(feed=blocked), exchanges={}),
        look=Look(pane=Pane.DETAIL, selected="bybit:SOL/USDT:USDT"),
    )

    assert "price ·   5 min · %   1 h · %   nearness ·" in unknown
    assert "an hour ago" not in unknown
    assert "HTTP 451" in told


def test_details_say_how_long_a_market_is_muted_and_what_side_is_unknown() -> None:
    row = a_row(liquidated=None)
    key = row.market.key
    board = a_board(row, muted={key: NOW_MONO + 9e5})
    text = text_of(board, look=replace(DETAIL, selected=key))

    assert "muted for 10d" in text
    assert "nearness █▌ 12%   feed" in text


def test_details_of_a_market_that_is_gone_give_way_to_the_events() -> None:
    gone = replace(DETAIL, selected="bybit:GONE")

    assert "retry 2/3 in 1.4 s" in text_of(a_busy_board(), look=gone)


def test_the_last_finding_is_told_when_newer_events_have_pushed_it_out() -> None:
    board = a_busy_board()
    key = "bybit:BTC/USDT:USDT"
    retries = (Retrying(NOW_MS, "bybit", "BTC/USDT:USDT", 2, 3, 1.0, "late"),) * 2
    text = text_of(replace(board, recent={key: retries}), height=40, look=DETAIL)

    assert text.count("retry 2/3 in 1 s, late") == 2
    assert "BTCUSDT long liquidations HIGH" in text


def test_the_shape_stands_while_the_episode_is_open() -> None:
    finding = a_finding(severity=Severity.LOW)
    board = a_board(
        a_row("A", finding=finding),
        a_row("B", finding=a_finding(severity=Severity.CRITICAL)),
        a_row("C", finding=replace(finding, phase=Phase.END)),
    )
    text = text_of(board)

    assert line_with("AUSDT", text).startswith("▲  AUSDT")
    assert line_with("BUSDT", text).startswith("■  BUSDT")
    assert line_with("CUSDT", text).startswith("   CUSDT")
    assert "▼LONG LOW 22:14" in line_with("CUSDT", text)


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
        (Receiver(configured=True, name="phone"), "phone ● closed"),
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


def test_before_there_are_markets_it_says_what_keeps_them_away() -> None:
    away = Feed(FeedState.UNAVAILABLE, reason="its name cannot be resolved")
    board = BoardSnapshot("0.1.0", "1m", 0.0, exchanges={"bybit": away})

    told = "  connecting, bybit: its name cannot be resolved"
    assert told in text_of(board).splitlines()


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
    styles = {
        ages[1]: style
        for style, words in re.findall(r'class="(liqmon-r\d+)"[^>]*>([^<]*)<', picture)
        if (ages := re.fullmatch(r"(1\.0s|11s|21s)", words))
    }

    assert len(set(styles.values())) == len(styles) == 3


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
