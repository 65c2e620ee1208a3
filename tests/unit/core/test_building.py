"""What is building is said once, and half an hour later it has fired or is taken back.

The bar that forms may open an episode or make it graver, and nothing else.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from factories import MARKET
from liqmon.core.episode import (
    BUILDING_MS,
    EpisodePolicy,
    EpisodeState,
    Judgement,
    Reason,
    judge,
    judge_early,
    progress,
)
from liqmon.core.facts import state_from_facts, state_to_facts
from liqmon.core.model import Finding, Phase, PositionSide, Reading, Severity
from readings import LONG, MINUTE_MS, SHORT, START_MS, a_reading

POLICY = EpisodePolicy(threshold=12.0, cooldown_ms=30 * MINUTE_MS, builds_from=0.7)
WITHOUT = replace(POLICY, builds_from=1.0)
WAIT = BUILDING_MS // MINUTE_MS


def step(
    state: EpisodeState, reading: Reading, policy: EpisodePolicy = POLICY
) -> Judgement:
    return judge(state, reading, market=MARKET, timeframe="1m", policy=policy)


def early(state: EpisodeState, reading: Reading) -> Judgement:
    """Judge a bar of which half a minute is still to come."""
    return judge_early(
        state,
        replace(reading, early=True),
        market=MARKET,
        timeframe="1m",
        now_ms=reading.end_ms - 30_000,
    )


def after(*readings: Reading, policy: EpisodePolicy = POLICY) -> Judgement:
    """Return the last state, and all that was told on the way."""
    state, findings = EpisodeState(), list[Finding]()
    reason = Reason.CALM
    for reading in readings:
        state, told, reason = _parts(step(state, reading, policy))
        findings += told
    return Judgement(state, tuple(findings), reason)


def _parts(judgement: Judgement) -> tuple[EpisodeState, tuple[Finding, ...], Reason]:
    return judgement.state, judgement.findings, judgement.reason


def phases(*readings: Reading) -> list[Phase]:
    return [finding.phase for finding in after(*readings).findings]


# the first step


def test_below_its_share_nothing_is_building() -> None:
    assert phases(a_reading(0, 0.69)) == []


def test_from_its_share_on_it_is_said_once_and_is_never_grave() -> None:
    judgement = after(*(a_reading(at, 0.8) for at in range(WAIT)))

    (finding,) = judgement.findings
    assert finding.phase is Phase.BUILDING
    assert finding.severity is Severity.LOW
    assert finding.nearness == 0.8
    assert finding.decided_ms == START_MS
    assert judgement.reason is Reason.BUILDING


def test_a_share_that_would_be_grave_is_no_more_than_low() -> None:
    sure = replace(a_reading(0, 0.8), confidence=0.99)

    judgement = after(sure, replace(a_reading(1, 0.9), confidence=0.99))

    assert judgement.findings[0].severity is Severity.LOW
    assert judgement.state.building is not None
    assert judgement.state.building.episode.severity is Severity.LOW


def test_what_fires_at_once_has_no_first_step() -> None:
    assert phases(a_reading(0, 1.0)) == [Phase.ONSET]


@pytest.mark.parametrize("minute", [1, WAIT])
def test_what_fires_in_time_is_the_onset_of_the_same_episode(minute: int) -> None:
    building, onset = after(a_reading(0, 0.8), a_reading(minute, 1.3)).findings
    (alone,) = after(a_reading(minute, 1.3)).findings

    assert onset.phase is Phase.ONSET
    assert onset.episode == building.episode
    assert replace(onset, episode=alone.episode) == alone


def test_what_does_not_fire_in_time_is_withdrawn_with_the_worst_of_it() -> None:
    readings = [a_reading(0, 0.8), a_reading(5, 0.3, low=95.0)]

    assert phases(*readings, a_reading(WAIT - 1, 0.9)) == [Phase.BUILDING]
    building, withdrawn = after(*readings, a_reading(WAIT, 0.9)).findings

    assert withdrawn.phase is Phase.WITHDRAWN
    assert withdrawn.episode == building.episode
    assert withdrawn.price_extreme == 95.0
    assert withdrawn.severity is Severity.LOW
    assert withdrawn.ended_ms is None


def test_what_fires_too_late_is_an_episode_of_its_own() -> None:
    building, withdrawn, onset = after(
        a_reading(0, 0.8), a_reading(WAIT + 1, 1.1)
    ).findings

    assert [withdrawn.phase, onset.phase] == [Phase.WITHDRAWN, Phase.ONSET]
    assert onset.episode != building.episode


def test_the_other_side_takes_it_back_when_it_fires_and_not_before() -> None:
    assert phases(a_reading(0, 0.8), a_reading(1, 0.9, SHORT)) == [Phase.BUILDING]

    _, withdrawn, onset = after(a_reading(0, 0.8), a_reading(1, 1.1, SHORT)).findings
    assert (withdrawn.phase, withdrawn.liquidated) == (Phase.WITHDRAWN, LONG)
    assert (onset.phase, onset.liquidated) == (Phase.ONSET, SHORT)


def test_after_it_was_taken_back_a_side_is_not_building_again_for_a_while() -> None:
    readings = [a_reading(0, 0.8), a_reading(WAIT, 0.1)]
    taken_back = [Phase.BUILDING, Phase.WITHDRAWN]

    assert phases(*readings, a_reading(2 * WAIT - 1, 0.8)) == taken_back
    assert phases(*readings, a_reading(2 * WAIT, 0.8)) == [*taken_back, Phase.BUILDING]
    assert phases(*readings, a_reading(WAIT + 1, 0.8, SHORT))[2:] == [Phase.BUILDING]
    assert phases(*readings, a_reading(WAIT + 1, 1.0))[2:] == [Phase.ONSET]


def test_during_the_cool_down_nothing_is_building() -> None:
    over = [a_reading(0, 1.1), a_reading(1, 0.1)]

    assert phases(*over, a_reading(20, 0.9)) == [Phase.ONSET, Phase.END]
    assert phases(*over, a_reading(20, 0.9, SHORT))[2:] == [Phase.BUILDING]


def test_hushes_that_are_over_are_forgotten() -> None:
    judgement = after(
        *(a_reading(0, 0.8), a_reading(WAIT, 0.1)),
        *(a_reading(200, 0.8, SHORT), a_reading(200 + WAIT, 0.1, SHORT)),
    )

    assert set(judgement.state.hushed) == {SHORT}


def test_what_is_building_survives_the_disk() -> None:
    state = after(a_reading(0, 0.8)).state
    restored = state_from_facts(state_to_facts(state))

    assert restored == state
    assert step(restored, a_reading(1, 1.1)).findings[0].phase is Phase.ONSET


def test_what_goes_on_is_told_as_what_it_is() -> None:
    def now(*readings: Reading) -> Finding | None:
        state, last = after(*readings).state, readings[-1]
        return progress(
            state, last, market=MARKET, timeframe="1m", now_ms=last.end_ms + 5_000
        )

    building, onset = now(a_reading(0, 0.8)), now(a_reading(0, 0.8), a_reading(1, 1.1))

    assert now(a_reading(0, 0.1)) is None
    assert building is not None
    assert building.phase is Phase.BUILDING
    assert onset is not None
    assert (onset.phase, onset.decided_ms) == (Phase.ONSET, START_MS + MINUTE_MS)


moves = st.lists(
    st.tuples(st.floats(0, 2), st.floats(-2, 2), st.sampled_from([LONG, SHORT])),
    max_size=120,
)


def readings_of(moves: list[tuple[float, float, PositionSide]]) -> list[Reading]:
    return [
        a_reading(3 * at, nearness, side, echo=echo)
        for at, (nearness, echo, side) in enumerate(moves)
    ]


@given(moves)
def test_the_first_step_changes_nothing_but_ids_of_what_is_told_after_it(
    moves: list[tuple[float, float, PositionSide]],
) -> None:
    with_step = after(*readings_of(moves)).findings
    without = after(*readings_of(moves), policy=WITHOUT).findings

    assert not any(finding.phase.is_first_step for finding in without)
    assert [
        replace(finding, episode="")
        for finding in with_step
        if not finding.phase.is_first_step
    ] == [replace(finding, episode="") for finding in without]


@given(moves)
def test_each_first_step_is_told_once_and_never_beside_anything_else(
    moves: list[tuple[float, float, PositionSide]],
) -> None:
    findings = after(*readings_of(moves)).findings

    built = [one for one in findings if one.phase is Phase.BUILDING]
    assert len({one.episode for one in built}) == len(built)
    for before, now in pairwise(findings):
        if before.phase is Phase.BUILDING:
            assert now.phase in (Phase.ONSET, Phase.WITHDRAWN)
            assert now.episode == before.episode
            assert now.decided_ms - before.decided_ms <= BUILDING_MS or (
                now.phase is Phase.WITHDRAWN
            )
        elif before.phase.is_over:
            assert now.phase in (Phase.BUILDING, Phase.ONSET)
    for side in (LONG, SHORT):
        times = [one.decided_ms for one in built if one.liquidated is side]
        assert all(b - a >= BUILDING_MS for a, b in pairwise(times))


# the bar that forms


def test_a_bar_that_forms_opens_an_episode_now_and_leaves_it_to_be_judged() -> None:
    calm = after(a_reading(0, 0.1)).state

    judgement = early(calm, a_reading(1, 1.3))

    (finding,) = judgement.findings
    assert (finding.phase, finding.early) == (Phase.ONSET, True)
    assert finding.decided_ms == START_MS + 30_000
    assert judgement.state.judged_ms == calm.judged_ms


def test_when_that_bar_closes_nobody_is_told_twice() -> None:
    """And all is as if nobody had looked before."""
    calm = after(a_reading(0, 0.1)).state
    formed = early(calm, a_reading(1, 1.1)).state

    closed, unseen = (step(state, a_reading(1, 1.2)) for state in (formed, calm))

    assert closed.findings == ()
    assert closed.state == unseen.state
    assert len(unseen.findings) == 1


def test_a_close_that_is_graver_than_what_was_told_escalates() -> None:
    formed = early(EpisodeState(), a_reading(1, 1.1)).state

    (finding,) = step(formed, a_reading(1, 1.3)).findings

    assert (finding.phase, finding.early) == (Phase.ESCALATION, False)
    assert finding.severity is Severity.MEDIUM


def test_a_close_that_is_milder_takes_nothing_back() -> None:
    formed = early(EpisodeState(), a_reading(1, 1.3)).state

    closed = step(formed, a_reading(1, 1.1))

    assert closed.findings == ()
    assert closed.state.episode is not None
    assert closed.state.episode.severity is Severity.MEDIUM


def test_a_close_that_does_not_fire_leaves_an_episode_that_ends_like_any_other() -> (
    None
):
    formed = early(EpisodeState(), a_reading(1, 1.1)).state

    goes_on = step(formed, a_reading(1, 0.8, low=97.0))
    over = step(goes_on.state, a_reading(2, 0.4))

    assert goes_on.reason is Reason.ONGOING
    assert goes_on.state.episode is not None
    assert goes_on.state.episode.early_ms is None
    assert goes_on.state.episode.price_extreme == 97.0
    assert goes_on.state.episode.volume_usd == 5_000_000.0
    assert [finding.phase for finding in over.findings] == [Phase.END]
    assert step(formed, a_reading(1, 0.4)).findings[0].phase is Phase.END


def test_a_bar_that_forms_makes_an_episode_graver_and_counts_no_volume() -> None:
    going = after(a_reading(0, 1.1)).state

    judgement = early(going, a_reading(1, 1.3))
    again = early(judgement.state, a_reading(1, 1.3))
    closed = step(judgement.state, a_reading(1, 1.3))

    (finding,) = judgement.findings
    assert finding.phase is Phase.ESCALATION
    assert finding.volume_usd == 5_000_000.0
    assert again.findings == closed.findings == ()
    assert closed.state.episode is not None
    assert closed.state.episode.volume_usd == 6_000_000.0


@pytest.mark.parametrize(
    "reading", [a_reading(1, 0.1), a_reading(1, 0.9), a_reading(1, 1.3, SHORT)]
)
def test_a_bar_that_forms_ends_turns_and_announces_nothing(reading: Reading) -> None:
    going = after(a_reading(0, 1.5)).state

    assert early(going, reading).findings == ()
    assert early(EpisodeState(), a_reading(1, 0.9)).findings == ()


def test_a_bar_that_forms_confirms_what_is_building_on_its_own_side_only() -> None:
    built = after(a_reading(0, 0.8))

    (onset,) = early(built.state, a_reading(1, 1.1)).findings
    assert onset.phase is Phase.ONSET
    assert onset.episode == built.findings[0].episode
    closed = step(early(built.state, a_reading(1, 1.1)).state, a_reading(1, 1.1))
    assert closed.state.episode is not None
    assert closed.state.episode.id == onset.episode
    assert closed.findings == ()

    assert early(built.state, a_reading(1, 1.1, SHORT)).findings == ()


def test_a_bar_that_forms_keeps_to_the_cool_down() -> None:
    cooling = after(a_reading(0, 1.1), a_reading(1, 0.1)).state

    assert early(cooling, a_reading(5, 1.1)).reason is Reason.COOLING
    assert early(cooling, a_reading(5, 1.3)).findings != ()


@given(moves)
def test_where_every_bar_closes_as_it_formed_looking_early_changes_no_state(
    moves: list[tuple[float, float, PositionSide]],
) -> None:
    """And each onset is told as often as without looking: once."""
    looked = EpisodeState()
    onsets = []
    for reading in readings_of(moves):
        formed = early(looked, reading)
        closed = step(formed.state, reading)
        looked = closed.state
        onsets += [
            finding.episode
            for finding in (*formed.findings, *closed.findings)
            if finding.phase is Phase.ONSET
        ]

    plain = after(*readings_of(moves))
    assert looked == plain.state
    assert onsets == [
        finding.episode for finding in plain.findings if finding.phase is Phase.ONSET
    ]
