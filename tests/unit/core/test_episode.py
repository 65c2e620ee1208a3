"""One cascade is told once, again if it grows, and when it ends."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from factories import MARKET
from liqmon.core.episode import (
    EpisodePolicy,
    EpisodeState,
    Judgement,
    Reason,
    judge,
)
from liqmon.core.facts import state_from_facts, state_to_facts
from liqmon.core.model import Finding, Phase, PositionSide, Reading, Severity
from readings import LONG, MINUTE_MS, SHORT, START_MS, a_reading

POLICY = EpisodePolicy(threshold=12.0, cooldown_ms=30 * MINUTE_MS)


def step(state: EpisodeState, reading: Reading) -> Judgement:
    return judge(state, reading, market=MARKET, timeframe="1m", policy=POLICY)


def told(*readings: Reading, state: EpisodeState | None = None) -> list[Finding]:
    state = state or EpisodeState()
    findings: list[Finding] = []
    for reading in readings:
        judgement = step(state, reading)
        state = judgement.state
        findings += judgement.findings
    return findings


def phases(findings: list[Finding]) -> list[Phase]:
    return [finding.phase for finding in findings]


def test_calm_readings_tell_nothing() -> None:
    judgement = step(EpisodeState(), a_reading(0, 0.99))

    assert judgement.findings == ()
    assert judgement.reason is Reason.CALM
    assert judgement.state == EpisodeState(judged_ms=START_MS)


def test_the_first_reading_that_fires_is_the_onset() -> None:
    (finding,) = told(a_reading(0, 1.3))

    assert finding.phase is Phase.ONSET
    assert finding.liquidated is LONG
    assert finding.severity is Severity.MEDIUM
    assert finding.onset_ms == START_MS - 5 * MINUTE_MS
    assert finding.decided_ms == START_MS
    assert finding.ended_ms is None
    assert (finding.price_from, finding.price_to) == (100.0, 99.0)
    assert finding.price_extreme == 98.0
    assert finding.volume_usd == 5_000_000.0
    assert finding.conditions[0].value == pytest.approx(15.6)
    assert finding.confidence == 0.8


def test_an_episode_is_told_once_however_long_it_lasts() -> None:
    assert phases(told(*(a_reading(at, 1.1) for at in range(60)))) == [Phase.ONSET]


def test_a_graver_reading_escalates_and_a_milder_one_does_not_take_it_back() -> None:
    onset, first, second = told(
        a_reading(0, 1.1),
        a_reading(1, 1.3),
        a_reading(2, 1.1),
        a_reading(3, 1.3),
        a_reading(4, 2.0),
    )

    assert onset.severity is Severity.LOW
    assert (first.phase, first.severity) == (Phase.ESCALATION, Severity.MEDIUM)
    assert (second.phase, second.severity) == (Phase.ESCALATION, Severity.HIGH)
    assert onset.episode == first.episode == second.episode


def test_between_firing_and_half_of_it_an_episode_goes_on() -> None:
    judgement = step(step(EpisodeState(), a_reading(0, 1.1)).state, a_reading(1, 0.5))

    assert judgement.reason is Reason.ONGOING
    assert judgement.state.episode is not None


def test_while_the_longest_window_remembers_it_an_episode_goes_on() -> None:
    state = step(EpisodeState(), a_reading(0, 1.1)).state

    bounce = step(state, a_reading(1, 0.3, SHORT, echo=-0.6))
    over = step(state, a_reading(1, 0.3, SHORT, echo=-0.4))

    assert bounce.reason is Reason.ONGOING
    assert over.reason is Reason.END


def test_a_reading_of_unknown_confidence_is_no_more_than_low() -> None:
    (finding,) = told(replace(a_reading(0, 3.0), confidence=None))

    assert finding.confidence is None
    assert finding.severity is Severity.LOW


def test_the_end_tells_totals_and_when_the_worst_price_was_reached() -> None:
    _, end = told(
        a_reading(0, 1.1, low=98.0),
        a_reading(1, 1.2, low=95.0),
        a_reading(2, 0.9, low=96.0),
        a_reading(3, 0.49, low=97.0),
    )

    assert end.phase is Phase.END
    assert end.price_extreme == 95.0
    assert end.ended_ms == START_MS + MINUTE_MS
    assert end.decided_ms == START_MS + 3 * MINUTE_MS
    # the window of the onset and the two bars that went on
    assert end.volume_usd == 7_000_000.0
    assert end.score == pytest.approx(1.2 * 12)
    assert end.confidence == 0.5
    assert end.severity is Severity.LOW


def test_the_worst_price_of_a_squeeze_is_the_highest() -> None:
    _, end = told(
        a_reading(0, 1.1, SHORT, high=101.0),
        a_reading(1, 1.1, SHORT, high=104.0),
        a_reading(2, 0.1, SHORT),
    )

    assert end.price_extreme == 104.0
    assert end.liquidated is SHORT


def test_after_its_end_a_side_is_silent_for_the_cool_down() -> None:
    findings = told(
        a_reading(0, 1.1), a_reading(1, 0.1), a_reading(20, 1.1), a_reading(30, 1.2)
    )

    assert phases(findings) == [Phase.ONSET, Phase.END]


def test_when_the_cool_down_is_over_it_is_told_again() -> None:
    findings = told(a_reading(0, 1.1), a_reading(1, 0.1), a_reading(31, 1.1))

    assert phases(findings) == [Phase.ONSET, Phase.END, Phase.ONSET]
    assert findings[0].episode != findings[2].episode


def test_something_graver_breaks_the_cool_down() -> None:
    findings = told(a_reading(0, 1.1), a_reading(1, 0.1), a_reading(5, 1.3))

    assert phases(findings) == [Phase.ONSET, Phase.END, Phase.ONSET]


def test_the_cool_down_counts_the_gravest_of_the_episode() -> None:
    state = EpisodeState()
    for reading in (a_reading(0, 1.1), a_reading(1, 2.0), a_reading(2, 0.1)):
        state = step(state, reading).state

    judgement = step(state, a_reading(5, 1.9))

    assert judgement.reason is Reason.COOLING
    assert judgement.findings == ()


def test_the_cool_down_survives_the_disk() -> None:
    state = step(step(EpisodeState(), a_reading(0, 1.1)).state, a_reading(1, 0.1)).state
    restored = state_from_facts(state_to_facts(state))

    assert step(restored, a_reading(20, 1.1)).findings == ()
    assert step(restored, a_reading(31, 1.1)).findings != ()


def test_the_other_side_is_not_silenced() -> None:
    findings = told(a_reading(0, 1.1), a_reading(1, 0.1), a_reading(5, 1.1, SHORT))

    assert [finding.liquidated for finding in findings] == [LONG, LONG, SHORT]


def test_when_the_move_turns_the_first_episode_ends_and_the_other_opens() -> None:
    findings = told(a_reading(0, 1.5), a_reading(1, 1.2, SHORT, echo=-0.9))

    assert phases(findings) == [Phase.ONSET, Phase.END, Phase.ONSET]
    assert [finding.liquidated for finding in findings] == [LONG, LONG, SHORT]


def test_the_other_side_does_not_end_it_before_it_fires() -> None:
    state = step(EpisodeState(), a_reading(0, 1.5)).state

    judgement = step(state, a_reading(1, 0.9, SHORT, echo=-0.6))

    assert judgement.reason is Reason.ONGOING
    assert judgement.findings == ()


def test_the_same_readings_give_the_same_ids_and_other_markets_other_ones() -> None:
    (one,), (again,) = told(a_reading(0, 1.1)), told(a_reading(0, 1.1))
    other = judge(
        EpisodeState(),
        a_reading(0, 1.1),
        market=replace(MARKET, symbol="ETH/USDT:USDT"),
        timeframe="1m",
        policy=POLICY,
    ).findings[0]

    assert one.episode == again.episode
    assert one.episode != other.episode


def test_cool_downs_that_are_over_are_forgotten() -> None:
    state = EpisodeState()
    for reading in (
        a_reading(0, 1.1),
        a_reading(1, 0.1),
        a_reading(200, 1.1, SHORT),
        a_reading(201, 0.1, SHORT),
    ):
        state = step(state, reading).state

    assert set(state.cooling) == {SHORT}


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(-2, 2), st.sampled_from([LONG, SHORT])),
        max_size=80,
    )
)
def test_episodes_never_overlap_and_grow_only_graver(
    moves: list[tuple[float, float, PositionSide]],
) -> None:
    findings = told(
        *(
            a_reading(at, nearness, side, echo=echo)
            for at, (nearness, echo, side) in enumerate(moves)
        )
    )

    for before, after in pairwise(findings):
        if after.phase is Phase.ONSET:
            assert before.phase is Phase.END
        else:
            assert before.phase is not Phase.END
            assert before.episode == after.episode
            assert before.severity <= after.severity
    onsets = [f.episode for f in findings if f.phase is Phase.ONSET]
    assert len(onsets) == len(set(onsets))
