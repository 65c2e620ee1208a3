"""How a mistake is shown."""

import pytest

from liqmon.errors import ConfigError
from liqmon.settings.problems import (
    Place,
    Problem,
    briefly,
    config_error,
    masked,
    printable,
    suggestion,
)


def test_the_line_itself_and_the_hint_follow_the_reason() -> None:
    problem = Problem(Place("a.toml", 4, "x = 1"), "t.x", "unknown key", "leave it")

    assert str(config_error([problem])) == (
        "a.toml: 1 problem\n"
        "  --> a.toml:4 t.x: unknown key\n"
        "     4 | x = 1\n"
        "       hint: leave it"
    )


def test_problems_are_sorted_by_line_and_those_without_one_come_last() -> None:
    places = [Place("V"), Place("f", 10, "b"), Place("A"), Place("f", 9, "a")]
    told = str(config_error([Problem(place, "k", "r") for place in places]))

    assert [line.split()[1] for line in told.splitlines() if "-->" in line] == [
        "f:9",
        "f:10",
        "A",
        "V",
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("webhook_url = 'abc'", "webhook_url = ***"),
        ("  'webhook_url'='abc' # x", "'webhook_url'=***"),
        ("discord.webhook_url = 'abc'", "discord.webhook_url = ***"),
        ("name = '/webhooks/1/abcdefghijk'", "name = '/webhooks/1/***'"),
        ("name = '" + "a" * 40 + "'", "name = '***'"),
        ("url = 'abc'", "url = ***"),
        ("notify = [{name = 'a', url = 'abc'}]", "notify = [{name = 'a', url = ***"),
        ("ulr = 'ntfy://a:b@c/d'", "ulr = 'ntfy://***'"),
        ("base_url = 'http://evil.io'", "base_url = 'http://evil.io'"),
        ("x = 'https://a:b@c.d/e'", "x = 'https://c.d/***'"),
        ("x = 'https://c.d?e'", "x = 'https://c.d/***'"),
        ("base_url = 'http://127.0.0.1:1'", "base_url = 'http://127.0.0.1:1'"),
        ("name = 'abc'", "name = 'abc'"),
        ("\x1b[2Jx = 'a\u202e'", "\\x1b[2Jx = 'a\\u202e'"),
        ("x = '" + "a " * 60, "x = '" + ("a " * 60)[:95] + " ..."),
    ],
)
def test_a_quoted_line_shows_no_secret_and_moves_no_cursor(
    line: str, shown: str
) -> None:
    assert masked(line) == shown


def test_what_can_be_printed_stays() -> None:
    assert printable("Bär 币 \t\x07") == "Bär 币 \\t\\x07"


@pytest.mark.parametrize(
    ("name", "candidates", "hint"),
    [
        ("treshold", ["threshold", "open_s"], "did you mean `threshold`?"),
        ("zzz", ["a", "b"], "known here: `a`, `b`"),
        (
            "x9",
            [f"b{number}" for number in range(9)],
            "the nearest are `b8`, `b7`, `b6`",
        ),
    ],
)
def test_a_suggestion_names_few(name: str, candidates: list[str], hint: str) -> None:
    assert suggestion(name, candidates) == hint


def test_for_one_line_the_first_problem_stands_for_all() -> None:
    file, variable = Place("/home/you/a.toml", 4, "x = 1"), Place("LIQMON_X")
    one = [Problem(file, "t.x", "unknown key")]
    two = [*one, Problem(variable, "", "either m/s or km/h")]

    assert briefly(config_error(one)) == "a.toml:4 t.x: unknown key"
    assert briefly(config_error(two)) == "a.toml:4 t.x: unknown key (1 of 2 problems)"
    assert briefly(config_error(two[1:])) == "LIQMON_X: either m/s or km/h"
    assert briefly(ConfigError("no market to watch")) == "no market to watch"
