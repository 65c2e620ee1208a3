"""Tables that fit, and names that mean something."""

from collections.abc import Sequence

import pytest

from liqmon.app.beside import markets_named, some
from liqmon.cli.stored import spoken, table
from liqmon.errors import UserError

HEAD = ("word", "other", "number", "much")
ROWS = [("a", "b", "1", "2"), ("aaaa", "bbbb", "11111", "222222")]


def lines(within: int | None) -> list[str]:
    wanted = ("much", "other")
    return list(table(HEAD, ROWS, left=2, within=within, dispensable=wanted))


def test_words_stand_on_the_left_and_numbers_on_the_right() -> None:
    assert lines(None) == [
        "word  other  number    much",
        "a     b           1       2",
        "aaaa  bbbb    11111  222222",
    ]


@pytest.mark.parametrize(
    ("within", "head"),
    [
        (27, "word  other  number    much"),
        (26, "word  other  number"),
        (18, "word  number"),
        (8, "word  nu"),
    ],
)
def test_what_is_too_wide_loses_what_can_be_spared_and_then_its_end(
    within: int, head: str
) -> None:
    assert lines(within)[0] == head
    assert all(len(line) <= within for line in lines(within))


def test_what_is_alike_in_all_rows_is_left_out() -> None:
    same = [("a", "b", "1", "2"), ("c", "b", "3", "4")]

    def heads(rows: Sequence[Sequence[str]], within: int | None = None) -> str:
        wanted = ("other", "number")
        lines = table(
            HEAD, rows, left=2, within=within, dispensable=wanted, alike=("other",)
        )
        return next(iter(lines))

    assert heads(same) == "word  number  much"
    assert heads(same, within=10) == "word  much"
    assert heads(ROWS) == "word  other  number    much"


@pytest.mark.parametrize(
    ("text", "spoken_of"),
    [("7d", "in the last 7d"), ("2026-01-01", "since 2026-01-01")],
)
def test_since_is_part_of_a_sentence(text: str, spoken_of: str) -> None:
    assert spoken(text) == spoken_of


KNOWN = ["bybit:BTC/USDT:USDT", "okx:BTC/USDT:USDT", "bybit:ETH/USD:ETH"]


def test_a_name_means_its_market_on_every_exchange_and_a_key_on_one() -> None:
    assert markets_named("btcusdt", KNOWN) == tuple(KNOWN[:2])
    assert markets_named("okx:BTC/USDT:USDT", KNOWN) == (KNOWN[1],)
    with pytest.raises(UserError):
        markets_named("ETHUSD", KNOWN)


def test_of_many_names_the_first_few_are_named() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_a_state_without_markets_says_when_there_will_be_some() -> None:
    with pytest.raises(UserError) as caught:
        markets_named("X", [])

    assert "once liqmon watch or check has judged it" in caught.value.hint
