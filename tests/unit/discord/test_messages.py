"""What a message says beyond its finding: company, echoes, pings, pictures."""

import json
import re
from typing import Any

import pytest

from factories import ETH, MARKET, ONSET_MS, a_finding
from liqmon.core.model import Finding, Market, Phase, PositionSide, Severity
from liqmon.discord.embeds import finding_message
from liqmon.sim.discord_limits import Rules

NOW_MS = ONSET_MS + 300_000
ROLE = "123456789012345678"
WORST = a_finding(severity=Severity.HIGH, decided_ms=NOW_MS)
END = a_finding(
    phase=Phase.END,
    severity=Severity.HIGH,
    decided_ms=NOW_MS + 900_000,
    ended_ms=ONSET_MS + 840_000,
    price_from=64_000.0,
    price_to=62_720.0,
    price_extreme=62_400.0,
)


def told(finding: Finding = WORST, **how: Any) -> dict[str, Any]:
    """Return the body as Discord reads it, but for the sign of minus."""
    sent = json.dumps(
        finding_message(finding, now_ms=NOW_MS, **how), ensure_ascii=False
    )
    body: dict[str, Any] = json.loads(sent.replace("\N{MINUS SIGN}", "-"))
    assert Rules().refusal(body, files=1) is None
    return body


def card(body: dict[str, Any]) -> dict[str, Any]:
    [embed] = body["embeds"]
    return dict(embed)


def field(body: dict[str, Any], name: str) -> str:
    [value] = [one["value"] for one in card(body)["fields"] if one["name"] == name]
    return str(value)


def others(count: int, **changes: Any) -> list[Finding]:
    return [
        a_finding(
            episode=f"e{number}",
            market=Market("bybit", f"A{number}/USDT:USDT", f"A{number}", "USDT"),
            **changes,
        )
        for number in range(count)
    ]


def test_the_others_are_listed_beside_the_worst_and_counted_in_the_push() -> None:
    body = told(others=[a_finding(market=ETH, episode="e7")])

    assert field(body, "Also moving") == "ETHUSDT longs -2.5 % in 1 min · MEDIUM"
    assert body["content"].endswith("· inferred · +1 more")
    assert "liqmon · a1b2c3d4 · e7 ·" in card(body)["footer"]["text"]


def test_eight_others_are_listed_and_the_rest_is_counted() -> None:
    eight = field(told(others=others(8)), "Also moving").splitlines()
    ten = field(told(others=others(10)), "Also moving").splitlines()

    assert len(eight) == 8
    assert ten == [*eight, "+2 more"]


def test_a_market_of_another_exchange_is_named_with_it() -> None:
    twin = a_finding(market=Market("okx", MARKET.symbol, "BTC", "USDT"), episode="e7")

    assert field(told(others=[twin]), "Also moving").startswith("BTCUSDT on okx longs")


def test_one_that_has_ended_is_listed_as_such_with_its_worst() -> None:
    over = a_finding(
        market=ETH, phase=Phase.END, ended_ms=ONSET_MS + 120_000, price_extreme=60_000.0
    )

    assert field(told(others=[over]), "Also moving") == (
        "ETHUSDT longs · ended after 2 min, -6.3 % at worst"
    )


def test_five_markets_are_the_whole_market() -> None:
    four, five = told(others=others(3)), told(others=others(4))

    assert "Market-wide" not in card(four)["title"]
    assert "Market-wide long liquidations (5 markets)" in card(five)["title"]
    assert (
        "**Market-wide long liquidations (5 markets)** worst BTCUSDT"
        in (five["content"])
    )


def test_a_market_that_moves_both_ways_is_not_called_one_sided() -> None:
    body = told(others=others(6, liquidated=PositionSide.SHORT))

    assert "Market-wide liquidations (7 markets)" in card(body)["title"]


def test_a_shared_message_turns_grey_only_when_the_last_has_ended() -> None:
    going, ended = others(1), others(1, phase=Phase.END)

    assert card(told(END, others=going))["color"] == 0xE5484D
    assert card(told(END, others=ended))["color"] == 0x8B8D98
    assert told(END, others=ended)["content"].startswith("⚪")


def test_what_goes_on_in_another_message_says_so_and_is_not_called_ongoing() -> None:
    body = card(told(continued=True))

    assert body["title"].endswith("HIGH · continued below")
    assert "**continued below**" in body["description"]
    assert "ONGOING" not in body["description"]


def test_an_escalation_says_what_it_is_now() -> None:
    body = told(a_finding(phase=Phase.ESCALATION, severity=Severity.HIGH))

    assert "now HIGH" in body["content"]
    assert card(body)["title"].endswith("now HIGH")


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st")],
)
def test_the_number_of_the_day_stands_beside_the_reasons(count: int, said: str) -> None:
    reasons = field(told(nth_today=count), "Why this fired").splitlines()

    assert reasons == [
        "S over 5 min: 16.2 (fires at 12.0)",
        f"{said} today on this market",
    ]


def test_a_role_is_pinged_in_the_content_and_nobody_else_can_be() -> None:
    body = told(mention_role=ROLE)

    assert body["content"].startswith(f"<@&{ROLE}> 🔴 **BTCUSDT long")
    assert body["allowed_mentions"] == {"parse": [], "roles": [ROLE]}
    assert told()["allowed_mentions"] == {"parse": []}


def test_a_silent_message_says_so_to_discord_alone() -> None:
    assert told(silent=True)["flags"] == 4_096
    assert told(silent=True) | {"flags": 0} == told() | {"flags": 0}
    assert "flags" not in told()


def test_a_picture_is_the_attached_file() -> None:
    assert card(told(picture="liq.png"))["image"] == {"url": "attachment://liq.png"}
    assert "image" not in card(told())


def test_the_end_gives_the_whole_move_the_duration_and_the_way_back() -> None:
    body = told(END)

    assert card(body)["title"].endswith("ended after 14 min")
    assert field(body, "Move") == "**-2.50 %**\nat worst, after 14 min"
    assert field(body, "Way back") == "**+0.51 %**\nfrom the low, 20 % of the move"
    assert field(body, "Volume") == "**$41.8 M**\ntraded, not liquidated"
    assert field(body, "Peak severity").startswith("HIGH")
    assert re.search(r"Started <t:\d+:T> \(<t:\d+:R>\)", card(body)["description"])


def test_a_move_of_nothing_has_no_way_back() -> None:
    still = a_finding(phase=Phase.END, price_from=5.0, price_extreme=5.0, price_to=5.0)

    assert "n/a of the move" in field(told(still), "Way back")


def test_prices_of_zero_are_told_as_unknown() -> None:
    body = told(a_finding(price_from=0.0), others=others(1, price_from=0.0))

    assert "n/a in 1 min" in body["content"]
    assert "n/a in 1 min" in field(body, "Also moving")
