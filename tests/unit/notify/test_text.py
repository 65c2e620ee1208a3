"""What a message for Discord says to those who have no cards."""
# ruff: noqa: RUF001 - a real minus sign is meant

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from factories import ETH, a_finding
from liqmon.core.model import Finding, Phase, Severity
from liqmon.discord.digest import digest_messages
from liqmon.discord.embeds import breaker_report, finding_message, silence_notice
from liqmon.discord.specimen import a_finding as a_specimen
from liqmon.notify.text import Text, text_of

NOW_MS = 1_700_000_000_000
CRASH = a_specimen("0.1", now_ms=NOW_MS, severity=Severity.HIGH)
END = replace(CRASH, phase=Phase.END, ended_ms=CRASH.decided_ms)


def told(finding: Finding = CRASH, **how: object) -> Text:
    message = finding_message(finding, now_ms=NOW_MS, **how)  # type: ignore[arg-type]
    return text_of(message, zone=UTC)


def test_a_finding_is_one_line_to_push_and_a_few_to_read() -> None:
    assert told(others=[a_finding(market=ETH)]) == Text(
        "🔴 BTCUSDT long liquidations HIGH · −2.5 % in 5 min · inferred · +1 more",
        "Price is falling fast on heavy volume: leveraged longs are probably being "
        "closed by force. Inferred from price and volume, not from published "
        "liquidations.\n"
        "Started 22:08:20 UTC · ONGOING\n"
        "Chart: https://www.tradingview.com/chart/?symbol=BYBIT:BTCUSDT.P\n"
        "Price: 62,480.50 (64,052.00 → low 62,310.00)\n"
        "Move: −2.45 % (in 5 min)\n"
        "Volume: $41.8 M (traded, not liquidated)\n"
        "Also moving: ETHUSDT longs −2.5 % in 1 min · MEDIUM\n"
        "liqmon · test 0.1 · a1b2c3d4 · bybit 1m",
    )


def test_an_end_says_when_and_how_far_the_price_has_come_back() -> None:
    text = told(END)

    assert text.title.startswith("⚪ BTCUSDT long liquidations ended after 5 min")
    assert "Started 22:08:20 UTC · ended 22:13:20 UTC after 5 min" in text.body
    assert "Way back: +0.27 % (from the low, 10 % of the move)" in text.body


def test_an_outage_is_told_in_one_text_with_its_moments() -> None:
    report = breaker_report(
        opened_ms=NOW_MS,
        closed_ms=NOW_MS + 900_000,
        reason="a_b (HTTP 502)",
        held=2,
        called="phone",
    )

    assert text_of(report, zone=UTC) == Text(
        "🔵 phone was unreachable for 15 min. 2 findings were held and follow.",
        "From 22:13:20 UTC to 22:28:20 UTC (15 min). 2 findings were held and "
        "follow.\nReason: a_b (HTTP 502)\nliqmon · circuit breaker",
        silent=True,
    )


def test_a_digest_lists_what_goes_on_and_what_is_over() -> None:
    bodies = digest_messages(
        [CRASH],
        [replace(END, episode="other")],
        expired=1,
        since_ms=NOW_MS,
        until_ms=NOW_MS + 900_000,
        now_ms=NOW_MS + 900_000,
        called="phone",
    )
    ongoing, over = (text_of(body, zone=UTC) for body in bodies)

    assert "15 min without phone · worst BTCUSDT longs HIGH" in ongoing.title
    assert "BTCUSDT longs HIGH · bybit · −2.5 % · began 22:08 UTC" in ongoing.body
    assert not ongoing.silent
    assert "Expired: 1 finding grew too old to be sent: liqmon outbox list" in over.body
    assert over.silent


def test_two_markets_that_move_as_well_stay_a_list() -> None:
    others = [a_finding(market=ETH), a_finding(episode="b")]

    assert "Also moving: ETHUSDT longs" in told(others=others).body
    assert "(BTCUSDT longs" not in told(others=others).body


def test_moments_are_those_of_the_place_that_is_named() -> None:
    report = silence_notice(since_ms=NOW_MS, until_ms=None, reason="")
    far = timezone(timedelta(hours=5), "FAR")

    assert "since 03:13:20 FAR." in text_of(report, zone=far).body


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("noted <t:1700000000:F>", "noted 2023-11-14 22:13 UTC"),
        ("ended <t:1700000000:R>", "ended 22:13 UTC"),
        ("a <t:1700000000:T>, <t:1700000000:R>.", "a 22:13:20 UTC."),
        (r"\*\*not bold\*\* \[x\](y)", "**not bold** [x](y)"),
        ("see `liqmon outbox list`", "see liqmon outbox list"),
        ("[A](https://a.b/c) · [B](https://b.c)", "A: https://a.b/c"),
    ],
)
def test_no_markup_is_left_and_nothing_else_is_lost(markup: str, text: str) -> None:
    assert text_of({"content": markup}, zone=UTC).title == text


def test_a_second_line_of_the_content_is_part_of_the_body() -> None:
    assert text_of({"content": "a\nb"}) == Text("a", "b")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["content", "embeds", "fields", "footer", "flags"]),
                inner,
            )
        ),
    )
)
def test_whatever_is_in_a_message_it_can_be_told(anything: object) -> None:
    for key in ("content", "embeds", "flags"):
        assert isinstance(text_of({key: anything}), Text)
