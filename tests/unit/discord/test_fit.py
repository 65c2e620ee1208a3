"""Any message becomes one that Discord accepts."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from liqmon.discord.fit import as_json, fit, shown
from liqmon.discord.message import Embed, Field, Message
from liqmon.sim.discord_limits import Rules, utf16_units

# what strict rules may trip over: mentions, escapes, emoji that count double, signs
# that join, controls, blanks that are trimmed, and halves of characters
NASTY = st.sampled_from(
    [
        *("@everyone", "<@&1>", "\\", "\\*", "🤔", "\U0001f468\u200d\U0001f469"),
        *("e\u0301", "币安人生", " ", "\u3000", "\n", "\x00", "\x1b[2J", "\u202e"),
        *("\ud83d", '"', "…"),
    ]
)
SHORT = st.text(st.characters(), max_size=20) | NASTY
LONG = st.builds(
    lambda piece, times: piece * times, SHORT, st.integers(0, 7_000)
).filter(lambda text: len(text) < 12_000)
TEXT = st.one_of(SHORT, SHORT, LONG)

VALUE = st.one_of(
    TEXT,
    st.floats(),
    st.integers(-(10**30), 10**30),
    st.none(),
    st.lists(SHORT | st.floats(), max_size=12),
    st.builds(lambda piece, n: (piece,) * n, SHORT, st.integers(0, 10_000)),
    st.lists(st.lists(SHORT, max_size=7), max_size=7),
)
FIELD = st.builds(Field, name=TEXT, value=VALUE, inline=st.booleans())
EMBED = st.builds(
    Embed,
    title=TEXT,
    description=TEXT,
    fields=st.lists(FIELD, max_size=28).map(tuple),
    footer=TEXT,
    author=TEXT,
    color=st.none() | st.integers(0, 0xFFFFFF),
    url=st.sampled_from(["", "https://www.tradingview.com/chart/"]),
    timestamp_ms=st.none() | st.integers(0, 4_000_000_000_000),
)


def messages(most_embeds: int) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        content=TEXT,
        embeds=st.lists(EMBED, max_size=most_embeds).map(tuple),
        silent=st.booleans(),
    )


def embeds_of(payload: dict[str, object]) -> list[dict[str, Any]]:
    return list(json.loads(as_json(payload)).get("embeds", []))


def length(payload: dict[str, object]) -> int:
    return len(as_json(payload))


def total(payload: dict[str, object]) -> int:
    return sum(
        utf16_units(text)
        for embed in embeds_of(payload)
        for text in (
            embed.get("title", ""),
            embed.get("description", ""),
            embed.get("footer", {}).get("text", ""),
            embed.get("author", {}).get("name", ""),
            *(field[part] for field in embed.get("fields", ()) for part in field),
        )
        if isinstance(text, str)
    )


def full(fields: int, **changes: Any) -> Embed:
    """Return an embed with every part at its limit."""
    parts: dict[str, Any] = {
        "title": "t" * 256,
        "description": "d" * 4_096,
        "fields": tuple(Field("n" * 256, "v" * 1_024) for _ in range(fields)),
        "footer": "f" * 2_048,
        "author": "a" * 256,
    }
    return Embed(**parts | changes)


@pytest.mark.untraced
@settings(max_examples=300)
@given(messages(1) | messages(12))
def test_d31_discord_accepts_every_message(message: Message) -> None:
    payload = fit(message)

    assert Rules().refusal(json.loads(as_json(payload).encode())) is None
    assert payload["allowed_mentions"] == {"parse": []}


@pytest.mark.untraced
@settings(max_examples=200)
@given(messages(1))
def test_d31_a_card_keeps_three_fields_whatever_happens(message: Message) -> None:
    wanted = sum(len(embed.fields) for embed in message.embeds)
    kept = sum(len(e.get("fields", ())) for e in embeds_of(fit(message)))

    assert kept >= min(3, wanted)


@pytest.mark.untraced
@settings(max_examples=200)
@given(messages(2))
def test_only_the_last_fields_are_dropped(message: Message) -> None:
    pairs = zip(embeds_of(fit(message)), message.embeds, strict=False)
    if len(embeds_of(fit(message))) == len(message.embeds):
        for kept, asked in pairs:
            inline = [field["inline"] for field in kept.get("fields", ())]
            assert inline == [field.inline for field in asked.fields][: len(inline)]


@pytest.mark.parametrize("char", ["x", "🤔", "币", "e\u0301", "\\*", '"'])
@pytest.mark.parametrize("more", [-1, 0, 1, 5_000])
def test_d31_every_part_at_its_limit_and_beyond(char: str, more: int) -> None:
    def of(most: int) -> str:
        return (char * most)[: max(most + more, 0)] + char * max(more, 0)

    card = Embed(
        title=of(256),
        description=of(4_096),
        fields=tuple(Field(of(256), of(1_024)) for _ in range(25 + min(more, 1))),
        footer=of(2_048),
        author=of(256),
    )
    payload = fit(Message(of(2_000), (card,) * 10))

    assert Rules().refusal(json.loads(as_json(payload))) is None
    assert len(embeds_of(payload)[0]["fields"]) >= 3


# the rule of five


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (list("abcde"), "a, b, c, d, e"),
        (list("abcdef"), "[6 items] First 3: a, b, c"),
        (tuple("abcdef"), "[6 items] First 3: a, b, c"),
        (list(range(10_000)), "[10000 items] First 3: 0, 1, 2"),
        ([math.nan, 1.5], "n/a, 1.5"),
        (
            [list("abcdef"), "x"],
            "[6 items] First 3: a, b, c, x",
        ),
        ([math.inf] * 6, "[6 items] First 3: n/a, n/a, n/a"),
        (math.inf, "n/a"),
        (math.nan, "n/a"),
        (0.5, "0.5"),
        (7, "7"),
        (None, "None"),
        ("[6 items]", "[6 items]"),
    ],
)
def test_d32_five_are_shown_in_full_and_six_in_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_d32_a_field_may_hold_a_list() -> None:
    card = Embed(fields=(Field("Symbols", list("abcdef")), Field("Empty", [])))
    fields = embeds_of(fit(Message(embeds=(card,))))[0]["fields"]

    assert [f["value"] for f in fields] == ["[6 items] First 3: a, b, c", "—"]


# the rule of 5000 characters


def with_fields(count: int, size: int, content: str = "c") -> Message:
    fields = tuple(Field(f"name {at}", "v" * size) for at in range(count))
    return Message(content, (Embed(title="t", fields=fields, footer="foot"),))


def names(payload: dict[str, object]) -> list[str]:
    return [f["name"] for e in embeds_of(payload) for f in e.get("fields", ())]


def test_a_body_of_5000_characters_keeps_its_fields() -> None:
    spare = 5_000 - length(fit(with_fields(8, 500, "c")))
    fitting = fit(with_fields(8, 500, "c" * (1 + spare)))

    assert length(fitting) == 5_000
    assert len(names(fitting)) == 8
    assert "omitted" not in as_json(fitting)
    assert len(names(fit(with_fields(8, 500, "c" * (2 + spare))))) == 7


def test_a_longer_body_loses_its_last_fields_and_says_so() -> None:
    payload = fit(with_fields(10, 1_000))

    assert length(payload) <= 5_000 + len(" (+6 fields omitted)")
    assert names(payload) == ["name 0", "name 1", "name 2", "name 3"]
    assert embeds_of(payload)[0]["footer"]["text"] == "foot (+6 fields omitted)"


def test_three_fields_are_kept_however_long_the_body() -> None:
    payload = fit(Message(embeds=(full(5, footer="foot"),)))

    assert len(names(payload)) == 3
    assert total(payload) <= 6_000
    assert embeds_of(payload)[0]["footer"]["text"] == "foot (+2 fields omitted)"


def test_wide_characters_are_not_counted_as_escapes() -> None:
    assert as_json({"x": "币🤔"}) == '{"x":"币🤔"}'
    fields = tuple(Field("名", "币" * 500) for _ in range(5))

    assert len(names(fit(Message(embeds=(Embed(fields=fields),))))) == 5


def test_of_several_cards_the_fullest_gives_first() -> None:
    small = Embed(fields=tuple(Field("small", "v" * 300) for _ in range(4)))
    large = Embed(fields=tuple(Field("large", "v" * 300) for _ in range(12)))
    payload = fit(Message(embeds=(small, large)))

    assert names(payload).count("small") == 4
    assert 3 <= names(payload).count("large") < 12
    assert "footer" not in embeds_of(payload)[0]
    assert "omitted" in embeds_of(payload)[1]["footer"]["text"]


# the hard limits


def test_what_is_longest_and_matters_least_is_cut_first() -> None:
    (card,) = embeds_of(fit(Message(embeds=(full(3),))))

    assert len(card["title"]) == 256
    assert len(card["description"]) == 1_024
    assert [len(field["value"]) for field in card["fields"]] == [512] * 3


@pytest.mark.parametrize("units", [5_980, 5_981, 6_000])
def test_there_is_room_for_what_is_said_of_omitted_fields(units: int) -> None:
    three_of_four = 3 * (256 + 1_024)
    card = full(
        4,
        author="",
        footer="f" * 10,
        description="d" * (units - three_of_four - 256 - 10),
    )
    payload = fit(Message(embeds=(card,)))

    assert embeds_of(payload)[0]["footer"]["text"].endswith("(+1 fields omitted)")
    assert Rules().refusal(json.loads(as_json(payload))) is None


def test_ten_full_cards_are_made_to_fit() -> None:
    payload = fit(Message("c" * 3_000, tuple(full(25) for _ in range(12))))

    assert total(payload) <= 6_000
    assert len(str(payload["content"])) == 2_000
    assert {len(e["fields"]) for e in embeds_of(payload)} == {3}


# what is empty


@pytest.mark.parametrize(
    "message",
    [
        Message(),
        Message(" \n\u200b"),
        Message(embeds=(Embed(),)),
        Message(embeds=(Embed(title="\x00", color=3, url="https://x.io"),)),
    ],
)
def test_a_message_that_says_nothing_is_a_dash(message: Message) -> None:
    assert fit(message) == {"allowed_mentions": {"parse": []}, "content": "—"}


def test_an_empty_part_is_left_out_and_an_empty_field_is_a_dash() -> None:
    card = Embed(description="d", fields=(Field("", ""), Field(" ", None)))
    payload = fit(Message(embeds=(card,)))

    assert "content" not in payload
    assert embeds_of(payload) == [
        {
            "description": "d",
            "fields": [
                {"name": "—", "value": "—", "inline": True},
                {"name": "—", "value": "None", "inline": True},
            ],
        }
    ]


def test_black_is_a_colour_and_1970_is_a_time() -> None:
    (card,) = embeds_of(fit(Message(embeds=(Embed("t", color=0, timestamp_ms=0),))))

    assert card["color"] == 0
    assert card["timestamp"] == "1970-01-01T00:00:00+00:00"


def test_a_silent_message_pushes_nothing() -> None:
    assert fit(Message("x", silent=True))["flags"] == 4_096
    assert "flags" not in fit(Message("x"))


def test_json_of_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        as_json({"x": math.nan})
