"""What an attempt came to: for the breaker, for the message, for the user.

apprise says only that it failed. The rest is in its log lines, which quote addresses
and with them secrets: they are searched for what is known, and never passed on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from liqmon.core.breaker import Verdict
from liqmon.discord.answers import Answer, Fate, Ruling, Streak

__all__ = ["CANNOT_EDIT", "Judge", "answer_of"]

CANNOT_EDIT: Final = Answer(status=405, error="messages cannot be edited there")

_LIMITED_S: Final = 60.0
_LIMITED_LONGEST_S: Final = 900.0
"""No header is seen here, so how long a limit lasts is anybody's guess."""

_WILL_RETRY: Final = "nothing to do: it is tried again"
_CHECK_URL: Final = "see whether its url still holds; it is tried again"

# What services write behind the status, such as `Unauthorized, error=401.`
_STATUS: Final = re.compile(r"error=([1-5]\d\d)\b")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One way not to arrive; ``sent_bytes``: the message may have."""

    sign: re.Pattern[str]
    words: str
    sent_bytes: bool = False


# Most telling first. The signs are requests', urllib3's and the socket's.
_TROUBLES: Final = (
    _Trouble(
        re.compile("CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
        "TLS verification failed: is a proxy in between?",
    ),
    _Trouble(
        re.compile("NameResolutionError|Name or service not known|getaddrinfo"),
        "the name of the host cannot be resolved",
    ),
    _Trouble(re.compile("Connection refused"), "cannot connect"),
    _Trouble(re.compile("ConnectTimeout|connect timeout"), "no connection in time"),
    _Trouble(re.compile("[Rr]ead timed out"), "no answer in time", sent_bytes=True),
    _Trouble(
        re.compile("Connection aborted|RemoteDisconnected|Connection reset"),
        "disconnected before an answer",
        sent_bytes=True,
    ),
    _Trouble(re.compile("Connection error"), "the connection was lost"),
)
_UNKNOWN: Final = _Trouble(re.compile(""), "apprise could not send it")


def answer_of(*, delivered: bool, said: Sequence[str], latency_s: float) -> Answer:
    """Return what one attempt came to; ``said`` are the log lines of it."""
    if delivered:
        return Answer(status=200, sent_bytes=True, latency_s=latency_s)
    text = "\n".join(said)
    statuses = _STATUS.findall(text)
    if statuses:
        return Answer(status=int(statuses[-1]), sent_bytes=True, latency_s=latency_s)
    found = next((one for one in _TROUBLES if one.sign.search(text)), _UNKNOWN)
    return Answer(error=found.words, sent_bytes=found.sent_bytes, latency_s=latency_s)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what an answer of one receiver means; ``who`` is what it is called."""

    who: str

    def __call__(
        self, answer: Answer, *, editing: bool = False, before: Streak | None = None
    ) -> Ruling:
        """Return what to do about an answer, ``before`` being what it follows."""
        match answer.status:
            case None:
                return self._failing(answer.error, _WILL_RETRY, answer)
            case status if status < 300:
                return Ruling(
                    Verdict.SUCCESS, Fate.SENT, f"delivered through {self.who}"
                )
            case 401 | 403 | 404 | 410 as status:
                said = f"does not take messages under this url (HTTP {status})"
                return self._failing(said, _CHECK_URL, answer, certain=True)
            case 429:
                return self._limited(before or Streak())
            case status if 400 <= status < 500 and status != 408:
                return self._unfit(status, editing=editing)
            case status:
                said = f"is failing (HTTP {status})"
                return self._failing(said, _WILL_RETRY, answer, certain=True)

    def _failing(
        self, said: str, hint: str, answer: Answer, *, certain: bool = False
    ) -> Ruling:
        return Ruling(
            # never fatal: a proxy in front of a server that restarts says 404 too
            Verdict.FAILURE,
            Fate.RETRY,
            f"{self.who} {said}" if certain else f"{self.who}: {said}",
            hint,
            ambiguous=answer.sent_bytes and not certain,
        )

    def _limited(self, before: Streak) -> Ruling:
        length = before.length + 1 if before.kind == "limited" else 1
        wait_s = min(_LIMITED_S * 2.0 ** min(length - 1, 8), _LIMITED_LONGEST_S)
        return Ruling(
            Verdict.NEUTRAL,
            Fate.RETRY,
            f"{self.who} asks for a pause (HTTP 429)",
            _WILL_RETRY,
            wait_s=wait_s,
            streak=Streak("limited", length),
        )

    def _unfit(self, status: int, *, editing: bool) -> Ruling:
        said = "cannot edit" if editing else f"refuses this message (HTTP {status})"
        return Ruling(
            # whoever refuses a message is alive
            Verdict.SUCCESS,
            Fate.DEGRADE_OR_DEAD,
            f"{self.who} {said}",
            "it is sent once more, shorter, and then kept as a dead letter",
        )
