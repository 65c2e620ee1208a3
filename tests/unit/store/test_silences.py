"""Who wants to hear nothing, as it lies on disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from factories import ETH, MARKET, a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Phase, Severity
from liqmon.monitor.entries import finding_entry
from liqmon.store import detection, episodes, files, lookback, schema, silences

NOW_MS = 1_700_000_000_000
LATER_MS = NOW_MS + 60_000


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(files.opened(":memory:")) as it:
        schema.migrate(it)
        yield it


def test_a_market_is_muted_until_its_time_is_over(
    connection: sqlite3.Connection,
) -> None:
    silences.mute(connection, MARKET.key, LATER_MS)

    wishes = silences.wishes(connection, NOW_MS)
    assert wishes.mutes(MARKET.key, LATER_MS - 1)
    assert not wishes.mutes(MARKET.key, LATER_MS)
    assert not wishes.mutes(ETH.key, NOW_MS)
    assert silences.wishes(connection, LATER_MS).muted == {}


def test_the_last_word_counts(connection: sqlite3.Connection) -> None:
    silences.mute(connection, MARKET.key, LATER_MS + 1)
    silences.mute(connection, MARKET.key, LATER_MS)

    assert silences.wishes(connection, NOW_MS).muted == {MARKET.key: LATER_MS}


def test_all_of_them_are_muted_and_unmuted_at_once(
    connection: sqlite3.Connection,
) -> None:
    silences.mute(connection, silences.EVERY_MARKET, LATER_MS)
    silences.mute(connection, MARKET.key, LATER_MS)
    assert silences.wishes(connection, NOW_MS).mutes(ETH.key, NOW_MS)

    assert silences.unmute(connection, MARKET.key)
    assert not silences.unmute(connection, MARKET.key)
    assert silences.wishes(connection, NOW_MS).mutes(MARKET.key, NOW_MS)
    silences.mute(connection, MARKET.key, LATER_MS)
    assert silences.unmute(connection, silences.EVERY_MARKET)
    assert silences.wishes(connection, NOW_MS).muted == {}


def test_an_episode_that_was_seen_is_remembered_for_as_long_as_it_may_last(
    connection: sqlite3.Connection,
) -> None:
    episodes.save(connection, "one", finding_to_facts(a_finding()), NOW_MS)
    silences.acknowledge(connection, "one", NOW_MS)
    silences.acknowledge(connection, "one", LATER_MS)

    assert silences.wishes(connection, NOW_MS).acknowledged == {"one"}
    eight_days_ms = 8 * 86_400_000
    later = silences.wishes(connection, NOW_MS + eight_days_ms)
    assert later.acknowledged == frozenset()
    (record,) = lookback.recent(connection, 0, None)
    assert record.acknowledged_ms == NOW_MS


def committed(
    connection: sqlite3.Connection, severity: Severity, *, told: bool, episode: str
) -> None:
    finding = a_finding(severity=severity, episode=episode)
    detection.commit(
        connection,
        market=MARKET.key,
        timeframe="1m",
        state={},
        findings=[finding_entry(finding, "")] if told else [],
        now_ms=NOW_MS,
        told=[] if told else [finding_to_facts(finding)],
        progress=None,
    )


@pytest.mark.parametrize("told", [True, False])
def test_what_was_raised_while_muted_is_marked_for_ever_but_critical_never(
    connection: sqlite3.Connection, told: bool
) -> None:
    committed(connection, Severity.LOW, told=told, episode="before")
    silences.mute(connection, silences.EVERY_MARKET, LATER_MS)
    committed(connection, Severity.HIGH, told=told, episode="muted")
    committed(connection, Severity.CRITICAL, told=told, episode="critical")
    silences.unmute(connection, silences.EVERY_MARKET)
    committed(connection, Severity.MEDIUM, told=told, episode="muted")

    found = {one.id: one.muted for one in lookback.recent(connection, 0, None)}
    assert found == {"before": False, "muted": True, "critical": False}


def test_the_episode_that_goes_on_is_the_newest_unless_it_has_ended(
    connection: sqlite3.Connection,
) -> None:
    def told(episode: str, onset_ms: int, phase: Phase = Phase.ONSET) -> None:
        finding = a_finding(episode=episode, onset_ms=onset_ms, phase=phase)
        episodes.save(connection, episode, finding_to_facts(finding), NOW_MS)

    assert episodes.going_on(connection, MARKET.key) is None
    told("new", NOW_MS + 1)
    told("old", NOW_MS)
    assert episodes.going_on(connection, MARKET.key) == "new"
    assert episodes.going_on(connection, ETH.key) is None
    told("new", NOW_MS + 1, Phase.END)
    assert episodes.going_on(connection, MARKET.key) is None


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.WITHDRAWN])
def test_what_is_only_building_cannot_be_acknowledged_before_it_is_an_episode(
    connection: sqlite3.Connection, phase: Phase
) -> None:
    episodes.save(connection, "one", finding_to_facts(a_finding(phase=phase)), NOW_MS)

    assert episodes.going_on(connection, MARKET.key) is None


def test_episodes_are_found_by_the_beginning_of_their_ids(
    connection: sqlite3.Connection,
) -> None:
    for number, name in enumerate(("ab1", "ab2", "cd3")):
        facts = finding_to_facts(a_finding(episode=name, onset_ms=number))
        episodes.save(connection, name, facts, NOW_MS)

    assert episodes.named(connection, "ab") == ["ab2", "ab1"]
    assert episodes.named(connection, "%") == []
    assert episodes.named(connection, "\ud800") == []
