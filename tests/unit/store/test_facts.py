"""Facts as the text of a column."""

import json
import math

import pytest
from hypothesis import given, strategies as st

from liqmon.store.facts import facts_from_text, text_from_facts

# lone surrogates too: exchanges name their markets, and json.loads can make them
TEXTS = st.text(st.characters(), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_facts_come_back_as_they_went(facts: dict[str, object]) -> None:
    text = text_from_facts(facts)

    assert facts_from_text(text) == facts
    assert text.encode(), "SQLite stores UTF-8, which knows no lone surrogate"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_know_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        text_from_facts({"score": value})


def test_a_value_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        text_from_facts({"when": object()})


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", "7", "[" * 100_000, json.dumps([{}])]
)
def test_a_text_that_cannot_be_read_is_no_facts_at_all(text: str) -> None:
    assert facts_from_text(text) == {}
