"""``liqmon show`` as it is typed."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from liqmon.core.model import Phase, Severity
from liqmon.store.attempts import Attempt
from liqmon.store.outbox import RowState, Settlement
from liqmon.store.posts import Post
from lookbacks import (
    DEAD,
    END,
    NOW_MS,
    ONSET,
    OTHER,
    SENT,
    following,
    raising,
    settling,
    written,
)
from shells import Typed

HIGHER = replace(ONSET, phase=Phase.ESCALATION, severity=Severity.HIGH)
FALL = {minute: 64_000.0 - 20 * minute for minute in range(-10, 61)}
IDS = "  hint: liqmon history --since 90d lists them with their ids\n"
MINUS = "\N{MINUS SIGN}"
AT = r"11-14 22:\d\d:\d\d  "


def happened(state: Path) -> None:
    written(
        state,
        raising(ONSET, OTHER),
        settling(SENT),
        raising(HIGHER, END, now_ms=NOW_MS + 60_000),
        settling(SENT, SENT, Settlement(state=RowState.DIGESTED), DEAD),
        lambda store: store.record(
            at_ms=NOW_MS + 60_100,
            kind="Delivery",
            market="",
            body={"episode": ONSET.episode, "status": "held", "reason": "breaker"},
        ),
        lambda store: store.acknowledge(ONSET.episode, now_ms=NOW_MS + 90_000),
        following(ONSET, FALL),
    )


def test_the_story_says_what_why_how_the_price_went_and_who_was_told(
    looking: Typed, state: Path
) -> None:
    happened(state)

    code, out, err = looking("show", "aaaa1")

    assert (code, err) == (0, "")
    head, facts, chart, timeline = out.replace(MINUS, "-").split("\n\n")
    assert head == "aaaa1111 · BTCUSDT (bybit, 1m) · long liquidations · MEDIUM · over"
    move = "64,052.00 → low 61,000.00 (-4.76 %) after 12 min, $41.8 M traded"
    assert facts.splitlines() == [
        "onset 2023-11-14 22:14 UTC",
        f"move  {move}",
        "basis inferred from price and volume; about 9 in 10 such alerts were cascades",
        "why   S over 5 min 16.2, threshold 12",
        "after 15 min +0.47 %, 60 min +1.87 % (plus: it went on, minus: it came back)",
        "told  dead, acknowledged",
    ]
    assert chart.splitlines()[0].startswith("64,200.00 │")
    assert "!" in chart
    assert chart.endswith("^ onset, ! told first; UTC")
    patterns = [
        r"onset MEDIUM: 64,052.00 → 62,480.50 \(-2.45 %\), score 16.2",
        r"onset delivered 0.4 s after it was stored, 1 attempt",
        r"escalation told in a digest",
        r"end dead, 1 attempt: Discord refuses this message",
        r"escalation HIGH: .*",
        r"end MEDIUM: .*",
        r"held back: breaker",
        r"acknowledged",
    ]
    lines = timeline.splitlines()
    for pattern, line in zip(patterns, lines, strict=True):
        assert re.fullmatch(AT + pattern, line), line
    assert len(lines) == len(patterns)


def test_what_waits_says_so(looking: Typed, state: Path) -> None:
    held = Settlement(state=RowState.PENDING, error="Discord is failing (HTTP 500)")
    written(state, raising(ONSET, route="phone"), settling(held))

    _, out, _ = looking("show", ONSET.episode)

    assert "onset waits to phone, 1 attempt: Discord is failing (HTTP 500)" in out
    assert "told  held" in out
    assert "going on" in out
    assert "15 min unknown, 60 min unknown" in out
    assert "no prices were noted" in out


def test_an_episode_that_was_muted_says_so(looking: Typed, state: Path) -> None:
    written(
        state,
        lambda store: store.mute("", until_ms=9_000_000_000_000),
        raising(ONSET),
        settling(SENT),
    )

    _, out, _ = looking("show", ONSET.episode)

    assert "told  muted (its market was muted)" in out


def test_what_was_only_building_is_called_so_and_has_no_odds(
    looking: Typed, state: Path
) -> None:
    building = replace(ONSET, phase=Phase.BUILDING, severity=Severity.LOW)
    withdrawn = replace(building, phase=Phase.WITHDRAWN)
    written(state, raising(building), raising(withdrawn, told=False))

    _, out, _ = looking("show", "aaaa1")

    assert out.splitlines()[0].endswith("long liquidations · LOW · withdrawn")
    assert "basis inferred from price and volume\n" in out
    assert re.search("building LOW.*\n.*withdrawn LOW", out)


def test_the_last_edit_of_a_message_stands_for_all(looking: Typed, state: Path) -> None:
    post = Post(
        route="",
        message_id="42",
        posted_ms=NOW_MS,
        edited_ms=NOW_MS,
        shown={ONSET.episode: {}},
    )
    edits = [
        Attempt(posts=(replace(post, id=1, edited_ms=NOW_MS + n),)) for n in (1, 2)
    ]
    written(
        state,
        raising(replace(ONSET, confidence=None)),
        lambda store: store.conclude(Attempt(posts=(post,)), now_ms=NOW_MS),
        lambda store: store.conclude(edits[0], now_ms=NOW_MS),
        lambda store: store.record(
            at_ms=NOW_MS,
            kind="Delivery",
            market="",
            body={"episode": ONSET.episode, "status": "expired"},
        ),
    )
    _, once, _ = looking("show", ONSET.episode)
    written(state, lambda store: store.conclude(edits[1], now_ms=NOW_MS))
    _, twice, _ = looking("show", ONSET.episode)

    assert "  message 1 edited once\n" in once
    assert twice.count("message 1 edited") == 1
    assert "  message 1 edited 2 times so far\n" in twice
    assert "held back" not in once
    assert "basis inferred from price and volume\n" in once


def test_a_path_without_a_price_is_no_chart(looking: Typed, state: Path) -> None:
    nothing = {"from_ms": 1, "step_ms": 1, "base": 1.0, "closes": [None]}
    written(
        state,
        raising(ONSET),
        lambda store: store.follow(ONSET.episode, nothing, is_over=False),
    )

    _, out, _ = looking("show", ONSET.episode)

    assert "told first" not in out
    assert "onset MEDIUM" in out


def test_without_special_characters_the_chart_is_made_of_stars(
    looking: Typed, state: Path
) -> None:
    happened(state)

    _, out, _ = looking("show", ONSET.episode, "--ascii")

    assert out.isascii()
    assert "64,200.00 |*" in out


def test_json_has_all_of_it(looking: Typed, state: Path) -> None:
    happened(state)

    _, out, _ = looking("show", ONSET.episode, "--json")

    told = json.loads(out)
    assert told["schema"] == 1
    assert told["episode"]["episode"] == ONSET.episode
    assert told["conditions"] == [
        {"name": "S over 5 min", "value": 16.2, "threshold": 12.0}
    ]
    assert [one["what"] for one in told["timeline"]][-1] == "acknowledged"
    assert [one["state"] for one in told["messages"]] == ["sent", "digested", "dead"]
    assert told["messages"][0]["delay_s"] == 0.4
    assert len(told["path"]["closes"]) == 71


def test_an_episode_of_another_liqmon_is_told_in_general_words(
    looking: Typed, state: Path
) -> None:
    written(
        state,
        raising(ONSET),
        lambda store: store._write(
            lambda c: c.execute("""UPDATE episode SET facts = '{"v":99}'""")
        ),
        lambda store: store._write(
            lambda c: c.execute(
                """UPDATE journal SET body = replace(body, '"v":1', '"v":9')"""
            )
        ),
    )

    code, out, _ = looking("show", ONSET.episode)
    _, text, _ = looking("show", ONSET.episode, "--json")

    assert code == 0
    assert "its facts are those of another version of liqmon" in out
    assert "raised" in out
    assert json.loads(text)["conditions"] == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "aaaa",
            (
                "error: 2 episodes begin with aaaa: aaaa2222, aaaa1111\n"
                "  hint: write more of the one you mean\n"
            ),
        ),
        ("ffff", f"error: there is no episode ffff\n{IDS}"),
        ("", f"error: there is no episode \n{IDS}"),
    ],
)
def test_a_name_must_mean_one_episode(
    looking: Typed, state: Path, name: str, error: str
) -> None:
    happened(state)

    assert looking("show", name) == (2, "", error)
