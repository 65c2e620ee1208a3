from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from factories import a_finding
from liqmon.core.model import Finding, Phase, Severity
from liqmon.monitor.routing import Heading, finding_headings, report_headings
from liqmon.settings.models import DiscordTable, NotifyTable
from webhooks import URL

NOON_MS = 1_700_049_600_000
"""2023-11-15T12:00:00Z."""
HOUR_MS = 3_600_000
HIGH = a_finding(severity=Severity.HIGH)
ROLE = "123456789012345678"


def discord(*routes: dict[str, Any], webhook: bool = True) -> DiscordTable:
    url = {"webhook_url": URL} if webhook else {}
    named = [{"name": f"r{place}"} | route for place, route in enumerate(routes)]
    return DiscordTable.model_validate({**url, "routes": named})


def headings(
    finding: Finding,
    *routes: dict[str, Any],
    at_ms: int = NOON_MS,
    webhook: bool = True,
) -> tuple[Heading, ...]:
    table = discord(*routes, webhook=webhook)
    return finding_headings(finding, table, now_ms=at_ms, zone=UTC)


def names(finding: Finding, *routes: dict[str, Any], webhook: bool = True) -> list[str]:
    return [one.route for one in headings(finding, *routes, webhook=webhook)]


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.WITHDRAWN])
def test_a_first_step_rings_only_where_it_is_wanted_and_mentions_nobody(
    phase: Phase,
) -> None:
    step = a_finding(severity=Severity.LOW, phase=phase)
    table = discord({"mention_role": ROLE})

    def heading(*, building_rings: bool) -> Heading:
        (one,) = finding_headings(
            step, table, now_ms=NOON_MS, building_rings=building_rings
        )
        return one

    rings = phase is Phase.BUILDING
    assert heading(building_rings=False) == Heading("r0", silent=True)
    assert heading(building_rings=True) == Heading("r0", silent=not rings)


@pytest.mark.parametrize("webhook", [True, False])
def test_without_routes_everything_goes_the_default_way(webhook: bool) -> None:
    assert names(HIGH, webhook=webhook) == [""]


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ({}, True),
        ({"severity": ["high", "critical"]}, True),
        ({"severity": ["HIGH"]}, True),
        ({"severity": ["low"]}, False),
        ({"symbols": ["btc/usdt"]}, True),
        ({"symbols": ["BTC/USDT:USDT"]}, True),
        ({"symbols": ["ETHUSDT"]}, False),
        ({"exchanges": ["bybit"]}, True),
        ({"exchanges": ["okx"]}, False),
        ({"severity": ["high"], "exchanges": ["okx"]}, False),
        ({"health": True}, False),
        ({"health": True, "symbols": ["BTCUSDT"]}, True),
    ],
)
def test_a_route_takes_what_all_its_filters_let_through(
    route: dict[str, Any], wanted: bool
) -> None:
    assert names(HIGH, route) == (["r0"] if wanted else [""])


def test_a_finding_goes_to_every_route_that_wants_it() -> None:
    assert names(HIGH, {}, {"severity": ["low"]}, {}) == ["r0", "r2"]


def test_what_no_route_wants_goes_to_the_default_webhook_if_there_is_one() -> None:
    nobody = {"severity": ["critical"]}

    assert names(HIGH, nobody) == [""]
    assert names(HIGH, nobody, webhook=False) == []


def test_a_route_that_is_off_drops_what_it_takes() -> None:
    assert names(HIGH, {"mode": "off"}) == []
    assert names(HIGH, {"mode": "off"}, {}) == ["r1"]


@pytest.mark.parametrize(
    ("finding", "route", "silent"),
    [
        (HIGH, {}, False),
        (HIGH, {"mode": "silent"}, True),
        (a_finding(severity=Severity.LOW), {}, True),
        (a_finding(severity=Severity.HIGH, phase=Phase.END), {}, True),
        (a_finding(severity=Severity.MEDIUM, phase=Phase.ESCALATION), {}, False),
    ],
)
def test_it_rings_only_for_news_that_matter(
    finding: Finding, route: dict[str, Any], silent: bool
) -> None:
    [heading] = headings(finding, route | {"mention_role": ROLE})

    assert heading.silent is silent
    assert heading.mention_role == ("" if silent else ROLE)


