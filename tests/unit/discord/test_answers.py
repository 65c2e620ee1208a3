"""What an answer of Discord means: every row of the table."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Answer, Fate, Ruling, Streak, judge

HOUR_S, EDGE_S = 3_600.0, 900.0
HTML = "<html><body>maintenance</body></html>"

SUCCESS, FAILURE = Verdict.SUCCESS, Verdict.FAILURE
NEUTRAL, FATAL = Verdict.NEUTRAL, Verdict.FATAL


def an_answer(status: int | None, body: object = "", **changes: Any) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status=status, body=text, **changes)


def coded(status: int, code: int, **more: object) -> Answer:
    return an_answer(status, {"message": "as documented", "code": code, **more})


def essence(ruling: Ruling) -> tuple[Verdict, Fate]:
    return ruling.verdict, ruling.fate


# delivered


@pytest.mark.parametrize(
    ("status", "body", "message_id"),
    [
        (200, {"id": "1234"}, "1234"),
        (200, {"id": "../1"}, ""),
        (200, {"id": 1234}, ""),
        (200, {}, ""),
        (204, "", ""),
        (200, "", ""),
        (200, HTML, ""),
        (201, "[1]", ""),
    ],
)
def test_d01_d02_any_2xx_is_delivered(
    status: int, body: object, message_id: str
) -> None:
    ruling = judge(an_answer(status, body))

    assert essence(ruling) == (SUCCESS, Fate.SENT)
    assert (ruling.message_id, ruling.hint, ruling.wait_s) == (message_id, "", 0.0)
    assert not ruling.ambiguous


def test_d10_a_delivery_that_empties_the_bucket_says_so() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.2"}

    assert judge(an_answer(200, {"id": "1"}, headers=headers)).wait_s == 1.2


# no whole answer


@pytest.mark.parametrize("sent_bytes", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        "no answer in time",
        "disconnected before an answer",
        "the name of the host cannot be resolved",
        "TLS verification failed: is a proxy in between?",
    ],
)
def test_d06_no_answer_is_a_failure_and_ambiguous_if_bytes_were_written(
    error: str, sent_bytes: bool
) -> None:
    ruling = judge(an_answer(None, error=error, sent_bytes=sent_bytes))

    assert essence(ruling) == (FAILURE, Fate.RETRY)
    assert ruling.explanation == error
    assert ruling.ambiguous is sent_bytes


def test_no_answer_and_no_reason_is_a_failure_too() -> None:
    assert judge(Answer()).explanation == "no answer"


def test_d05_a_truncated_delivery_is_ambiguous() -> None:
    answer = an_answer(200, '{"id": "1', error="the answer broke off", sent_bytes=True)
    ruling = judge(answer)

    assert essence(ruling) == (FAILURE, Fate.RETRY)
    assert ruling.ambiguous


def test_a_truncated_refusal_is_judged_by_its_status() -> None:
    answer = an_answer(500, "<ht", error="the answer broke off", sent_bytes=True)

    assert not judge(answer).ambiguous
    assert essence(judge(answer)) == (FAILURE, Fate.RETRY)


# Discord is failing


@pytest.mark.parametrize(
    "answer",
    [
        *(an_answer(status, HTML) for status in (500, 502, 503, 504, 520, 522, 530)),
        coded(500, 0),
        coded(503, 130000),
        coded(400, 130000),
        coded(400, 40062),
        an_answer(400, HTML),
        an_answer(408),
        an_answer(418, {}),
        an_answer(600),
        an_answer(102),
    ],
)
def test_d03_d04_a_failing_discord_is_tried_again(answer: Answer) -> None:
    ruling = judge(answer)

    assert essence(ruling) == (FAILURE, Fate.RETRY)
    assert (ruling.wait_s, ruling.suspended) == (0.0, False)
    assert "<" not in ruling.explanation, "no page in the log"


# rate limits


def limited(body: object, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return an_answer(429, body, headers=names)


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (limited({"retry_after": 0.376}), 0.626),
        (limited({"retry_after": 1336.57}, retry_after="1337"), 1337.25),
        (limited({"message": "x"}, retry_after="3"), 3.25),
        (limited({"retry_after": 1e9}), 86_400.0),
    ],
)
def test_d07_d08_a_rate_limit_says_nothing_about_the_receiver(
    answer: Answer, wait_s: float
) -> None:
    ruling = judge(answer)

    assert essence(ruling) == (NEUTRAL, Fate.RETRY)
    assert ruling.wait_s == pytest.approx(wait_s)
    assert ruling.streak == Streak()


def test_d09_a_shared_limit_says_that_it_is_shared() -> None:
    own = judge(limited({"retry_after": 40.0}, x_ratelimit_scope="user"))
    shared = judge(limited({"retry_after": 40.0}, x_ratelimit_scope="shared"))

    assert "shared with others" in shared.explanation
    assert "shared" not in own.explanation


@pytest.mark.parametrize(
    ("answer", "least_s"),
    [
        (limited({"code": 0, "message": "You are being blocked"}), 0.0),
        (limited({"retry_after": -1}), 0.0),
        (limited({"retry_after": "abc"}), 0.0),
        (limited(HTML), 0.0),
        (limited(""), 0.0),
        (limited(HTML, retry_after="1800"), 1_800.25),
    ],
)
def test_a_limit_from_the_edge_waits_longer_each_time(
    answer: Answer, least_s: float
) -> None:
    waits, streak = [], Streak()
    for _ in range(6):
        ruling = judge(answer, before=streak)
        assert essence(ruling) == (NEUTRAL, Fate.RETRY)
        waits.append(ruling.wait_s)
        streak = ruling.streak

    doubled = [EDGE_S, 2 * EDGE_S, 4 * EDGE_S, 8 * EDGE_S, 8 * EDGE_S, 8 * EDGE_S]
    assert waits == [max(wait_s, least_s) for wait_s in doubled]


def test_an_endless_streak_at_the_edge_stays_at_two_hours() -> None:
    assert judge(limited(""), before=Streak("edge", 10_000)).wait_s == 7_200.0


# the edge and the webhook's own 403


@pytest.mark.parametrize(
    "answer",
    [
        coded(403, 40333),
        an_answer(403, "error code: 1010"),
        an_answer(403, HTML),
        an_answer(403, ""),
        an_answer(403, {"message": "You are being blocked from accessing our API"}),
    ],
)
def test_d15_a_block_by_cloudflare_is_not_the_end_of_the_webhook(
    answer: Answer,
) -> None:
    ruling = judge(answer)

    assert essence(ruling) == (FAILURE, Fate.RETRY)
    assert ruling.wait_s == EDGE_S
    assert "the webhook may be fine" in ruling.explanation
    assert not ruling.suspended


def test_d15_cloudflares_own_number_is_told() -> None:
    ruling = judge(an_answer(403, "error code: 1020"))

    assert "HTTP 403, Cloudflare 1020" in ruling.explanation


@pytest.mark.parametrize("code", [50001, 50013, 0])
def test_d16_missing_access_suspends(code: int) -> None:
    ruling = judge(coded(403, code))

    assert essence(ruling) == (NEUTRAL, Fate.RETRY)
    assert (ruling.suspended, ruling.wait_s) == (True, HOUR_S)
    assert "may not post there" in ruling.explanation
    assert ruling.hint


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (220001, "needs a thread"),
        (220003, "needs tags"),
        (160005, "locked"),
        (50083, "archived"),
    ],
)
def test_d23_d24_a_thread_that_takes_no_message_suspends(code: int, said: str) -> None:
    ruling = judge(coded(400, code))

    assert essence(ruling) == (NEUTRAL, Fate.RETRY)
    assert (ruling.suspended, ruling.wait_s) == (True, HOUR_S)
    assert said in ruling.explanation
    assert "thread_id" in ruling.hint


# the message is refused


@pytest.mark.parametrize(
    "answer",
    [
        coded(400, 50035, errors={"embeds": {"_errors": [{"message": "Too long."}]}}),
        *(coded(400, code) for code in (50109, 50006, 50045, 200000, 240000, 400001)),
        coded(400, 0),
        coded(422, 0),
        coded(413, 40005),
        an_answer(413, HTML),
    ],
)
def test_d17_d19_a_message_is_refused_by_a_receiver_that_is_alive(
    answer: Answer,
) -> None:
    ruling = judge(answer)

    assert essence(ruling) == (SUCCESS, Fate.DEGRADE_OR_DEAD)
    assert ruling.wait_s == 0.0


def test_d17_discords_path_of_errors_is_told() -> None:
    errors = {"embeds": {"0": {"title": {"_errors": [{"message": "Too long."}]}}}}

    assert (
        "embeds.0.title: Too long."
        in judge(coded(400, 50035, errors=errors)).explanation
    )


# the webhook is gone


@pytest.mark.parametrize(
    "answer",
    [
        coded(404, 10015),
        coded(404, 10003),
        coded(401, 50027),
        coded(401, 0),
        coded(403, 10015),
    ],
)
def test_d12_d14_a_webhook_that_is_gone_is_never_tried_again(answer: Answer) -> None:
    ruling = judge(answer)

    assert essence(ruling) == (FATAL, Fate.RETRY)
    assert "does not exist any more" in ruling.explanation
    assert "new webhook" in ruling.hint


@pytest.mark.parametrize(
    "answer", [an_answer(404, HTML), an_answer(404), an_answer(401), coded(404, 0)]
)
def test_d13_a_page_not_found_is_believed_the_third_time(answer: Answer) -> None:
    rulings, streak = [], Streak()
    for _ in range(3):
        rulings.append(judge(answer, before=streak))
        streak = rulings[-1].streak

    assert [ruling.verdict for ruling in rulings] == [FAILURE, FAILURE, FATAL]
    assert ["new webhook" in ruling.hint for ruling in rulings] == [False, False, True]


def test_d13_any_other_answer_in_between_ends_the_streak() -> None:
    missing = an_answer(404, HTML)
    streak = judge(missing, before=judge(missing).streak).streak
    assert streak.length == 2
    streak = judge(an_answer(500), before=streak).streak

    assert judge(missing, before=streak).verdict is FAILURE


# redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_d25_a_redirect_is_fatal(status: int) -> None:
    ruling = judge(an_answer(status, headers={"location": "https://evil.io"}))

    assert essence(ruling) == (FATAL, Fate.RETRY)
    assert "redirect" in ruling.explanation
    assert "base_url" in ruling.hint


# edits


def test_d21_a_deleted_message_is_posted_anew() -> None:
    ruling = judge(coded(404, 10008), editing=True)

    assert essence(ruling) == (SUCCESS, Fate.REPOST)


@pytest.mark.parametrize(("more", "wait_s"), [({"retry_after": 2.0}, 2.25), ({}, 0.0)])
def test_d22_an_old_message_is_posted_anew(
    more: dict[str, object], wait_s: float
) -> None:
    ruling = judge(coded(429, 30046, **more), editing=True)

    assert essence(ruling) == (NEUTRAL, Fate.REPOST)
    assert ruling.wait_s == wait_s


def test_what_concerns_edits_means_nothing_to_a_post() -> None:
    assert judge(coded(404, 10008)).fate is Fate.RETRY
    assert judge(coded(429, 30046, retry_after=1.0)).fate is Fate.RETRY


# every answer there can be

DOCUMENTED = (
    *(10003, 10008, 10015, 30046, 40005, 40062, 40333, 50006, 50027, 50035, 50083),
    *(130000, 160005, 220001),
)
BODIES = st.one_of(
    st.just(""),
    st.just(HTML),
    st.just('{"message": "cut o'),
    st.text(st.characters()),
    st.builds(
        lambda *pairs: json.dumps(dict(pairs)),
        st.tuples(
            st.just("code"),
            st.sampled_from([*DOCUMENTED, 0, -1, "x", None, [], 1e300]),
        ),
        st.tuples(st.just("message"), st.text() | st.none() | st.integers()),
        st.tuples(st.just("retry_after"), st.floats() | st.text() | st.none()),
        st.tuples(
            st.just("errors"),
            st.recursive(
                st.none() | st.text() | st.integers(),
                lambda inner: (
                    st.lists(inner)
                    | st.dictionaries(st.just("_errors") | st.text(), inner)
                ),
                max_leaves=8,
            ),
        ),
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset-after"]
    ),
    st.text() | st.floats().map(str) | st.just("0"),
)


@pytest.mark.parametrize("hundred", range(1, 6))
@settings(max_examples=150)
@given(
    rest=st.integers(0, 99),
    body=BODIES,
    headers=HEADERS,
    error=st.sampled_from(["", "the answer broke off"]),
    editing=st.booleans(),
    before=st.builds(
        Streak,
        st.sampled_from(["", "edge", "missing 404", "missing 401"]),
        st.integers(0, 9),
    ),
)
def test_every_answer_has_a_meaning(
    *,
    hundred: int,
    rest: int,
    body: str,
    headers: dict[str, str],
    error: str,
    editing: bool,
    before: Streak,
) -> None:
    status = hundred * 100 + rest
    answer = Answer(
        status=status, headers=headers, body=body, error=error, sent_bytes=True
    )
    ruling = judge(answer, editing=editing, before=before)

    assert 0 <= ruling.wait_s <= 86_400
    assert ruling.explanation
    assert bool(ruling.hint) == (ruling.fate is not Fate.SENT)
    assert (ruling.fate is Fate.SENT) == (hundred == 2 and not error)
    assert ruling.ambiguous == (hundred <= 2 and bool(error))
    assert not ruling.suspended or ruling.verdict is NEUTRAL
    assert (ruling.fate is Fate.REPOST) <= editing
    assert len(ruling.explanation) < 500


@pytest.mark.parametrize("body", ["", HTML, "{}", '{"code": 0}', '{"id": "1', "[1]"])
@pytest.mark.parametrize("editing", [True, False])
def test_every_status_with_every_kind_of_body_has_a_meaning(
    body: str, editing: bool
) -> None:
    for status in range(100, 600):
        ruling = judge(an_answer(status, body), editing=editing)
        assert (ruling.fate is Fate.SENT) == (200 <= status < 300)
        assert ruling.explanation
