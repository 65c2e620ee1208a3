from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding, Phase, Severity
from liqmon.monitor.incidents import (
    EDIT_EVERY_MS,
    EDITABLE_MS,
    edit_telling,
    finding_in,
    is_material,
    next_edit,
    told_apart,
    worst_first,
)
from liqmon.store.posts import EpisodeNow, Post, StandingPost

NOW_MS = 1_700_000_000_000
ONE = a_finding(episode="one")
TWO = a_finding(episode="two", severity=Severity.HIGH, nearness=2.0)
LATER_MS = NOW_MS + EDIT_EVERY_MS


def a_post(*shown: Finding, **changes: Any) -> Post:
    values: dict[str, Any] = {
        "id": 7,
        "route": "",
        "message_id": "42",
        "posted_ms": NOW_MS,
        "edited_ms": NOW_MS,
        "shown": {one.episode: finding_to_facts(one) for one in shown},
    }
    return Post(**values | changes)


def standing(
    post: Post, *now: Finding, moved: str = "", waiting: str = ""
) -> StandingPost:
    return StandingPost(
        post,
        {
            one.episode: EpisodeNow(
                finding_to_facts(one),
                moved=one.episode == moved,
                waiting=one.episode == waiting,
            )
            for one in now
        },
    )


def further(finding: Finding, share: float) -> Finding:
    return replace(finding, price_extreme=finding.price_extreme * (1 - share))


def ended(finding: Finding) -> Finding:
    return replace(finding, phase=Phase.END, ended_ms=finding.decided_ms)


# what is worth an edit


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (ONE, False),
        (further(ONE, 0.0024), False),
        (further(ONE, 0.0026), True),
        (replace(ONE, volume_usd=ONE.volume_usd * 1.24), False),
        (replace(ONE, volume_usd=ONE.volume_usd * 1.25), True),
        (replace(ONE, severity=Severity.HIGH), True),
        (ended(ONE), True),
        (replace(ONE, price_to=1.0, score=99.0), False),
        (replace(ONE, phase=Phase.BUILDING), True),
    ],
)
def test_only_what_a_reader_should_see_is_material(
    now: Finding, expected: bool
) -> None:
    assert is_material(ONE, now) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (further(ONE, 0.1), True),
        (replace(ONE, phase=Phase.WITHDRAWN), True),
        (replace(further(ONE, 0.1), phase=Phase.BUILDING), False),
    ],
)
def test_of_what_is_building_only_what_comes_of_it_is_material(
    now: Finding, expected: bool
) -> None:
    assert is_material(replace(ONE, phase=Phase.BUILDING), now) is expected


def test_an_episode_without_volume_or_price_is_never_material_by_division() -> None:
    nothing = replace(ONE, volume_usd=0.0, price_extreme=0.0)

    assert not is_material(nothing, nothing)
    assert not is_material(nothing, replace(nothing, volume_usd=5.0))


# when


def test_a_material_change_waits_until_the_last_edit_is_a_minute_old() -> None:
    worse = standing(a_post(ONE), further(ONE, 0.01))

    assert next_edit([worse], now_ms=LATER_MS - 1) == (None, LATER_MS)
    edit, due_ms = next_edit([worse], now_ms=LATER_MS)
    assert due_ms is None
    assert edit is not None
    assert edit.findings == (further(ONE, 0.01),)
    assert edit.after.edited_ms == LATER_MS
    assert not edit.after.is_closed


def test_without_a_material_change_nothing_is_due() -> None:
    same = standing(a_post(ONE), replace(ONE, price_to=1.0))

    assert next_edit([same], now_ms=LATER_MS) == (None, None)


def test_the_earliest_of_several_is_next() -> None:
    late = standing(a_post(ONE, edited_ms=NOW_MS - 3_000), further(ONE, 0.01))
    soon = standing(a_post(TWO, edited_ms=NOW_MS - 9_000), further(TWO, 0.01))

    assert next_edit([late, soon], now_ms=NOW_MS) == (None, NOW_MS + 51_000)


