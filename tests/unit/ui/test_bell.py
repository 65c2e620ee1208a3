from dataclasses import replace
from typing import Any

import pytest

from boards import NOW_MONO, NOW_MS, ONSET, a_board, a_market, a_row
from liqmon.core.board import BoardSnapshot, with_event
from liqmon.core.events import FindingRaised, Healed
from liqmon.core.model import Phase, Severity
from liqmon.ui.bell import rings, title

MARKET = a_market("SOL")


def raised(board: BoardSnapshot, **changes: Any) -> BoardSnapshot:
    finding = replace(ONSET, **{"market": MARKET, **changes})
    return with_event(board, FindingRaised(NOW_MS, finding), now_mono=NOW_MONO)


@pytest.mark.parametrize(
    ("phase", "is_loud"),
    [(Phase.ONSET, True), (Phase.ESCALATION, True), (Phase.END, False)],
)
def test_it_rings_for_a_beginning_and_for_worse_and_not_for_an_end(
    phase: Phase, is_loud: bool
) -> None:
    board = a_board(a_row())

    assert rings(board, raised(board, phase=phase), NOW_MONO) is is_loud


def test_it_rings_once_and_for_findings_only() -> None:
    board = a_board(a_row())
    after = raised(board)
    healed = with_event(after, Healed(NOW_MS, "bybit", "", ""), now_mono=NOW_MONO)

    assert rings(board, healed, NOW_MONO)
    assert not rings(after, after, NOW_MONO)
    assert not rings(after, healed, NOW_MONO)


def test_a_first_step_neither_rings_nor_hides_what_does() -> None:
    board = a_board(a_row())
    stepped = raised(board, phase=Phase.BUILDING)

    assert not rings(board, stepped, NOW_MONO)
    assert rings(board, raised(raised(board), phase=Phase.BUILDING), NOW_MONO)


def test_who_is_muted_or_has_been_seen_does_not_ring() -> None:
    board = a_board(a_row())
    muted = replace(board, muted={MARKET.key: NOW_MONO + 5})
    seen = replace(board, acknowledged=frozenset({ONSET.episode}))

    assert not rings(muted, raised(muted), NOW_MONO)
    assert rings(muted, raised(muted), NOW_MONO + 6)
    assert not rings(seen, raised(seen), NOW_MONO)
    for board in (muted, seen):
        assert rings(board, raised(board, severity=Severity.CRITICAL), NOW_MONO)


def test_a_market_that_is_watched_no_more_does_not_ring() -> None:
    board = a_board()

    assert not rings(board, raised(board), NOW_MONO)


def test_the_title_counts_what_wants_somebodys_eyes() -> None:
    one = raised(a_board(a_row("SOL"), a_row("XRP", finding=None)))
    two = raised(one, market=a_market("XRP"))

    muted = replace(two, muted={MARKET.key: NOW_MONO + 5})
    seen = replace(two, acknowledged=frozenset({ONSET.episode}))

    assert title(a_board(a_row()), NOW_MONO) == "liqmon"
    assert title(one, NOW_MONO) == "liqmon ! 1 alert"
    assert title(two, NOW_MONO) == "liqmon ! 2 alerts"
    assert title(muted, NOW_MONO) == "liqmon ! 1 alert"
    assert title(seen, NOW_MONO) == "liqmon"
