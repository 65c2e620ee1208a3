from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from boards import a_large_board, a_market
from hands import Hands
from liqmon.core.board import MarketRow
from liqmon.ui.look import Look, Pane, Sort, arranged
from liqmon.ui.pressing import KEYS, WISHES, pressed, wish

ROWS = arranged(a_large_board(30), Look(Sort.CONFIG))


def after(
    *keys: str, look: Look | None = None, rows: Sequence[MarketRow] = ROWS
) -> Look:
    look = look or Look()
    for key in keys:
        look = pressed(look, key, rows, page=10)
    return look


def selected(*keys: str, look: Look | None = None) -> int:
    """Return the place of the selected row."""
    key = after(*keys, look=look).selected
    return [row.market.key for row in ROWS].index(key)


def test_the_order_goes_round_and_back() -> None:
    assert [after(*"s" * count).sort for count in range(6)] == [*Sort, Sort.SEVERITY]
    assert after("S").sort is Sort.NAME
    assert after("s", "S") == Look()
    assert after("r").is_reversed
    assert after("r", "r") == Look()


def test_arrows_select_and_stop_at_both_ends() -> None:
    assert selected("down") == selected("j") == selected("up") == 0
    assert selected("down", "down", "j", "k") == 1
    assert selected("down", "up", "up") == 0
    assert selected("end") == 29
    assert selected("end", "down") == 29
    assert selected("end", "home") == 0


def test_pages_move_the_selection_and_the_window() -> None:
    assert selected("down", "pgdn") == 10
    assert after("down", "pgdn").top == 1
    assert after("end").top == 20
    assert after("end", "pgup").top == 19
    assert after("end", "pgup", "pgup").top == 9


def test_a_selected_market_that_is_filtered_away_is_selected_anew() -> None:
    gone = Look(selected="bybit:gone")

    assert selected("down", look=gone) == 0
    assert selected("enter", look=gone) == 0
    assert after("down", "enter", rows=()) == Look()


def test_enter_opens_the_selected_market_or_the_first_and_closes_it() -> None:
    assert after("enter").pane is Pane.DETAIL
    assert selected("enter") == 0
    assert selected("down", "down", "enter") == 1
    assert selected("enter", "down") == 1
    assert after("enter", "down").pane is Pane.DETAIL
    assert after("enter", "enter").pane is None


def test_panes_take_turns_and_close_by_their_key_or_esc() -> None:
    assert after("l").pane is Pane.LOG
    assert after("l", "?").pane is Pane.HELP
    assert after("h", "?").pane is None
    assert after("l", "l") == after("l", "esc") == Look()


def test_esc_closes_then_clears_then_deselects() -> None:
    look = after("/", "c", "enter", "down", "l")

    assert (look.pane, look.filter, bool(look.selected)) == (Pane.LOG, "c", True)
    look = after("esc", look=look)
    assert (look.pane, look.filter, bool(look.selected)) == (None, "c", True)
    look = after("esc", look=look)
    assert (look.pane, look.filter, bool(look.selected)) == (None, "", True)
    assert after("esc", look=look) == Look()


def test_while_the_filter_is_typed_every_key_is_text() -> None:
    look = after(*"/qs r币", "up", "\x13")

    assert look == Look(filter="qs r币", is_typing=True)
    assert after("backspace", look=look).filter == "qs r"
    assert after("backspace", "backspace", look=Look(is_typing=True)).filter == ""
    assert after("enter", look=look) == Look(filter="qs r币")
    assert after("esc", look=look) == Look()
    assert len(after(*"/" + "x" * 99).filter) == 30


def test_the_pace_stops_at_both_ends() -> None:
    assert after("-").fps == 2
    assert after("-").hint == "at most 2 frames a second"
    assert after(*"-----").fps == 0.5
    assert after(*"-+++").fps == 4


def test_drawing_and_bell_are_switched() -> None:
    assert after("p").is_held
    assert after("p", " ") == Look()
    assert not after("b").has_bell
    assert after("b").hint == "the bell is off"
    assert after("b", "b").hint == "the bell is on"


def test_a_hint_goes_with_the_next_key() -> None:
    assert after("b", "x") == Look(has_bell=False)


@given(
    st.lists(
        st.sampled_from(
            [
                "up",
                "down",
                "pgup",
                "pgdn",
                "home",
                "end",
                "enter",
                "esc",
                *"sSr/b+-lh?p x",
            ]
        ),
        max_size=30,
    ),
    st.integers(0, 30),
    st.integers(1, 12),
)
def test_no_keys_lead_out_of_the_table(keys: list[str], count: int, page: int) -> None:
    look, rows = Look(), ROWS[:count]
    for key in keys:
        look = pressed(look, key, rows, page=page)
        assert 0 <= look.top <= max(len(rows) - 1, 0)
        assert look.selected in {"", *(row.market.key for row in rows)}


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("q", "quit"),
        ("Q", "quit"),
        ("t", "test"),
        ("R", "reload"),
        ("m", "mute bybit:SOL/USDT:USDT"),
        ("a", "acknowledge bybit:SOL/USDT:USDT"),
    ],
)
def test_wishes_are_passed_on(key: str, asked: str) -> None:
    hands = Hands()

    assert key in WISHES
    assert wish(hands, key, a_market("SOL")) == ""
    assert hands.asked == [asked]


@pytest.mark.parametrize("key", ["m", "a"])
def test_a_wish_for_a_market_needs_one(key: str) -> None:
    hands = Hands()

    assert wish(hands, key, None) == "select a market first, with the arrows"
    assert hands.asked == []


def test_the_help_names_every_key_that_does_something() -> None:
    named = {key for keys, _ in KEYS for key in keys.split(", ")}
    typed = {"q", "p", "s", "S", "r", "/", "m", "a", "b", "l", "t", "R", "+", "-", "?"}

    assert typed <= named
    for key in typed - WISHES:
        assert after(key) != Look()
