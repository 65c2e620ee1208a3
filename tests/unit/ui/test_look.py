from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from boards import NOW_MONO, ONSET, a_board, a_large_board, a_market, a_row
from factories import a_finding
from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.model import Phase, Severity
from liqmon.ui.look import Look, Sort, alarm, arranged, frames_per_s, muted_for_s

HIGH = a_finding(severity=Severity.HIGH, episode="h")
LOW = a_finding(severity=Severity.LOW, episode="l")


def names(board: BoardSnapshot, look: Look) -> list[str]:
    return [row.market.base for row in arranged(board, look)]


BOARD = a_board(
    a_row("C", change=-0.03, nearness=0.2),
    a_row("A", change=0.01, nearness=None, finding=LOW),
    a_row("D", change=None, nearness=0.9),
    a_row("B", change=0.02, nearness=float("nan"), finding=HIGH),
)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.SEVERITY, "BACD"),
        (Sort.CONFIG, "CADB"),
        (Sort.CHANGE, "CBAD"),
        (Sort.NEARNESS, "DCAB"),
        (Sort.NAME, "ABCD"),
    ],
)
def test_rows_are_sorted_and_reversed(sort: Sort, order: str) -> None:
    assert names(BOARD, Look(sort)) == list(order)
    assert names(BOARD, Look(sort, is_reversed=True)) == list(order[::-1])


def test_a_row_keeps_its_place_until_its_severity_changes() -> None:
    assert names(BOARD, Look()) == list("BACD")
    moved = [replace(row, change=0.5, nearness=0.99) for row in BOARD.rows.values()]

    assert names(a_board(*moved), Look()) == list("BACD")


def test_what_is_over_or_has_been_seen_raises_no_alarm() -> None:
    over = a_row("B", finding=replace(HIGH, phase=Phase.END))
    seen = replace(BOARD, acknowledged=frozenset({"h"}))

    assert alarm(over, BOARD) is None
    assert alarm(a_row(), BOARD) is None
    assert alarm(a_row(finding=HIGH), BOARD) is Severity.HIGH
    assert names(seen, Look()) == list("ACDB")


@pytest.mark.parametrize(
    ("typed", "found"),
    [("", 3), ("sol", 2), ("SOLUSDT", 1), ("sol/usdc", 1), ("okx", 1), ("bybi", 0)],
)
def test_a_filter_is_part_of_a_name_or_an_exchange(typed: str, found: int) -> None:
    usdc = replace(a_market("SOL"), symbol="SOL/USDC:USDC", quote="USDC")
    rows = (a_row("SOL"), MarketRow(usdc), a_row(market=a_market("BTC", "okx")))

    assert len(arranged(a_board(*rows), Look(filter=typed))) == found


def test_a_market_is_muted_by_itself_or_with_all() -> None:
    row = a_row("A")
    alone = a_board(row, muted={row.market.key: NOW_MONO + 60, "x": NOW_MONO + 99})
    together = a_board(row, muted={row.market.key: NOW_MONO - 1, "": NOW_MONO + 30})

    assert muted_for_s(row, a_board(row), NOW_MONO) == 0
    assert muted_for_s(row, alone, NOW_MONO) == 60
    assert muted_for_s(row, alone, NOW_MONO + 61) == 0
    assert muted_for_s(row, together, NOW_MONO) == 30


def test_four_frames_a_second_two_over_twenty_rows_or_what_was_asked_for() -> None:
    assert frames_per_s(Look(), 20) == 4
    assert frames_per_s(Look(), 21) == 2
    assert frames_per_s(Look(fps=0.5), 3) == 0.5


@given(
    st.sampled_from(Sort),
    st.booleans(),
    st.integers(0, 40),
    st.text("coin0123", max_size=5),
)
def test_no_row_is_lost_or_shown_twice(
    sort: Sort, is_reversed: bool, count: int, typed: str
) -> None:
    board = a_large_board(count)
    shown = arranged(board, Look(sort, is_reversed=is_reversed, filter=typed))

    assert {row.market.key for row in shown} == {
        key for key, row in board.rows.items() if typed in row.market.name.lower()
    }
    assert len(shown) == len({row.market.key for row in shown})


def test_the_finding_of_these_boards_is_open() -> None:
    assert ONSET.phase is Phase.ONSET
