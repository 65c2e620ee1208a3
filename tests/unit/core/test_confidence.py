"""How often a score was right, in figures, in words and as a severity."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from liqmon.core.confidence import TABLE, confidence, odds, severity_of
from liqmon.core.model import Severity


def test_the_table_rises() -> None:
    for (score, share), (higher, more) in pairwise(TABLE):
        assert score < higher
        assert 0.0 < share < more < 1.0


@pytest.mark.parametrize(("score", "share"), TABLE)
def test_a_score_of_the_table_has_its_share(score: float, share: float) -> None:
    assert confidence(score) == pytest.approx(share)


@given(st.floats(0, 1_000), st.floats(0, 1_000))
def test_more_score_is_never_less_confidence(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert 0.0 <= confidence(low) <= confidence(high) <= TABLE[-1][1]


def test_between_two_scores_the_share_is_between_theirs() -> None:
    (low, few), (high, many) = TABLE[2:4]

    assert confidence((low + high) / 2) == pytest.approx((few + many) / 2)


def test_no_score_is_no_confidence() -> None:
    assert confidence(0.0) == 0.0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "1 in 10"),
        (0.33, "1 in 3"),
        (0.52, "1 in 2"),
        (0.74, "3 in 4"),
        (0.88, "9 in 10"),
        (0.99, "19 in 20"),
    ],
)
def test_a_share_is_said_as_people_say_it(share: float, words: str) -> None:
    assert odds(share) == words


@pytest.mark.parametrize(
    ("share", "severity"),
    [
        (None, Severity.LOW),
        (0.0, Severity.LOW),
        (0.79, Severity.LOW),
        (0.8, Severity.MEDIUM),
        (0.949, Severity.MEDIUM),
        (0.95, Severity.HIGH),
        (0.99, Severity.HIGH),
    ],
)
def test_severity_follows_from_confidence(
    share: float | None, severity: Severity
) -> None:
    assert severity_of(share) is severity
