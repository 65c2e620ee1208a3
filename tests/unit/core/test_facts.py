"""What goes to disk comes back as it was, or raises."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from factories import FINDING, MARKET, a_finding
from liqmon.core.episode import Building, Cooldown, Episode, EpisodeState
from liqmon.core.facts import (
    finding_from_facts,
    finding_to_facts,
    state_from_facts,
    state_to_facts,
)
from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.integers(0, 2**53)
conditions = st.lists(
    st.builds(Condition, st.text(), numbers, numbers), max_size=3
).map(tuple)
findings = st.builds(
    Finding,
    episode=st.text(),
    market=st.builds(
        Market, st.text(), st.text(), st.text(), st.text(), st.booleans(), numbers
    ),
    timeframe=st.sampled_from(["1m", "5m"]),
    phase=st.sampled_from(Phase),
    liquidated=st.sampled_from(PositionSide),
    basis=st.sampled_from(Basis),
    severity=st.sampled_from(Severity),
    early=st.booleans(),
    onset_ms=times,
    decided_ms=times,
    price_from=numbers,
    price_to=numbers,
    price_extreme=numbers,
    volume_usd=numbers,
    score=numbers,
    nearness=numbers,
    conditions=conditions,
    ended_ms=st.none() | times,
    confidence=st.none() | numbers,
)
episodes = st.builds(
    Episode,
    id=st.text(),
    liquidated=st.sampled_from(PositionSide),
    severity=st.sampled_from(Severity),
    onset_ms=times,
    price_from=numbers,
    price_extreme=numbers,
    extreme_ms=times,
    volume_usd=numbers,
    score=numbers,
    nearness=numbers,
    conditions=conditions,
    confidence=st.none() | numbers,
    early_ms=st.none() | times,
)
states = st.builds(
    EpisodeState,
    judged_ms=st.none() | times,
    episode=st.none() | episodes,
    building=st.none() | st.builds(Building, episodes, times),
    hushed=st.dictionaries(st.sampled_from(PositionSide), times),
    cooling=st.dictionaries(
        st.sampled_from(PositionSide),
        st.builds(Cooldown, times, st.sampled_from(Severity)),
    ),
)


def through_json(facts: Mapping[str, object]) -> Mapping[str, object]:
    read: Mapping[str, object] = json.loads(json.dumps(facts, allow_nan=False))
    return read


@given(findings)
def test_a_finding_comes_back_as_it_was(finding: Finding) -> None:
    assert finding_from_facts(through_json(finding_to_facts(finding))) == finding


@given(states)
def test_a_state_comes_back_as_it_was(state: EpisodeState) -> None:
    assert state_from_facts(through_json(state_to_facts(state))) == state


def test_a_whole_number_may_come_back_without_its_point() -> None:
    facts = finding_to_facts(FINDING) | {"price_from": 64_052}

    assert finding_from_facts(facts) == FINDING


@pytest.mark.parametrize("name", sorted({*finding_to_facts(FINDING)} - {"confidence"}))
def test_a_finding_with_a_fact_missing_is_refused(name: str) -> None:
    facts = finding_to_facts(FINDING)
    del facts[name]

    with pytest.raises(KeyError):
        finding_from_facts(facts)


def test_what_was_written_before_there_was_a_confidence_is_read() -> None:
    facts = finding_to_facts(a_finding(confidence=0.8))
    del facts["confidence"]

    assert finding_from_facts(facts) == FINDING


@given(states)
def test_a_state_written_before_there_was_a_first_step_is_read(
    state: EpisodeState,
) -> None:
    old = replace(state, building=None, hushed={}, episode=None)
    facts = state_to_facts(old)
    del facts["building"], facts["hushed"]

    assert state_from_facts(through_json(facts)) == old


def test_an_episode_written_before_forming_bars_were_judged_is_read() -> None:
    episode = {
        "id": "a1b2c3d4",
        "liquidated": "long",
        "severity": "LOW",
        "onset_ms": 1,
        "price_from": 2.0,
        "price_extreme": 1.0,
        "extreme_ms": 2,
        "volume_usd": 3.0,
        "score": 15.0,
        "nearness": 1.0,
        "conditions": [],
        "confidence": None,
    }

    read = state_from_facts({"v": 1, "judged_ms": 2, "episode": episode, "cooling": {}})

    assert read.episode is not None
    assert read.episode.early_ms is None


@pytest.mark.parametrize("name", sorted({*finding_to_facts(FINDING)} - {"ended_ms"}))
@pytest.mark.parametrize("wrong", [None, {}, "nonsense", True, 2])
def test_a_fact_of_another_kind_is_refused_or_means_itself(
    name: str, wrong: object
) -> None:
    facts = finding_to_facts(FINDING) | {name: wrong}

    try:
        read = finding_from_facts(facts)
    except (KeyError, TypeError, ValueError):
        return
    assert finding_to_facts(read)[name] == wrong


@pytest.mark.parametrize("read", [finding_from_facts, state_from_facts])
def test_facts_of_a_later_form_are_refused(
    read: Callable[[Mapping[str, object]], object],
) -> None:
    with pytest.raises(ValueError, match="another version"):
        read({"v": 2})


def test_conditions_that_are_no_tables_are_refused() -> None:
    facts = finding_to_facts(a_finding(market=MARKET)) | {"conditions": ["S"]}

    with pytest.raises(TypeError, match="table"):
        finding_from_facts(facts)
