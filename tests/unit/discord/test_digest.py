import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from factories import ETH, ONSET_MS, a_finding
from liqmon.core.model import Finding, Market, Phase, Severity
from liqmon.discord.digest import digest_messages
from liqmon.sim.discord_limits import Rules

MINUTE_MS = 60_000
SINCE_MS = ONSET_MS
UNTIL_MS = ONSET_MS + 39 * MINUTE_MS


def digest(
    ongoing: list[Finding], over: list[Finding], *, expired: int = 0
) -> list[dict[str, Any]]:
    """Return the bodies as Discord reads them, but for the sign of minus."""
    sent = digest_messages(
        ongoing,
        over,
        expired=expired,
        since_ms=SINCE_MS,
        until_ms=UNTIL_MS,
        now_ms=UNTIL_MS,
    )
    text = json.dumps(sent, ensure_ascii=False).replace("\N{MINUS SIGN}", "-")
    bodies: list[dict[str, Any]] = json.loads(text)
    for body in bodies:
        assert Rules().refusal(body) is None
        assert body["allowed_mentions"] == {"parse": []}
    return bodies


def card(body: dict[str, Any]) -> dict[str, Any]:
    [embed] = body["embeds"]
    return dict(embed)


def fields(body: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in card(body).get("fields", [])}


def ended(count: int, **changes: Any) -> list[Finding]:
    return [
        a_finding(
            episode=f"e{number}",
            phase=Phase.END,
            onset_ms=ONSET_MS + number * MINUTE_MS,
            ended_ms=ONSET_MS + (number + 12) * MINUTE_MS,
            price_extreme=62_310.0,
            **changes,
        )
        for number in range(count)
    ]


def test_what_is_still_going_on_comes_first_and_rings() -> None:
    first, second = digest([a_finding(severity=Severity.HIGH)], ended(9))

    assert first["content"] == (
        "🔴 **1 episode still going on** after 39 min without Discord "
        "· worst BTCUSDT longs HIGH"
    )
    assert card(first)["color"] == 0xE5484D
    assert "flags" not in first
    assert second["flags"] == 4_096
    assert second["content"] == (
        "⚪ **9 episodes happened and ended** in 39 min without Discord "
        "· worst BTCUSDT longs MEDIUM"
    )


def test_the_worst_is_listed_first_and_the_rest_by_age() -> None:
    low, high = (
        a_finding(severity=Severity.LOW),
        a_finding(episode="e2", market=ETH, severity=Severity.HIGH),
    )
    [body] = digest([low, high], [])
    lines = card(body)["description"].splitlines()

    assert lines == [
        "**ETHUSDT longs** HIGH · bybit · -2.5 % · began <t:1700000040:R>",
        "**BTCUSDT longs** LOW · bybit · -2.5 % · began <t:1700000040:R>",
    ]


def test_what_ended_is_told_with_its_time_its_worst_and_how_long_it_took() -> None:
    [body] = digest([], ended(1))

    assert card(body)["title"] == (
        "1 episode happened and ended while Discord was unreachable"
    )
    assert card(body)["description"].splitlines() == [
        "From <t:1700000040:t> to <t:1700002380:t> (39 min).",
        (
            "<t:1700000040:t> **BTCUSDT longs** MEDIUM · bybit · -2.7 % at worst "
            "· lasted 12 min"
        ),
    ]


def test_counts_are_by_exchange_and_by_severity() -> None:
    okx = Market("okx", "BTC/USDT:USDT", "BTC", "USDT")
    grave = [
        a_finding(episode="g", phase=Phase.END, market=okx, severity=Severity.CRITICAL)
    ]
    [body] = digest([], [*ended(3), *grave])

    assert fields(body)["By exchange"] == "bybit 3 · okx 1"
    assert fields(body)["By severity"] == "1 CRITICAL · 3 MEDIUM"


def test_many_exchanges_are_counted_in_short() -> None:
    far = [
        a_finding(episode=f"x{number}", market=Market(f"x{number}", "B", "B", "T"))
        for number in range(7)
    ]
    [body] = digest(far, [])

    assert fields(body)["By exchange"].endswith(" · +2 more")


@pytest.mark.parametrize(("count", "left"), [(10, []), (11, ["+2 more"])])
def test_ten_lines_are_the_most(count: int, left: list[str]) -> None:
    [body] = digest([], ended(count))
    lines = card(body)["description"].splitlines()[1:]

    assert len(lines) == 10
    assert [line for line in lines if line.endswith("more")] == left
    assert fields(body)["By severity"] == f"{count} MEDIUM"


@pytest.mark.parametrize(
    ("expired", "said"),
    [(1, "1 finding grew too old to be sent"), (4, "4 findings grew too old")],
)
def test_what_expired_is_counted_and_where_to_read_it(expired: int, said: str) -> None:
    [body] = digest([], [], expired=expired)

    assert "Nothing else happened" in body["content"]
    assert fields(body)["Expired"].startswith(said)
    assert "liqmon outbox list" in fields(body)["Expired"]


def test_expired_findings_are_told_even_if_something_goes_on() -> None:
    assert len(digest([a_finding()], [], expired=2)) == 2
    assert len(digest([a_finding()], [])) == 1


def test_an_episode_counts_once_as_it_was_last() -> None:
    onset = a_finding(severity=Severity.LOW)
    end = a_finding(
        phase=Phase.END, severity=Severity.HIGH, decided_ms=onset.decided_ms + 1
    )
    [body] = digest([], [end, onset])

    assert fields(body)["By severity"] == "1 HIGH"


def test_the_ids_are_in_the_footer() -> None:
    [body] = digest([], ended(2))

    assert card(body)["footer"]["text"] == "liqmon · digest · e0 · e1"


@settings(max_examples=60)
@given(
    st.lists(st.text(max_size=60), max_size=80),
    st.lists(st.text(max_size=60), max_size=80),
    st.integers(0, 10**9),
)
def test_no_outage_is_too_long_for_three_messages(
    going: list[str], gone: list[str], expired: int
) -> None:
    """Whatever the exchanges call their markets and themselves."""

    def named(names: list[str], phase: Phase) -> list[Finding]:
        return [
            a_finding(
                episode=f"{phase}{number}",
                phase=phase,
                market=Market(name, name, name, ""),
            )
            for number, name in enumerate(names)
        ]

    bodies = digest(named(going, Phase.ONSET), named(gone, Phase.END), expired=expired)

    assert 1 <= len(bodies) <= 3
    for body in bodies:
        assert len(card(body)["description"].splitlines()) <= 11
