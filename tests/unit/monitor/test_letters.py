import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from couriers import entry
from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Phase
from liqmon.monitor.letters import digest_letters, letter
from liqmon.monitor.reports import (
    digest_of,
    disk_report,
    outage_report,
    silence_report,
    webhook_report,
)
from liqmon.monitor.routing import Heading
from liqmon.store.digests import DigestContent
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState

CREATED_MS = 1_700_000_000_000


def a_row(from_entry: OutboxEntry, **changes: Any) -> OutboxRow:
    values: dict[str, Any] = {
        "id": 1,
        "dedup_key": from_entry.dedup_key,
        "episode": from_entry.episode,
        "kind": from_entry.kind,
        "severity": from_entry.severity,
        "created_ms": CREATED_MS,
        "expires_ms": CREATED_MS + 1,
        "state": RowState.PENDING,
        "payload": json.loads(json.dumps(from_entry.payload)),
        "attempts": 0,
        "not_before_ms": 0,
        "ambiguous": False,
        "plain": False,
        "message_id": "",
        "last_error": "",
        "settled_ms": None,
    }
    return OutboxRow(**values | changes)


def written(row: OutboxRow, late_ms: int = 0) -> str:
    return str(letter(row, now_ms=CREATED_MS + late_ms))


REPORT = outage_report(
    opened_ms=CREATED_MS - 600_000, closed_ms=CREATED_MS, reason="HTTP 500", held=2
)


def test_a_finding_is_told_with_its_id() -> None:
    text = written(a_row(entry()))

    assert "BTCUSDT" in text
    assert "e1" in text
    assert "late" not in text


def test_a_late_finding_says_how_late() -> None:
    assert "sent 7 min late" in written(a_row(entry()), late_ms=7 * 60_000)


def test_a_clock_that_was_set_back_makes_nothing_late() -> None:
    assert "late" not in written(a_row(entry()), late_ms=-3_600_000)


def test_a_second_copy_says_that_it_may_be_one() -> None:
    assert "possible duplicate" in written(a_row(entry(), ambiguous=True))


def test_a_refused_finding_is_told_without_card_and_link() -> None:
    body = letter(a_row(entry(), plain=True), now_ms=CREATED_MS)

    assert not body.get("embeds")
    assert "http" not in str(body)
    assert "BTCUSDT" in str(body["content"])


@pytest.mark.parametrize(
    "row",
    [
        a_row(entry(), plain=True),
        a_row(entry(), payload={"nobody": "knows"}),
        a_row(REPORT),
        a_row(REPORT, plain=True),
    ],
)
def test_whatever_it_says_it_is_as_quiet_as_it_is_to_be(row: OutboxRow) -> None:
    heading = Heading(silent=True)
    body = letter(row, now_ms=CREATED_MS, heading=heading)
    (digest,) = digest_letters(
        row, DigestContent((), 0), now_ms=CREATED_MS, heading=heading
    )

    assert body["flags"] == digest["flags"] == 4096


def test_the_report_tells_of_the_outage() -> None:
    text = written(a_row(REPORT))

    assert "Discord was unreachable** for 10 min" in text
    assert "2 findings were held" in text
    assert "HTTP 500" in text


def test_a_refused_report_is_told_in_general_words() -> None:
    body = letter(a_row(REPORT, plain=True), now_ms=CREATED_MS)

    assert body["content"] == "liqmon: Discord was unreachable; noted <t:1700000000:F>"


def test_two_outages_are_two_reports_and_one_is_one() -> None:
    again = outage_report(
        opened_ms=CREATED_MS - 600_000, closed_ms=CREATED_MS + 9, reason="", held=0
    )
    other = outage_report(opened_ms=1, closed_ms=2, reason="", held=0)

    assert again.dedup_key == REPORT.dedup_key
    assert other.dedup_key != REPORT.dedup_key


@pytest.mark.parametrize(
    ("until_ms", "general"), [(None, "no market data"), (CREATED_MS, "data are back")]
)
def test_silence_of_the_feeds_is_told_when_it_begins_and_when_it_ends(
    until_ms: int | None, general: str
) -> None:
    report = silence_report(since_ms=CREATED_MS - 60_000, until_ms=until_ms, reason="x")

    assert letter(a_row(report), now_ms=CREATED_MS)["embeds"]
    assert f"liqmon: {general}; noted <t:" in written(a_row(report, plain=True))


@pytest.mark.parametrize("payload", [{}, {"v": 999}, {"episode": None}])
def test_facts_of_another_version_are_told_in_general_words(
    payload: dict[str, object],
) -> None:
    text = written(a_row(entry(), payload=payload))

    assert "a liquidation finding of <t:1700000000:F> · e1" in text
    assert "another version" in text


ODD: Any = st.none() | st.booleans() | st.integers() | st.text() | st.floats()


@given(name=st.sampled_from(sorted(finding_to_facts(a_finding()))), value=ODD)
def test_no_fact_however_odd_keeps_a_finding_from_being_told(
    name: str, value: object
) -> None:
    payload = {**entry().payload, name: value}

    for plain in (False, True):
        assert letter(a_row(entry(), payload=payload, plain=plain), now_ms=CREATED_MS)


def test_reports_in_general_words_say_what_they_are_about() -> None:
    webhook = webhook_report(at_ms=1, reason="HTTP @everyone", route="ops")
    disk = disk_report(since_ms=1, count=1, route="")
    digest = digest_of([], route="", since_ms=1, until_ms=2)

    assert "takes no messages: HTTP \\@everyone" in content(webhook)
    assert "the disk failed, 1 finding had to be sent from memory" in content(disk)
    assert "findings piled up" in content(digest)


def content(report: OutboxEntry) -> str:
    return str(letter(a_row(report), now_ms=CREATED_MS)["content"])


def test_a_digest_without_its_times_is_told_in_general_words() -> None:
    digest = digest_of([], route="", since_ms=1, until_ms=2)
    odd = replace(digest, payload={"report": "digest", "since_ms": "yesterday"})

    (body,) = digest_letters(a_row(odd), DigestContent((), 0), now_ms=CREATED_MS)

    assert "piled up" in str(body["content"])


def test_a_digest_tells_what_goes_on_before_what_is_over() -> None:
    going = finding_to_facts(a_finding(episode="going-on"))
    over = finding_to_facts(
        a_finding(episode="is-over", phase=Phase.END, ended_ms=CREATED_MS)
    )
    digest = digest_of([], route="", since_ms=1, until_ms=2)
    told = DigestContent((over, {"v": 99}, going), 3)

    bodies = digest_letters(a_row(digest), told, now_ms=CREATED_MS)

    assert ["going-on" in str(body) for body in bodies] == [True, False]
    assert ["is-over" in str(body) for body in bodies] == [False, True]


def test_a_quiet_route_makes_reports_quiet_too() -> None:
    body = letter(a_row(REPORT), now_ms=CREATED_MS, heading=Heading(silent=True))

    assert body["flags"] == 4096
