"""What apprise says when it fails, and what follows from it."""

import pytest

from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Answer, Fate, Streak
from liqmon.notify.answers import CANNOT_EDIT, Judge, answer_of

JUDGE = Judge("phone (ntfy)")


def refused(status: int) -> Answer:
    said = ("Failed to send ntfy notification: Oops, error=" + f"{status}.",)
    return answer_of(delivered=False, said=said, latency_s=0.1)


def lost(*said: str) -> Answer:
    return answer_of(delivered=False, said=said, latency_s=0.1)


@pytest.mark.parametrize(
    ("status", "verdict", "fate", "explanation"),
    [
        (
            401,
            Verdict.FAILURE,
            Fate.RETRY,
            "does not take messages under this url (HTTP 401)",
        ),
        (
            404,
            Verdict.FAILURE,
            Fate.RETRY,
            "does not take messages under this url (HTTP 404)",
        ),
        (408, Verdict.FAILURE, Fate.RETRY, "is failing (HTTP 408)"),
        (502, Verdict.FAILURE, Fate.RETRY, "is failing (HTTP 502)"),
        (302, Verdict.FAILURE, Fate.RETRY, "is failing (HTTP 302)"),
        (
            400,
            Verdict.SUCCESS,
            Fate.DEGRADE_OR_DEAD,
            "refuses this message (HTTP 400)",
        ),
        (
            413,
            Verdict.SUCCESS,
            Fate.DEGRADE_OR_DEAD,
            "refuses this message (HTTP 413)",
        ),
        (429, Verdict.NEUTRAL, Fate.RETRY, "asks for a pause (HTTP 429)"),
    ],
)
def test_a_status_decides(
    status: int, verdict: Verdict, fate: Fate, explanation: str
) -> None:
    ruling = JUDGE(refused(status))

    assert (ruling.verdict, ruling.fate) == (verdict, fate)
    assert ruling.explanation == f"phone (ntfy) {explanation}"
    assert ruling.hint
    assert not ruling.ambiguous


def test_what_arrived_is_sent_and_cannot_be_followed() -> None:
    ruling = JUDGE(answer_of(delivered=True, said=(), latency_s=0.1))

    assert (ruling.verdict, ruling.fate) == (Verdict.SUCCESS, Fate.SENT)
    assert ruling.explanation == "delivered through phone (ntfy)"
    assert ruling.message_id == ""


@pytest.mark.parametrize(
    ("said", "words", "ambiguous"),
    [
        (
            "SSLError([SSL: CERTIFICATE_VERIFY_FAILED] x)",
            "TLS verification failed: is a proxy in between?",
            False,
        ),
        (
            "NameResolutionError('x')",
            "the name of the host cannot be resolved",
            False,
        ),
        ("[Errno 111] Connection refused", "cannot connect", False),
        ("ConnectTimeoutError(x)", "no connection in time", False),
        ("Read timed out. (read timeout=4.0)", "no answer in time", True),
        (
            "('Connection aborted.', RemoteDisconnected())",
            "disconnected before an answer",
            True,
        ),
        ("A Connection error occurred", "the connection was lost", False),
        ("KeyError", "apprise could not send it", False),
    ],
)
def test_trouble_on_the_way_is_told_in_words_of_our_own(
    said: str, words: str, ambiguous: bool
) -> None:
    ruling = JUDGE(lost("A Connection error occurred sending", f"at secret: {said}"))
    if said == "KeyError":
        ruling = JUDGE(lost(said))

    assert (ruling.verdict, ruling.fate) == (Verdict.FAILURE, Fate.RETRY)
    assert ruling.explanation == f"phone (ntfy): {words}"
    assert ruling.ambiguous is ambiguous


def test_the_last_status_counts_where_there_are_several() -> None:
    assert lost("error=500.", "error=404.").status == 404


def test_each_pause_in_a_row_is_longer_up_to_a_quarter_of_an_hour() -> None:
    streak, waits = Streak(), []
    for _ in range(6):
        ruling = JUDGE(refused(429), before=streak)
        streak = ruling.streak
        waits.append(ruling.wait_s)

    assert waits == [60, 120, 240, 480, 900, 900]
    assert JUDGE(refused(429), before=Streak("edge", 5)).wait_s == 60


def test_an_edit_is_no_failure_and_is_not_tried_again() -> None:
    ruling = JUDGE(CANNOT_EDIT, editing=True)

    assert (ruling.verdict, ruling.fate) == (Verdict.SUCCESS, Fate.DEGRADE_OR_DEAD)
    assert ruling.explanation == "phone (ntfy) cannot edit"