@pytest.mark.parametrize("age_ms", [EDITABLE_MS, -EDITABLE_MS])
def test_a_message_an_hour_old_or_from_the_future_is_never_edited(age_ms: int) -> None:
    post = a_post(ONE, posted_ms=LATER_MS - age_ms)
    worse = standing(post, further(ONE, 0.01))

    assert next_edit([worse], now_ms=LATER_MS) == (None, None)
    assert edit_telling(worse, ended(ONE), now_ms=LATER_MS) is None


def test_a_clock_that_was_set_back_does_not_stop_the_edits() -> None:
    worse = standing(a_post(ONE, edited_ms=NOW_MS + 600_000), further(ONE, 0.01))

    edit, _ = next_edit([worse], now_ms=NOW_MS)

    assert edit is not None
    assert edit.after.edited_ms == NOW_MS


def test_an_episode_with_a_row_to_be_sent_is_left_to_the_row() -> None:
    worse = standing(a_post(ONE), ended(ONE), waiting="one")

    assert next_edit([worse], now_ms=LATER_MS) == (None, None)


# into what


def test_a_message_that_began_as_an_escalation_stays_one() -> None:
    shown = replace(ONE, phase=Phase.ESCALATION)
    edit, _ = next_edit([standing(a_post(shown), further(ONE, 0.01))], now_ms=LATER_MS)

    assert edit is not None
    assert edit.findings[0].phase is Phase.ESCALATION
    assert finding_in(edit.after.shown["one"]) == edit.findings[0]


def test_an_episode_that_a_newer_message_tells_is_marked_once_and_closed() -> None:
    moved = standing(a_post(ONE), further(ONE, 0.05), moved="one")

    edit, _ = next_edit([moved], now_ms=LATER_MS)

    assert edit is not None
    assert edit.continued
    assert edit.findings == (ONE,)
    assert edit.after.is_closed


def test_a_lost_message_whose_story_goes_on_elsewhere_is_not_posted_again() -> None:
    lost = a_post(ONE, message_id="")
    moved = standing(lost, further(ONE, 0.05), moved="one")

    assert next_edit([moved], now_ms=LATER_MS) == (None, None)


def test_a_lost_message_is_posted_anew_with_what_no_newer_one_tells() -> None:
    lost = a_post(ONE, TWO, message_id="")
    shared = standing(lost, ONE, further(TWO, 0.05), moved="one")

    edit, _ = next_edit([shared], now_ms=LATER_MS)

    assert edit is not None
    assert edit.findings == (further(TWO, 0.05),)


def test_the_end_makes_the_message_grey_at_once_and_closes_it() -> None:
    edit = edit_telling(standing(a_post(ONE), ONE), ended(ONE), now_ms=NOW_MS + 1)

    assert edit is not None
    assert edit.findings == (ended(ONE),)
    assert edit.after.is_closed
    assert not edit.continued


@pytest.mark.parametrize("changes", [{"is_closed": True}, {"message_id": ""}])
def test_a_message_that_is_closed_or_lost_is_not_edited_at_the_end(
    changes: dict[str, Any],
) -> None:
    there = standing(a_post(ONE, **changes), ONE)

    assert edit_telling(there, ended(ONE), now_ms=NOW_MS + 1) is None


def test_of_two_episodes_the_one_that_goes_on_leads_whatever_its_severity() -> None:
    shared = standing(a_post(ONE, TWO), ONE, TWO)

    edit = edit_telling(shared, ended(TWO), now_ms=NOW_MS + 1)

    assert edit is not None
    assert edit.findings == (ONE, ended(TWO))
    assert not edit.after.is_closed


def test_when_the_last_of_two_ends_the_worst_leads_and_the_message_is_closed() -> None:
    shared = standing(a_post(ONE, ended(TWO)), ONE, ended(TWO))

    edit = edit_telling(shared, ended(ONE), now_ms=NOW_MS + 1)

    assert edit is not None
    assert edit.findings == (ended(TWO), ended(ONE))
    assert edit.after.is_closed


