"""What Discord shows once a day."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from liqmon.discord.daily import Day, daily_notice, day_from_facts

DAY = Day(
    since_ms=1_700_000_000_000,
    until_ms=1_700_086_400_000,
    uptime_s=3 * 86_400.0,
    markets=2,
    asked=34_560,
    answered=34_559,
    found=(("critical", 0), ("high", 1), ("medium", 0), ("low", 3)),
    delivered=9,
    undelivered=1,
    retried=12,
    healed=1,
    gave_up=2,
    breaker_opened=1,
)
CALM = replace(
    DAY,
    markets=1,
    answered=34_560,
    found=(),
    delivered=0,
    undelivered=0,
    retried=0,
    healed=0,
    gave_up=0,
    breaker_opened=0,
)


def fields(day: Day) -> dict[str, str]:
    body: Any = daily_notice(day)
    return {field["name"]: field["value"] for field in body["embeds"][0]["fields"]}


def test_it_says_what_the_day_came_to() -> None:
    assert fields(DAY) == {
        "Findings": "1 HIGH, 3 LOW",
        "Data": "99.9 % of polls",
        "Webhook": "9 of 10 delivered, breaker opened 1 x",
        "Retries": "12, 1 session healed, gave up 2 x",
        "Up": "3 d 0 h",
    }


def test_a_calm_day_is_said_to_be_one() -> None:
    assert fields(CALM) == {
        "Findings": "none",
        "Data": "100 % of polls",
        "Webhook": "nothing to deliver",
        "Retries": "none",
        "Up": "3 d 0 h",
    }


def test_it_notifies_nobody_and_reads_well_in_a_list() -> None:
    body = daily_notice(CALM)

    assert int(str(body["flags"])) & 1 << 12
    assert "**liqmon is alive**. 1 market, no findings." in str(body["content"])


def test_without_a_poll_no_share_is_claimed() -> None:
    assert fields(replace(CALM, asked=0, answered=0))["Data"] == "no polls"


def test_what_was_written_down_is_read_back() -> None:
    facts = asdict(DAY) | {"found": [list(pair) for pair in DAY.found]}

    assert day_from_facts(facts) == DAY


@pytest.mark.parametrize(
    "change",
    [{"found": None}, {"found": [1]}, {"asked": "many"}, {"unheard": 1}],
)
def test_a_day_of_another_version_is_none(change: dict[str, object]) -> None:
    assert day_from_facts(asdict(DAY) | change) is None
