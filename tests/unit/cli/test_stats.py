"""``liqmon stats`` as it is typed."""

import csv
import io
import json
import re
from pathlib import Path

from factories import ETH, MARKET
from liqmon.clock import SystemClock
from liqmon.store.tally import Count, hour_of
from lookbacks import (
    ONSET,
    OTHER,
    SENT,
    following,
    raising,
    settling,
    written,
)
from shells import Typed

NOW_MS = SystemClock().now_ms()


def happened(state: Path) -> None:
    hour_ms = hour_of(NOW_MS)
    counts = {
        ("webhook", "", "200"): 98.0,
        ("webhook", "", "500"): 1.0,
        ("webhook", "", "429"): 3.0,
        ("webhook", "", "answered"): 2.0,
        ("webhook", "", "answered_s"): 0.25,
        ("poll", MARKET.key, "1"): 17_280.0,
        ("poll", MARKET.key, "2"): 3.0,
        ("poll", ETH.key, "gave up"): 2.0,
        ("heal", "bybit", "the session was closed"): 1.0,
        ("feed", MARKET.key, "watched_s"): 86_400.0,
        ("feed", ETH.key, "watched_s"): 86_400.0,
        ("feed", ETH.key, "stale_s"): 90.0,
        ("feed", ETH.key, "stale"): 1.0,
    }
    for kind in range(12):
        counts["error", "bybit", f"kind {'abcdefghijkl'[kind]}"] = 12.0 - kind
    written(
        state,
        lambda store: store.count(
            [Count(hour_ms, *key, n) for key, n in counts.items()]
        ),
        raising(ONSET, OTHER, now_ms=NOW_MS - 5_000),
        settling(SENT, now_ms=NOW_MS - 4_000),
        following(ONSET, {0: 100.0, 15: 99.0, 60: 102.0}),
        lambda store: store.record(
            at_ms=NOW_MS - 60_000,
            kind="BreakerChanged",
            market="",
            body={"old": "closed", "new": "open"},
        ),
    )


def test_all_of_it_in_the_words_of_a_table(looking: Typed, state: Path) -> None:
    happened(state)

    code, out, err = looking("stats")

    assert (code, err) == (0, "")
    heading, webhooks, feeds, markets, findings = out.split("\n\n")
    assert heading.startswith("from ")
    assert webhooks.splitlines()[:3] == [
        "receiver  answers             requests   worked  answer  messages  p50  p95",
        "discord   200:98 429:3 500:1       102  98.98 %  125 ms         1  1 s  1 s",
        "p50, p95: from a finding's commit to the receiver's yes",
    ]
    assert re.search("breaker opened once, for .* in all, and is open now", webhooks)
    assert feeds.splitlines()[:3] == [
        "polls 17,285: 17,280 at attempt 1, 3 at attempt 2, 2 given up",
        "dead sessions of bybit healed once: the session was closed",
        "error of bybit 12 times: kind a",
    ]
    assert feeds.endswith("and 2 more kinds of error: --json")
    assert [line.split()[1:] for line in markets.splitlines()[1:]] == [
        ["1", "d", "0", "h", "99.89", "%", "1.5", "1", "0", "2", "1"],
        ["1", "d", "0", "h", "100.00", "%", "0.0", "0", "17,283", "0", "1"],
    ]
    assert findings.replace("\N{MINUS SIGN}", "-").splitlines() == [
        "severity  episodes   15 min   known   60 min   known",
        "medium           2  +1.00 %  1 of 2  -2.00 %  1 of 2",
        "after they were told, the median: plus, it went on; minus, it came back",
    ]


def test_json_and_csv_have_every_number(looking: Typed, state: Path) -> None:
    happened(state)

    _, text, _ = looking("stats", "--json")
    _, table, _ = looking("stats", "--csv")

    told = json.loads(text)
    assert told["schema"] == 1
    assert told["polls"] == {"solved": {"1": 17_280, "2": 3}, "gave_up": 2}
    assert told["severities"][0]["severity"] == "medium"
    assert len(told["errors"]) == 12
    rows = {
        (row["section"], row["subject"], row["name"]): row["value"]
        for row in csv.DictReader(io.StringIO(table))
    }
    assert rows["webhooks", "discord", "by_answer 200"] == "98"
    assert rows["polls", "", "solved 2"] == "3"
    assert rows["errors", "bybit: kind a", "count"] == "12"
    assert rows["markets", ETH.key, "stale"] == "1"
    assert rows["breaker", "", "is_open"] == "true"
    assert rows["", "", "until_ms"] == str(told["until_ms"]) or rows[
        "", "", "until_ms"
    ] >= str(told["until_ms"])


def test_what_is_not_known_is_a_dot(looking: Typed, state: Path) -> None:
    hour_ms = hour_of(NOW_MS)
    counts = [
        Count(hour_ms, "webhook", "", "429", 1.0),
        *[
            Count(hour_ms, "feed", f"bybit:C{number:02}/USDT:USDT", "stale", 0.0)
            for number in range(21)
        ],
    ]
    written(state, lambda store: store.count(counts))

    _, out, _ = looking("stats")

    assert "discord   429:1           1       ·       ·         0    ·    ·" in out
    assert "C00USDT      0 s       ·" in out
    assert "and 1 more, better ones: --json" in out
    assert "breaker never opened\n" in out
    assert out.endswith("no episode was found\n")


def test_without_a_webhook_and_without_markets_it_says_so(
    looking: Typed, state: Path
) -> None:
    written(state, raising(ONSET, now_ms=NOW_MS))

    _, out, _ = looking("stats", "--ascii")

    assert "nothing was sent to anybody\n" in out
    assert "no poll is counted yet: a watch writes its counts down every minute" in out
    assert "no market was watched for a whole minute yet\n" in out
    assert out.isascii()


def test_an_empty_state_is_a_sentence_and_no_failure(looking: Typed) -> None:
    assert looking("stats") == (
        0,
        (
            "nothing was watched in the last 7d; "
            "liqmon watch BTCUSDT ETHUSDT begins to count\n"
        ),
        "",
    )


def test_two_forms_at_once_are_a_mistake(looking: Typed) -> None:
    code, _, err = looking("stats", "--json", "--csv")

    assert (code, err) == (
        2,
        "error: --json and --csv exclude each other\n  hint: leave out one of them\n",
    )