def test_the_end_of_an_episode_that_no_row_tells_here_is_still_shown() -> None:
    """A route that takes LOW only does not get the row of an end that is HIGH."""
    over = ended(replace(ONE, severity=Severity.HIGH))

    edit, _ = next_edit([standing(a_post(ONE), over)], now_ms=LATER_MS)

    assert edit is not None
    assert edit.after.is_closed


def test_facts_of_another_version_leave_the_message_as_it_is() -> None:
    odd = StandingPost(a_post(ONE), {"one": EpisodeNow({"v": 99, "phase": "onset"})})
    unreadable = replace(odd, post=replace(odd.post, shown={"one": {"v": 99}}))

    assert next_edit([odd, unreadable], now_ms=LATER_MS) == (None, None)
    ends = replace(unreadable, episodes={"one": EpisodeNow({"v": 99, "phase": "end"})})
    assert next_edit([ends], now_ms=LATER_MS) == (None, None)


def test_a_message_that_cannot_be_read_keeps_no_other_from_its_edit() -> None:
    odd = a_post(ONE, shown={"one": {"v": 99}})
    damaged = StandingPost(odd, {"one": EpisodeNow({"v": 99, "phase": "end"})})

    edit, _ = next_edit(
        [damaged, standing(a_post(TWO), further(TWO, 0.01))], now_ms=LATER_MS
    )

    assert edit is not None
    assert edit.findings == (further(TWO, 0.01),)


def test_an_end_told_elsewhere_closes_the_message_when_it_was_the_last() -> None:
    alone = told_apart(standing(a_post(ONE), ONE), ended(ONE))
    shared = told_apart(standing(a_post(ONE, TWO), ONE, TWO), ended(ONE))

    assert alone.is_closed
    assert not shared.is_closed
    assert finding_in(shared.shown["one"]) == ended(ONE)
    assert finding_in(shared.shown["two"]) == TWO


def test_worst_first_is_by_severity_then_by_nearness() -> None:
    near = replace(ONE, episode="near", nearness=1.4)

    assert worst_first([ONE, near, TWO]) == (TWO, near, ONE)


# whatever comes

SHARES = st.floats(0, 0.05)
EPISODES = st.lists(
    st.tuples(SHARES, st.booleans(), st.booleans()), min_size=1, max_size=5
)


@given(episodes=EPISODES, age_ms=st.integers(-(10**7), 10**7), is_lost=st.booleans())
def test_an_edit_shows_every_episode_once_and_leads_with_one_that_goes_on(
    episodes: list[tuple[float, bool, bool]], age_ms: int, is_lost: bool
) -> None:
    shown = [replace(ONE, episode=str(number)) for number in range(len(episodes))]
    now = {}
    for finding, (share, is_over, has_moved) in zip(shown, episodes, strict=True):
        current = further(finding, share)
        facts = finding_to_facts(ended(current) if is_over else current)
        now[finding.episode] = EpisodeNow(facts, moved=has_moved)
    post = a_post(*shown, message_id="" if is_lost else "42")

    edit, due_ms = next_edit([StandingPost(post, now)], now_ms=NOW_MS + age_ms)

    assert edit is None or due_ms is None
    if edit is None:
        return
    assert age_ms < 0 or age_ms >= EDIT_EVERY_MS
    assert abs(age_ms) < EDITABLE_MS
    told = [e for e, each in now.items() if not (is_lost and each.moved)]
    assert sorted(one.episode for one in edit.findings) == sorted(told)
    running = [e for e, (_, over, moved) in enumerate(episodes) if not (over or moved)]
    assert edit.after.is_closed is (not running)
    if running:
        assert int(edit.findings[0].episode) in running
    after = [] if edit.after.is_closed else [StandingPost(edit.after, now)]
    later_ms = NOW_MS + age_ms + EDIT_EVERY_MS
    assert next_edit(after, now_ms=later_ms) == (None, None)
