"""Text that goes out."""

import string
import unicodedata

import pytest
from hypothesis import given, strategies as st

from liqmon.discord.text import ELLIPSIS, clean, cut, external, units
from webhooks import TOKEN, URL

ANY = st.text(st.characters())
"""Lone surrogates included: exchanges send JSON, and JSON can hold them."""

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
MARKDOWN = "\\`*_~|>#[]()<:@"


def is_escaped(text: str, at: int) -> bool:
    """Tell whether an odd number of backslashes stands before ``at``."""
    head = text[:at]
    return (len(head) - len(head.rstrip("\\"))) % 2 == 1


@given(ANY)
def test_units_are_those_of_utf_16(text: str) -> None:
    assert units(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tab\tand\nnewline stay", "tab\tand\nnewline stay"),
        ("bell\x07 escape\x1b[2J return\r", "bell escape[2J return"),
        ("\ufefforder mark", "order mark"),
        ("left \u202eright\u202c, \u2066isolated\u2069", "left right, isolated"),
        ("zero\u200bwidth\u2060", "zerowidth"),
        (FAMILY, FAMILY.replace("\u200d", "")),
        ("lone \ud83d surrogate", "lone  surrogate"),
        ("\x7f\x85\x9f", ""),
    ],
)
def test_what_is_invisible_or_harmful_is_left_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(ANY)
def test_clean_text_can_be_written_as_utf_8_and_stays_clean(text: str) -> None:
    cleaned = clean(text)

    cleaned.encode()
    assert clean(cleaned) == cleaned


def test_a_webhook_in_the_text_loses_its_token() -> None:
    assert TOKEN not in clean(f"cannot post to {URL}")
    assert TOKEN not in clean(URL.replace("/webhooks", "/web\u200bhooks"))


@given(st.text(string.ascii_letters + MARKDOWN + " \n@", max_size=60))
def test_foreign_text_means_only_itself(text: str) -> None:
    shown = external(text, 500)

    for at, char in enumerate(shown):
        if char in MARKDOWN[1:]:
            assert is_escaped(shown, at), shown
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone", r"\@everyone"),
        ("[free](http://evil)", r"\[free\]\(http\://evil\)"),
        ("<@&1> <t:0:R>", r"\<\@&1\> \<t\:0\:R\>"),
        ("a\\*b", r"a\\\*b"),
        ("two\nlines  and \t spaces ", "two lines and spaces"),
        ("BTC/USDT-PERP", "BTC/USDT-PERP"),
    ],
)
def test_markdown_mentions_and_links_are_escaped(text: str, shown: str) -> None:
    assert external(text, 100) == shown


@given(ANY, st.integers(1, 80))
def test_foreign_text_never_ends_on_half_an_escape(text: str, most: int) -> None:
    shown = external(text, most)

    assert units(shown) <= most
    assert not is_escaped(shown.removesuffix(ELLIPSIS), len(shown))


@given(ANY, st.integers(-3, 40))
def test_a_cut_text_fits_and_says_that_it_was_cut(text: str, most: int) -> None:
    shown = cut(text, most)

    assert units(shown) <= max(most, 0)
    if units(text) <= most:
        assert shown == text
    elif most > 0:
        assert shown.endswith(ELLIPSIS)
        assert text.startswith(shown.removesuffix(ELLIPSIS))


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("abc def", 5, "abc…"),
        ("ab🤔🤔", 5, "ab🤔…"),
        ("ab🤔🤔", 4, "ab…"),
        ("cafe\u0301 au lait", 5, "caf…"),
        ("ab👍🏽cd", 5, "ab…"),
        ("ab\u2764\ufe0fcd", 4, "ab…"),
        (r"ab\*cd", 4, "ab…"),
        (r"ab\\cd", 5, r"ab\\…"),
        ("\u0301" * 9, 4, "…"),
    ],
)
def test_a_cut_falls_between_what_belongs_together(
    text: str, most: int, shown: str
) -> None:
    assert cut(text, most) == shown


@given(st.text(st.sampled_from("ae\u0301\u0308🤔\\"), max_size=30), st.integers(2, 20))
def test_a_cut_never_strips_a_letter_of_its_accent(text: str, most: int) -> None:
    head = cut(text, most).removesuffix(ELLIPSIS)
    rest = text[len(head) :]

    if head and rest:
        assert not unicodedata.combining(rest[0])
