"""History is judged as a watch judges it, however it is cut into parts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from candles import calm, end_ms, with_move
from factories import MARKET
from liqmon.backtest.replay import SURGE, Judge, blocks, scored
from liqmon.backtest.rules import RULES
from liqmon.core.baseline import ENOUGH_MS
from liqmon.core.breadth import ALONE
from liqmon.core.detector import readings
from liqmon.core.episode import EpisodePolicy, EpisodeState, judge
from liqmon.core.features import LOOKBACK_MS, features
from liqmon.core.model import Candles, Finding, Phase, PositionSide
from liqmon.core.units import comparable
from recordings import Recording

STEP_MS = 300_000
WARM = ENOUGH_MS // STEP_MS
POLICY = EpisodePolicy(threshold=8.0, cooldown_ms=1_800_000)
FOREVER_MS = 1 << 60


def replayed(
    recording: Recording,
    *,
    since_ms: int = 0,
    raw: bool = False,
    rule: str = SURGE,
    threshold: float = POLICY.threshold,
    builds_from: float = 1.0,
) -> list[Finding]:
    policy = replace(POLICY, threshold=threshold, builds_from=builds_from)
    one = Judge(MARKET, "5m", policy, raw=raw)
    found: list[Finding] = []
    for block in blocks(recording, since_ms, FOREVER_MS):
        alone = np.full(block.ends.size, ALONE)
        seen = scored(block, rule, threshold, alone, told_from=builds_from)
        found += one.findings(seen)
    return found


def watched(candles: Candles, builds_from: float = 1.0) -> list[Finding]:
    """Judge bar by bar with what was known then, as a watch does."""
    policy = replace(POLICY, builds_from=builds_from)
    state, found = EpisodeState(), list[Finding]()
    for after in range(1, len(candles) + 1):
        known = candles.rows(slice(max(0, after - 2_000), after))
        known = comparable(known)
        now_ms = end_ms(known)
        read = readings(
            features(known, known),
            known,
            threshold=POLICY.threshold,
            since_ms=now_ms - 1,
            now_ms=now_ms,
        )
        for reading in read:
            judgement = judge(
                state, reading, market=MARKET, timeframe="5m", policy=policy
            )
            state = judgement.state
            found += judgement.findings
    return found


def eventful(seed: int, *, gap: bool = False, unit: bool = False) -> Candles:
    """Return thirty hours of calm, a fall, its rebound and whatever goes wrong.

    Before that, something that comes to nothing, and one bar of it before the fall.
    """
    candles = calm(40.0, seed=seed)
    candles = with_move(candles, WARM + 12, bars=1, change=-0.009, times=3.0)
    candles = with_move(candles, WARM + 59, bars=1, change=-0.008, times=3.0)
    candles = with_move(candles, WARM + 60, bars=4, change=-0.04, times=8.0)
    candles = with_move(candles, WARM + 90, bars=3, change=0.05, times=9.0)
    if unit:
        # one absurd bar, and a new unit later on
        factor = np.ones(len(candles))
        factor[WARM + 20], factor[WARM + 130 :] = 40.0, 1_000.0
        prices = (candles.open, candles.high, candles.low, candles.close)
        opened, high, low, close = (price * factor for price in prices)
        candles = replace(candles, open=opened, high=high, low=low, close=close)
    if gap:
        kept = np.ones(len(candles), dtype=np.bool_)
        kept[WARM + 70 : WARM + 74] = False
        candles = candles.rows(kept)
    return candles


@settings(max_examples=12)
@example(
    seed=1,
    gap=False,
    unit=False,
    cuts=[*range(WARM + 60, WARM + 110, 2)],
    builds_from=0.3,
)
@given(
    seed=st.integers(1, 50),
    gap=st.booleans(),
    unit=st.booleans(),
    cuts=st.lists(st.integers(1, 470), max_size=6, unique=True),
    builds_from=st.sampled_from([1.0, 0.7, 0.3]),
)
def test_history_in_parts_tells_what_a_watch_told_bar_by_bar(
    seed: int, gap: bool, unit: bool, cuts: list[int], builds_from: float
) -> None:
    candles = eventful(seed, gap=gap, unit=unit)

    told = replayed(Recording(candles, cuts), builds_from=builds_from)

    assert told == watched(candles, builds_from)


def test_history_tells_of_what_was_building_and_of_what_came_of_it() -> None:
    told = replayed(Recording(eventful(1)), builds_from=0.3)

    phases = [finding.phase for finding in told]
    assert phases.count(Phase.BUILDING) > phases.count(Phase.WITHDRAWN) > 0
    assert [one for one in phases if not one.is_first_step] == [
        one.phase for one in replayed(Recording(eventful(1)))
    ]


def test_the_planted_moves_are_told_with_their_sides() -> None:
    told = replayed(Recording(eventful(1)))

    onsets = [one for one in told if one.phase is Phase.ONSET]
    assert [one.liquidated for one in onsets] == [PositionSide.LONG, PositionSide.SHORT]


def test_a_beginning_that_is_named_changes_nothing_that_comes_after_it() -> None:
    candles = calm(240.0, seed=3)
    candles = with_move(candles, 2_500, bars=4, change=-0.04, times=8.0)
    since_ms = int(candles.open_ms[2_400])
    recording = Recording(candles, (800, 2_450))

    assert replayed(recording, since_ms=since_ms) == [
        one for one in replayed(recording) if one.decided_ms > since_ms
    ]
    assert recording.asked[0][0] == since_ms - LOOKBACK_MS


def test_raw_is_every_bar_that_fires() -> None:
    recording = Recording(eventful(1))
    told = replayed(recording, raw=True)

    assert len(told) > len(replayed(recording))
    assert {one.phase for one in told} == {Phase.ONSET}
    (block,) = blocks(recording, 0, FOREVER_MS)
    seen = scored(block, SURGE, POLICY.threshold, np.full(block.ends.size, ALONE))
    assert [one.decided_ms for one in told] == seen.end_ms[seen.fires].tolist()
    assert all(one.score >= POLICY.threshold for one in told)


def test_companions_raise_a_score() -> None:
    (block,) = blocks(Recording(eventful(1)), 0, FOREVER_MS)
    quiet = scored(block, SURGE, 8.0, np.full(block.ends.size, 0.0))
    loud = scored(block, SURGE, 8.0, np.full(block.ends.size, 9.0))

    assert quiet.fires.size < loud.fires.size
    at = int(quiet.fires[0])
    soft, hard = quiet.reading(at), loud.reading(at)
    assert soft is not None
    assert hard is not None
    assert hard.score > 1.5 * soft.score


@pytest.mark.parametrize("name", RULES)
def test_a_yardstick_is_judged_by_the_same_episodes(name: str) -> None:
    recording = Recording(eventful(1), (200, 350))
    threshold = RULES[name].threshold / 2

    told = replayed(recording, rule=name, threshold=threshold)

    assert told
    assert told == replayed(Recording(eventful(1)), rule=name, threshold=threshold)
    assert told[0].conditions[0].name == name
    for one in told:
        assert (one.change < 0) == (one.liquidated is PositionSide.LONG) or (
            one.phase is not Phase.ONSET
        )


@pytest.mark.parametrize("name", [SURGE, *RULES])
def test_another_threshold_needs_no_new_scores(name: str) -> None:
    (block,) = blocks(Recording(eventful(2)), 0, FOREVER_MS)
    alone = np.full(block.ends.size, ALONE)

    again = scored(block, name, 1.0, alone).at(3.0)

    assert again.fires.tolist() == scored(block, name, 3.0, alone).fires.tolist()


def test_a_bar_of_which_nothing_is_known_has_no_reading() -> None:
    (block,) = blocks(Recording(eventful(1)), 0, FOREVER_MS)
    alone = np.full(block.ends.size, ALONE)

    for name in (SURGE, "zscore"):
        seen = scored(block, name, 1.0, alone)
        assert seen.reading(0) is None
        assert not seen.known[0]
