"""What an answer of Discord means: for the breaker, for the message, for the user.

One table over status and body, most telling first. Status alone is not enough: a 403
may come from Cloudflare and say nothing about the webhook, a 404 may be a passing page
of the edge, and a 400 concerns one message only. Times are seconds; API v10 counts
``retry_after`` in seconds too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from liqmon.core.breaker import Verdict
from liqmon.discord.wire import (
    Json,
    bucket_wait,
    code_in,
    json_object,
    retry_after,
    said_in,
)

__all__ = ["Answer", "Fate", "Ruling", "Streak", "judge"]

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
_UNKNOWN_MESSAGE: Final = 10008
_EDITED_TOO_LATE: Final = 30046
_GONE: Final = frozenset({10003, 10015, 50027})
_OVERLOADED: Final = frozenset({40062, 130000})
_UNFIT: Final = frozenset({40005, 50006, 50035, 50045, 50109, 200000, 240000, 400001})
_THREAD: Final = {
    50083: "the thread is archived",
    160005: "the thread is locked",
    220001: "a forum channel needs a thread",
    220003: "a thread of this forum needs tags",
}
_EDGE_BLOCK: Final = 40333

# What Cloudflare writes where Discord would have answered:
# https://github.com/discord/discord-api-docs/issues/5810
_EDGE_MARKS: Final = ("error code: 10", "blocked from accessing our API")

_EDGE_S: Final = 900.0
_EDGE_LONGEST_S: Final = 7_200.0
_SUSPENDED_S: Final = 3_600.0

_STRIKES: Final = 3
"""So many pages "not found" in a row are believed; single ones were spurious:
https://github.com/discord/discord-api-docs/issues/7220"""

_NEW_WEBHOOK: Final = (
    "make a new webhook (channel settings, Integrations, Webhooks) and put its URL "
    "into discord.webhook_url"
)
_WILL_RETRY: Final = "nothing to do: it is tried again"


