"""What is written in an answer, read with suspicion."""

import json
import math

import pytest
from hypothesis import given, strategies as st

from liqmon.discord.text import units
from liqmon.discord.wire import (
    bucket_wait,
    code_in,
    json_object,
    retry_after,
    said_in,
)
from webhooks import TOKEN, URL

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("body", "header", "wait_s"),
    [
        # the larger of the two counts: the header is rounded up
        (0.376, None, 0.626),
        (0, None, 0.25),
        (1336.57, "1337", 1337.25),
        (5, "2", 5.25),
        # above an hour it is honoured, above a day it is not believed
        (3_600, None, 3_600.25),
        (86_400, None, DAY_S),
        (1e9, None, DAY_S),
        (10**400, None, DAY_S),
        (math.inf, None, DAY_S),
        (None, "1e9", DAY_S),
        (None, "inf", DAY_S),
        # nonsense is passed over where there is something better
        (-1, "7", 7.25),
        ("abc", "7", 7.25),
        (math.nan, "7", 7.25),
        (None, "7", 7.25),
        ([3], "7", 7.25),
        (True, "7", 7.25),
        (3, "nan", 3.25),
        (3, "-7", 3.25),
        (3, "Wed, 21 Oct 2026 07:28:00 GMT", 3.25),
        # and without anything better it is no answer
        (-1, None, None),
        ("abc", None, None),
        (math.nan, "nan", None),
        (None, "-1", None),
        (None, "", None),
        (None, None, None),
        (False, None, None),
        ({}, "abc", None),
    ],
)
def test_d08_a_wait_is_believed_as_far_as_it_makes_sense(
    body: object, header: str | None, wait_s: float | None
) -> None:
    text = "{}" if body is None else json.dumps({"retry_after": body})
    headers = {} if header is None else {"retry-after": header}
    found = retry_after(headers, json_object(text))

    assert found == (None if wait_s is None else pytest.approx(wait_s))


def test_d08_a_body_that_is_no_json_leaves_the_header() -> None:
    assert retry_after({"retry-after": "7"}, None) == 7.25


@given(
    st.floats() | st.integers() | st.text() | st.none(),
    st.none() | st.text() | st.floats().map(str),
)
def test_no_wait_is_negative_or_without_end(body: object, header: str | None) -> None:
    headers = {} if header is None else {"retry-after": header}
    found = retry_after(headers, {"retry_after": body})

    assert found is None or 0 < found <= DAY_S


@pytest.mark.parametrize(
    ("remaining", "reset_after", "wait_s"),
    [
        ("0", "1.2", 1.2),
        (" 0 ", "1.2", 1.2),
        ("1", "1.2", 0.0),
        (None, "1.2", 0.0),
        ("0", None, 0.0),
        ("0", "abc", 0.0),
        ("0", "-1", 0.0),
        ("0", "1e12", DAY_S),
    ],
)
def test_d10_an_empty_bucket_is_waited_for(
    remaining: str | None, reset_after: str | None, wait_s: float
) -> None:
    headers = {
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset-after": reset_after,
    }
    given_headers = {name: value for name, value in headers.items() if value}

    assert bucket_wait(given_headers) == wait_s


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "7", "{", "<html>", '{"a": }', "[" * 100_000, '{"a":' * 9_999],
)
def test_anything_but_an_object_is_none(text: str) -> None:
    assert json_object(text) is None


def test_a_number_of_absurd_length_is_read_as_infinite() -> None:
    assert json_object(f'{{"retry_after": {"9" * 5_000}}}') == {"retry_after": math.inf}
    assert json_object('{"code": 10015}') == {"code": 10015}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": 10015}, 10015),
        ({"code": "10015"}, 0),
        ({"code": True}, 0),
        ({"code": 1.5}, 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_a_code_is_a_whole_number(body: dict[str, object] | None, code: int) -> None:
    assert code_in(body) == code


def test_the_first_complaint_is_told_with_its_path() -> None:
    errors = {
        "embeds": {
            "0": {
                "title": {
                    "_errors": [
                        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Too long."},
                        {"message": "And ugly."},
                    ]
                },
                "color": {"_errors": [{"message": "Not a colour."}]},
            }
        }
    }
    body = {"message": "Invalid Form Body", "code": 50035, "errors": errors}

    assert said_in(body) == "Invalid Form Body; embeds.0.title: Too long."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "no message"),
        ({}, "no message"),
        ({"message": 7}, "no message"),
        ({"message": "500: Internal Server Error"}, "Internal Server Error"),
        ({"message": "two\n lines\x1b[2J"}, "two lines[2J"),
        ({"message": "x", "errors": "y"}, "x"),
        ({"message": "x", "errors": {"_errors": []}}, "x"),
        ({"message": "x", "errors": {"_errors": ["y"]}}, "x"),
        ({"message": "x", "errors": {"_errors": "y"}}, "x"),
        ({"message": "x", "errors": {"a": {"_errors": [{}]}}}, "x; a: None"),
    ],
)
def test_discords_words_are_one_clean_line(
    body: dict[str, object] | None, said: str
) -> None:
    assert said_in(body) == said


def test_discords_words_are_short_and_hold_no_token() -> None:
    said = said_in({"message": f"at {URL} " + "x" * 1_000})

    assert units(said) == 300
    assert TOKEN not in said


def test_a_complaint_without_a_bottom_is_left_alone() -> None:
    errors: dict[str, object] = {"_errors": [{"message": "deep"}]}
    for _ in range(50):
        errors = {"a": errors}

    assert said_in({"message": "x", "errors": errors}) == "x"
