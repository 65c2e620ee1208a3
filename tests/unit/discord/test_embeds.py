"""What liqmon says on Discord."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from factories import MARKET, ONSET_MS, a_finding
from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)
from liqmon.discord import specimen
from liqmon.discord.embeds import (
    breaker_report,
    finding_message,
    plain,
    silence_notice,
)
from liqmon.sim.discord_limits import Rules
from webhooks import TOKEN, URL

GOLDEN = Path(__file__).parents[2] / "golden" / "discord"

NOW_MS = ONSET_MS + 300_000
ONSET = a_finding(severity=Severity.HIGH, decided_ms=NOW_MS)
ESCALATION = a_finding(
    phase=Phase.ESCALATION,
    liquidated=PositionSide.SHORT,
    severity=Severity.CRITICAL,
    basis=Basis.OBSERVED,
    early=True,
    decided_ms=NOW_MS,
    price_to=65_000.0,
    price_extreme=65_400.0,
)
END = a_finding(
    phase=Phase.END,
    severity=Severity.HIGH,
    decided_ms=NOW_MS,
    ended_ms=ONSET_MS + 240_000,
    price_extreme=62_310.0,
)
BUILDING = a_finding(
    phase=Phase.BUILDING,
    severity=Severity.LOW,
    score=11.4,
    nearness=0.76,
    confidence=0.46,
    conditions=(Condition("S over 10 min", 11.4, 15.0),),
)
WITHDRAWN = replace(
    BUILDING,
    phase=Phase.WITHDRAWN,
    decided_ms=BUILDING.decided_ms + 1_800_000,
    price_to=63_811.0,
)
HOSTILE = Market(
    "evil](http://x)", "@everyone [x](http://evil)\u202e\ud83d", "@everyone\ud83d", "`"
)


def card(payload: dict[str, object]) -> dict[str, Any]:
    (embed,) = json.loads(json.dumps(payload))["embeds"]
    return dict(embed)


def push(payload: dict[str, object]) -> str:
    """Return all that a push notification shows."""
    return str(payload["content"]).splitlines()[0]


def footer(finding: Finding, **how: Any) -> str:
    return str(card(finding_message(finding, now_ms=NOW_MS, **how))["footer"]["text"])


def a_test(severity: Severity = Severity.MEDIUM) -> dict[str, Any]:
    finding = specimen.a_finding("0.1.0", now_ms=NOW_MS, severity=severity)
    return finding_message(finding, now_ms=NOW_MS, test=True)


MESSAGES = {
    "onset": finding_message(ONSET, now_ms=NOW_MS),
    "escalation": finding_message(ESCALATION, now_ms=NOW_MS),
    "building": finding_message(BUILDING, now_ms=NOW_MS, silent=True),
    "confirmed": finding_message(BUILDING, now_ms=NOW_MS, continued=True),
    "withdrawn": finding_message(WITHDRAWN, now_ms=NOW_MS),
    "end": finding_message(END, now_ms=NOW_MS, late_s=420, ambiguous=True),
    "test": a_test(),
    "breaker": breaker_report(
        opened_ms=NOW_MS, closed_ms=NOW_MS + 420_000, reason="HTTP 500", held=2
    ),
    "silence": silence_notice(since_ms=NOW_MS, until_ms=None, reason="no answer"),
    "plain": plain(ONSET, late_s=420, ambiguous=True),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_agreed(name: str) -> None:
    """Compare with ``tests/golden/discord``, which people have read and approved."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))

    assert MESSAGES[name] == golden


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_accepted_with_mentions_off(name: str) -> None:
    assert Rules().refusal(json.loads(json.dumps(MESSAGES[name]))) is None
    assert MESSAGES[name]["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (ONSET, "🔴 **BTCUSDT long liquidations** HIGH · -2.5 % in 5 min · inferred"),
        (
            ESCALATION,
            (
                "🚨 **BTCUSDT short liquidations** now CRITICAL · +1.5 % in 5 min "
                "· observed"
            ),
        ),
        (
            BUILDING,
            "⏳ **BTCUSDT long liquidations** building · -2.5 % in 1 min · inferred",
        ),
        (
            WITHDRAWN,
            "⚪ **BTCUSDT long liquidations** withdrawn · -0.4 % in 31 min · inferred",
        ),
        (END, "⚪ **BTCUSDT long liquidations** ended after 4 min, -2.5 % · inferred"),
    ],
)
def test_the_push_line_does_alone(finding: Finding, line: str) -> None:
    line = line.replace("-", "\N{MINUS SIGN}")

    assert push(finding_message(finding, now_ms=NOW_MS)) == line
    assert push(plain(finding)) == line.partition(" ")[2]