class Fate(StrEnum):
    """What becomes of the message.

    DEGRADE_OR_DEAD: render it plain and try once more; if it was plain, give up on it.
    REPOST: it cannot be edited any more; post it as a new message.
    """

    SENT = "sent"
    RETRY = "retry"
    DEGRADE_OR_DEAD = "degrade-or-dead"
    REPOST = "repost"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one attempt.

    ``status`` is None if no answer began. ``error`` says what went wrong on the way and
    is empty for a whole answer. ``headers`` have lower-case names. ``body`` is at most
    64 KiB. ``sent_bytes``: the request may have reached Discord. Nothing in here holds
    the webhook's token.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    sent_bytes: bool = False
    latency_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Streak:
    """How many answers in a row were of one kind: some weigh more when repeated."""

    kind: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What to do about an answer.

    For ``wait_s`` nothing at all is sent to this webhook. ``suspended``: only the user
    can put it right, yet it is not the end of the webhook. ``ambiguous``: the message
    may have arrived although the answer did not. ``hint`` is empty if all went well.
    ``streak`` goes into the judgement of the next answer.
    """

    verdict: Verdict
    fate: Fate
    explanation: str
    hint: str = ""
    wait_s: float = 0.0
    suspended: bool = False
    ambiguous: bool = False
    message_id: str = ""
    streak: Streak = field(default_factory=Streak)


def judge(
    answer: Answer, *, editing: bool = False, before: Streak | None = None
) -> Ruling:
    """Return what an answer means. ``editing``: it answers a PATCH, not a POST."""
    before = before or Streak()
    status = answer.status
    if status is None or (answer.error and status < 300):
        return _unanswered(answer)
    body = json_object(answer.body)
    if 200 <= status < 300:
        return _delivered(answer, body)
    if 300 <= status < 400:
        return _redirected(status)
    if status == 429:
        return _limited(answer, body, editing=editing, before=before)
    if 400 <= status < 500:
        return _refused(status, body, answer.body, editing=editing, before=before)
    return _failing(status, body)


# the rows of the table


def _unanswered(answer: Answer) -> Ruling:
    return Ruling(
        Verdict.FAILURE,
        Fate.RETRY,
        answer.error or "no answer",
        _WILL_RETRY,
        ambiguous=answer.sent_bytes,
    )


def _delivered(answer: Answer, body: Json | None) -> Ruling:
    message_id = (body or {}).get("id")
    known = isinstance(message_id, str) and message_id.isdecimal()
    return Ruling(
        Verdict.SUCCESS,
        Fate.SENT,
        f"delivered (HTTP {answer.status})",
        wait_s=bucket_wait(answer.headers),
        message_id=str(message_id) if known else "",
    )


def _redirected(status: int) -> Ruling:
    # Following a 307 or 308 would send the body to whatever host it names.
    return Ruling(
        Verdict.FATAL,
        Fate.RETRY,
        f"Discord's address answers with a redirect (HTTP {status}), never followed",
        "something between here and Discord redirects: a proxy, or discord.base_url",
    )


def _limited(
    answer: Answer, body: Json | None, *, editing: bool, before: Streak
) -> Ruling:
    wait_s = retry_after(answer.headers, body)
    if editing and code_in(body) == _EDITED_TOO_LATE:
        return Ruling(
            Verdict.NEUTRAL,
            Fate.REPOST,
            "the message is too old to be edited (HTTP 429, code 30046)",
            "nothing to do: it is posted as a new message",
            wait_s=wait_s or 0.0,
        )
    if body is None or wait_s is None:
        return _blocked_at_edge(429, before, Verdict.NEUTRAL, least_s=wait_s or 0.0)
    whom = answer.headers.get("x-ratelimit-scope", "")
    shared = ", shared with others" if whom == "shared" else ""
    return Ruling(
        Verdict.NEUTRAL,
        Fate.RETRY,
        f"rate-limited for {wait_s:.1f} s (HTTP 429{shared})",
        "nothing to do: it is sent when Discord allows",
        wait_s=wait_s,
    )


def _refused(
    status: int, body: Json | None, page: str, *, editing: bool, before: Streak
) -> Ruling:
    """Judge the statuses 400 to 499 but 429."""
    code = code_in(body)
    if editing and code == _UNKNOWN_MESSAGE:
        return Ruling(
            Verdict.SUCCESS,
            Fate.REPOST,
            f"the message was deleted ({_named(status, code)})",
            "nothing to do: it is posted as a new message",
        )
    if code in _GONE:
        return _gone(status, body)
    if code in _THREAD:
        hint = "point the webhook's URL at an open thread with ?thread_id=..."
        return _suspended(status, code, _THREAD[code], hint)
    if code in _OVERLOADED:
        return _failing(status, body)
    if code in _UNFIT or status == 413 or (status in {400, 422} and body is not None):
        return _unfit(status, body)
    return _refused_by_status(status, body, page, before)


def _refused_by_status(
    status: int, body: Json | None, page: str, before: Streak
) -> Ruling:
    match status:
        case 401 if body is not None:
            return _gone(status, body)
        case 401 | 404:
            return _missing(status, body, before)
        case 403 if _is_edge_block(body, page):
            return _blocked_at_edge(status, before, Verdict.FAILURE, page=page)
        case 403:
            said = f"the webhook may not post there: {said_in(body)}"
            hint = "give its channel back to it, or make the webhook anew"
            return _suspended(status, code_in(body), said, hint)
        case _:
            return _failing(status, body)


def _gone(status: int, body: Json | None) -> Ruling:
    return Ruling(
        Verdict.FATAL,
        Fate.RETRY,
        f"this webhook does not exist any more ({_named(status, code_in(body))}: "
        f"{said_in(body)})",
        _NEW_WEBHOOK,
    )


def _missing(status: int, body: Json | None, before: Streak) -> Ruling:
    streak = _counted(before, f"missing {status}")
    is_believed = streak.length >= _STRIKES
    return Ruling(
        Verdict.FATAL if is_believed else Verdict.FAILURE,
        Fate.RETRY,
        f"Discord's edge does not know this webhook ({_named(status, code_in(body))})",
        _NEW_WEBHOOK
        if is_believed
        else "it is tried again; if it stays, check the URL",
        streak=streak,
    )


def _suspended(status: int, code: int, said: str, hint: str) -> Ruling:
    return Ruling(
        Verdict.NEUTRAL,
        Fate.RETRY,
        f"{said} ({_named(status, code)})",
        hint,
        wait_s=_SUSPENDED_S,
        suspended=True,
    )


def _unfit(status: int, body: Json | None) -> Ruling:
    return Ruling(
        # whoever refuses a message is alive
        Verdict.SUCCESS,
        Fate.DEGRADE_OR_DEAD,
        f"Discord refuses this message ({_named(status, code_in(body))}: "
        f"{said_in(body)})",
        "it is sent once more as plain text, and then kept as a dead letter",
    )


def _blocked_at_edge(
    status: int,
    before: Streak,
    verdict: Verdict,
    *,
    least_s: float = 0.0,
    page: str = "",
) -> Ruling:
    streak = _counted(before, "edge")
    wait_s = min(_EDGE_S * 2.0 ** min(streak.length - 1, 8), _EDGE_LONGEST_S)
    error = re.search(r"error code: (\d{1,5})", page)
    named = f"HTTP {status}" + (f", Cloudflare {error[1]}" if error else "")
    return Ruling(
        verdict,
        Fate.RETRY,
        f"blocked at Discord's edge, by Cloudflare ({named}); the webhook may be fine",
        "others may share this IP address: wait, or post from another network",
        wait_s=max(wait_s, least_s),
        streak=streak,
    )


def _failing(status: int, body: Json | None) -> Ruling:
    said = f": {said_in(body)}" if body else ""
    return Ruling(
        Verdict.FAILURE,
        Fate.RETRY,
        f"Discord is failing ({_named(status, code_in(body))}{said})",
        _WILL_RETRY,
    )


# words


def _is_edge_block(body: Json | None, page: str) -> bool:
    if body is None or code_in(body) == _EDGE_BLOCK:
        return True
    return any(mark in page for mark in _EDGE_MARKS)


def _named(status: int, code: int) -> str:
    return f"HTTP {status}, code {code}" if code else f"HTTP {status}"


def _counted(before: Streak, kind: str) -> Streak:
    return Streak(kind, before.length + 1 if before.kind == kind else 1)