def test_the_default_route_is_silent_for_the_same_findings() -> None:
    assert headings(a_finding(severity=Severity.LOW)) == (Heading("", True),)
    assert headings(HIGH) == (Heading("", False),)


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [
        ("23:00-07:00", 22, False),
        ("23:00-07:00", 23, True),
        ("23:00-07:00", 0, True),
        ("23:00-07:00", 6, True),
        ("23:00-07:00", 7, False),
        ("12:00-14:00", 11, False),
        ("12:00-14:00", 12, True),
        ("12:00-14:00", 14, False),
    ],
)
def test_quiet_hours_make_silent_and_drop_nothing(
    hours: str, hour: int, quiet: bool
) -> None:
    at_ms = NOON_MS + (hour - 12) * HOUR_MS
    [heading] = headings(HIGH, {"quiet_hours": hours}, at_ms=at_ms)

    assert heading.silent is quiet


def test_quiet_hours_are_those_of_the_zone() -> None:
    table = discord({"quiet_hours": "23:00-07:00"})
    far = timezone(timedelta(hours=11, minutes=30))
    [here] = finding_headings(HIGH, table, now_ms=NOON_MS, zone=UTC)
    [there] = finding_headings(HIGH, table, now_ms=NOON_MS, zone=far)

    assert (here.silent, there.silent) == (False, True)


@given(st.integers(0, 4_000_000_000_000))
def test_without_a_zone_that_of_this_machine_counts(now_ms: int) -> None:
    table = discord({"quiet_hours": "00:00-23:59"}, {})
    night, always = finding_headings(HIGH, table, now_ms=now_ms)

    assert always == Heading("r1")
    assert night.route == "r0"


def test_reports_go_to_the_routes_that_care_for_health_else_the_default_way() -> None:
    caring = {"health": True, "mention_role": ROLE}
    table = discord({}, caring)

    assert report_headings(table, now_ms=NOON_MS, silent=False) == (Heading("r1"),)
    assert report_headings(table, now_ms=NOON_MS, silent=True) == (Heading("r1", True),)
    assert report_headings(discord({}), now_ms=NOON_MS, silent=False) == (Heading(),)
    nowhere = discord({}, webhook=False)
    assert report_headings(nowhere, now_ms=NOON_MS, silent=False) == ()


def test_a_report_is_silent_in_quiet_hours() -> None:
    table = discord({"health": True, "quiet_hours": "12:00-13:00"})

    assert report_headings(table, now_ms=NOON_MS, silent=False, zone=UTC) == (
        Heading("r0", True),
    )


def receiver(name: str = "phone", **how: Any) -> NotifyTable:
    return NotifyTable.model_validate({"name": name, "url": "json://x"} | how)


def beside(finding: Finding, *receivers: NotifyTable, **how: Any) -> list[Heading]:
    return list(
        finding_headings(
            finding, discord(**how), now_ms=NOON_MS, zone=UTC, receivers=receivers
        )
    )


def test_other_receivers_get_it_beside_discord_and_take_nothing_away() -> None:
    high, low = receiver(severity=["high"]), receiver("low", severity=["low"])

    assert beside(HIGH, high, low) == [Heading(), Heading("phone")]
    assert beside(HIGH, low) == [Heading()]


def test_without_a_webhook_other_receivers_are_all_there_is() -> None:
    assert beside(HIGH, receiver(), webhook=False) == [Heading("phone")]
    assert beside(HIGH, receiver(severity=["low"]), webhook=False) == []
    assert beside(HIGH, receiver(mode="off"), webhook=False) == []


def test_an_end_is_a_message_only_where_it_is_wanted() -> None:
    end = replace(HIGH, phase=Phase.END, ended_ms=HIGH.decided_ms)

    assert beside(end, receiver(), webhook=False) == []
    assert beside(end, receiver(ends=True), webhook=False) == [Heading("phone", True)]


@pytest.mark.parametrize("how", [{"mode": "silent"}, {"quiet_hours": "11:00-13:00"}])
def test_a_route_that_is_hushed_says_so(how: dict[str, Any]) -> None:
    [heading] = beside(HIGH, receiver(**how), webhook=False)

    assert heading == Heading("phone", silent=True, hushed=True)


def test_a_report_goes_to_whoever_cares_and_else_to_somebody() -> None:
    def told(*receivers: NotifyTable, webhook: bool = True) -> list[str]:
        table = discord(webhook=webhook)
        headings = report_headings(
            table, now_ms=NOON_MS, silent=False, receivers=receivers
        )
        return [heading.route for heading in headings]

    assert told(receiver()) == [""]
    assert told(receiver(health=True)) == ["", "phone"]
    assert told(receiver(), receiver("b", health=True), webhook=False) == ["b"]
    assert told(receiver(mode="off"), receiver("b"), webhook=False) == ["b"]
    assert told(receiver(mode="off"), webhook=False) == []