@pytest.mark.parametrize("side", PositionSide)
@pytest.mark.parametrize("phase", Phase)
def test_the_side_is_a_word_wherever_it_matters(
    side: PositionSide, phase: Phase
) -> None:
    other = "short" if side is PositionSide.LONG else "long"
    finding = a_finding(liquidated=side, phase=phase)
    payload = finding_message(finding, now_ms=NOW_MS)

    for text in (push(payload), card(payload)["title"], card(payload)["description"]):
        assert side.value in text
        assert other not in text


def test_the_extreme_is_the_low_of_a_fall_and_the_high_of_a_rise() -> None:
    fall = card(finding_message(END, now_ms=NOW_MS))["fields"][0]
    rise = card(finding_message(ESCALATION, now_ms=NOW_MS))["fields"][0]

    assert "low 62,310.00" in fall["value"]
    assert "high 65,400.00" in rise["value"]


@pytest.mark.parametrize(
    ("basis", "said", "probably"),
    [
        (Basis.INFERRED, "Inferred from price and volume, not from published", True),
        (Basis.CORROBORATED, "open interest or taker flow agrees", True),
        (Basis.OBSERVED, "The exchange published liquidations", False),
    ],
)
def test_what_a_finding_rests_on_is_said(
    basis: Basis, said: str, probably: bool
) -> None:
    payload = finding_message(a_finding(basis=basis), now_ms=NOW_MS)

    assert said in card(payload)["description"]
    assert ("probably" in card(payload)["description"]) is probably
    assert push(payload).endswith(f"· {basis.name.lower()}")


def test_a_finding_from_a_bar_that_is_still_open_says_so() -> None:
    early = card(finding_message(a_finding(early=True), now_ms=NOW_MS))
    closed = card(finding_message(a_finding(), now_ms=NOW_MS))

    assert "Judged before the bar closed." in early["description"]
    assert "Judged" not in closed["description"]


@pytest.mark.parametrize(
    ("late_s", "said"),
    [(0, None), (59.9, None), (60, "sent 1 min late"), (420, "sent 7 min late")],
)
def test_a_late_message_says_so(late_s: float, said: str | None) -> None:
    text = footer(ONSET, late_s=late_s)

    assert text == "liqmon · a1b2c3d4 · bybit 1m" + (f" · {said}" if said else "")


def test_d05_a_message_that_may_have_arrived_before_says_so() -> None:
    assert footer(ONSET, ambiguous=True).endswith(" · possible duplicate")
    assert "duplicate" not in footer(ONSET)
    assert "possible duplicate" in str(plain(ONSET, ambiguous=True)["content"])


def test_every_message_carries_the_episode() -> None:
    for finding in (ONSET, ESCALATION, END):
        assert "a1b2c3d4" in footer(finding)
        assert "a1b2c3d4" in str(plain(finding)["content"])


def test_a_test_is_marked_everywhere_and_looks_like_nothing_else() -> None:
    payload = a_test()

    assert "TEST" in push(payload)
    assert "TEST" in card(payload)["title"]
    assert "TEST" in card(payload)["footer"]["text"]
    assert card(payload)["color"] == 0x6E56CF
    assert "TEST" in str(plain(ONSET, test=True)["content"])


@pytest.mark.parametrize(
    ("finding", "color"),
    [
        (a_finding(severity=Severity.LOW), 0xF5A524),
        (a_finding(severity=Severity.MEDIUM), 0xF76B15),
        (a_finding(severity=Severity.HIGH), 0xE5484D),
        (a_finding(severity=Severity.CRITICAL), 0x9B1C31),
        (END, 0x8B8D98),
    ],
)
def test_the_colour_is_the_severity(finding: Finding, color: int) -> None:
    assert card(finding_message(finding, now_ms=NOW_MS))["color"] == color


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (0, "No finding was held."),
        (1, "1 finding was held and follows."),
        (7, "7 findings were held and follow."),
    ],
)
def test_the_report_of_an_outage_counts_what_was_held(held: int, said: str) -> None:
    report = breaker_report(
        opened_ms=NOW_MS, closed_ms=NOW_MS + 60_000, reason="x", held=held
    )

    assert said in push(report)
    assert said in card(report)["description"]
    assert report["flags"] == 4_096, "nobody is woken up by it"


def test_the_report_of_an_outage_holds_no_token() -> None:
    report = breaker_report(
        opened_ms=NOW_MS, closed_ms=NOW_MS, reason=f"POST {URL} failed", held=0
    )

    assert TOKEN not in json.dumps(report)


def test_silence_rings_and_its_end_does_not() -> None:
    lost = silence_notice(since_ms=NOW_MS, until_ms=None, reason="HTTP 451 [x](y)")
    back = silence_notice(since_ms=NOW_MS, until_ms=NOW_MS + 90_000, reason="")

    assert "No market data" in push(lost)
    assert card(lost)["fields"][0]["value"] == r"HTTP 451 \[x\]\(y\)"
    assert "flags" not in lost
    assert "Nothing could be judged for 1 min" in push(back)
    assert "fields" not in card(back)
    assert back["flags"] == 4_096


def test_a_test_can_show_every_severity() -> None:
    payload = a_test(Severity.CRITICAL)

    assert "CRITICAL" in push(payload)


def test_a_plain_message_has_neither_card_nor_link() -> None:
    payload = plain(ONSET)

    assert payload.keys() == {"allowed_mentions", "content"}
    assert "http" not in str(payload["content"])
    assert len(str(payload["content"]).splitlines()) == 3


def test_e22_a_hostile_market_can_neither_ping_nor_link() -> None:
    finding = a_finding(
        market=HOSTILE, conditions=(Condition("[x](http://evil) @here", 1, 1),)
    )
    for payload in (finding_message(finding, now_ms=NOW_MS), plain(finding)):
        text = json.dumps(payload, ensure_ascii=False)
        assert r"\\@everyone" in text
        assert "](" not in text
        assert not {"\u202e", "\ud83d"} & set(text)
        assert Rules().refusal(json.loads(text)) is None


def test_the_moment_of_onset_is_one_candle() -> None:
    finding = a_finding(decided_ms=ONSET_MS)

    assert "in one 1m candle" in push(finding_message(finding, now_ms=NOW_MS))


def test_a_number_that_is_none_is_not_shown_as_one() -> None:
    finding = a_finding(
        price_extreme=math.nan, volume_usd=math.inf, score=math.nan, nearness=math.nan
    )
    text = json.dumps(finding_message(finding, now_ms=NOW_MS), allow_nan=False)

    assert text.count("n/a") == 4


NUMBERS = st.floats(1e-12, 1e15) | st.sampled_from([math.nan, math.inf])
FINDINGS = st.builds(
    Finding,
    episode=st.text("0123456789abcdef", min_size=8, max_size=8),
    market=st.builds(
        replace, st.just(MARKET), base=st.text(st.characters()), quote=st.text()
    ),
    timeframe=st.sampled_from(["1m", "5m"]),
    phase=st.sampled_from(Phase),
    liquidated=st.sampled_from(PositionSide),
    basis=st.sampled_from(Basis),
    severity=st.sampled_from(Severity),
    early=st.booleans(),
    onset_ms=st.integers(0, 2_000_000_000_000),
    decided_ms=st.integers(0, 2_000_000_000_000),
    price_from=st.floats(1e-12, 1e15),
    price_to=NUMBERS,
    price_extreme=NUMBERS,
    volume_usd=NUMBERS,
    score=NUMBERS,
    nearness=NUMBERS,
    conditions=st.lists(
        st.builds(Condition, st.text(st.characters()), NUMBERS, NUMBERS), max_size=9
    ).map(tuple),
    ended_ms=st.none() | st.integers(0, 2_000_000_000_000),
)


@settings(max_examples=100)
@given(FINDINGS, st.floats(0, 1e6), st.booleans(), st.booleans())
def test_every_finding_can_be_told(
    finding: Finding, late_s: float, test: bool, ambiguous: bool
) -> None:
    how: dict[str, Any] = {"late_s": late_s, "test": test, "ambiguous": ambiguous}
    for payload in (
        finding_message(finding, now_ms=NOW_MS, **how),
        plain(finding, **how),
    ):
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        assert Rules().refusal(json.loads(text.encode())) is None
        assert finding.liquidated.value in push(payload)
