"""Whether anything may be sent to the webhook now, and if not, why and how long.

Three things can be in the way: the circuit breaker, a time before which the receiver
asked not to be asked again, and the pace. The first two survive a restart.
"""

import logging
import math
from dataclasses import dataclass
from typing import Final

from liqmon.core.breaker import Breaker, Change, Permit, Verdict
from liqmon.core.events import BreakerState
from liqmon.discord.answers import Fate, Ruling, Streak
from liqmon.monitor.pacing import Pace
from liqmon.store.receiver import ReceiverState

__all__ = ["Gate", "Hold", "Outage"]

log = logging.getLogger(__name__)

_OUTAGE: Final = "outage"
_SENT: Final = "sent_ms"
_BURIED: Final = "buried"
"""Saved beside what the breaker exports: why the outage began, for the breaker's own
reason is that of the last change; when the last messages went; whose were given up."""

_LONGEST_S: Final = 86_400.0
"""A wait that was saved is believed up to a day: the wall clock may have jumped."""

_MOST_DEAD_LETTERS: Final = 3
_DEAD_LETTER_PAUSE_S: Final = 3_600.0
"""So many messages refused in a row, on as many subjects, are our fault, not theirs:
the rest is kept, and one of them tried again after the pause."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is sent for ``wait_s`` (inf: until somebody puts it right)."""

    wait_s: float
    reason: str
    by_breaker: bool


@dataclass(frozen=True, slots=True)
class Outage:
    """The breaker has not been closed since ``opened_ms``, at first for ``reason``."""

    opened_ms: int
    reason: str


class Gate:
    """Belongs to one webhook; ``now`` is monotonic seconds, ``_ms`` wall clock.

    ``outage`` is the one that is going on, None without one.
    """

    def __init__(self, breaker: Breaker, fingerprint: str) -> None:
        self._breaker = breaker
        self._fingerprint = fingerprint
        self._pace = Pace()
        self._streak = Streak()
        self._buried: list[str] = []
        self._not_before = 0.0
        self._reason = ""
        self._refilled_at = 0.0
        self.outage: Outage | None = None

    @property
    def state(self) -> BreakerState:
        """Of the breaker."""
        return self._breaker.state

    @property
    def failures(self) -> int:
        """How many there were in a row."""
        return self._breaker.failures

    @property
    def streak(self) -> Streak:
        """What the last answers had in common."""
        return self._streak

    def hold(self, now: float) -> Hold | None:
        """Return what forbids sending, None if nothing does."""
        if self.state is BreakerState.DEAD:
            return Hold(math.inf, self._breaker.reason, by_breaker=False)
        wait_s = self._breaker.retry_after(now)
        if wait_s > 0:
            return Hold(
                wait_s, f"breaker open: {self._breaker.reason}", by_breaker=True
            )
        if self._not_before > now:
            return Hold(self._not_before - now, self._reason, by_breaker=False)
        return None

    def pause_s(self, now: float) -> float:
        """Return how long the next message must wait for the sake of the pace."""
        return max(self._pace.wait_s(now), self._refilled_at - now, 0.0)

    def enter(self, now: float) -> Permit:
        """Return leave to make one attempt, which must be handed to ``settle``.

        Raises:
            RuntimeError: something holds.
        """
        permit = None if self.hold(now) else self._breaker.acquire(now)
        if permit is None:
            raise RuntimeError("entered a gate that is shut")
        self._pace.sent(now)
        return permit

    def abandon(self, permit: Permit, now: float) -> None:
        """Hand a permit back whose attempt has no verdict."""
        self._breaker.settle(permit, Verdict.NEUTRAL, "", now)

    def settle(
        self, permit: Permit, ruling: Ruling, now: float, now_ms: int
    ) -> Change | None:
        """Take an answer in; return what it did to the breaker."""
        self._streak = ruling.streak
        change = self._breaker.settle(permit, ruling.verdict, ruling.explanation, now)
        if ruling.verdict is Verdict.FATAL and self.state is not BreakerState.DEAD:
            # a breaker that is switched off must not revive a dead webhook
            change = self._breaker.condemn(ruling.explanation)
        if ruling.fate is Fate.SENT:
            self._buried.clear()
            self._refilled_at = now + ruling.wait_s
        elif ruling.wait_s > 0:
            self._shut(ruling.wait_s, ruling.explanation, now)
        self._note_outage(change, now_ms)
        return change

    def bury(self, subject: str, now: float) -> bool:
        """Ask to give up on a refused message about this; False if it must be kept.

        After so many in a row nothing is sent for a while, and no more are given up.
        Several about one subject count once: an episode of a market whose name Discord
        filters has three.
        """
        may = len(self._buried) < _MOST_DEAD_LETTERS
        if may and subject not in self._buried:
            self._buried.append(subject)
        if len(self._buried) == _MOST_DEAD_LETTERS:
            reason = f"{_MOST_DEAD_LETTERS} messages in a row were refused"
            log.error("%s: nothing is sent for %.0f s", reason, _DEAD_LETTER_PAUSE_S)
            self._shut(_DEAD_LETTER_PAUSE_S, reason, now)
        return may

    def revive(self) -> Change | None:
        """Forget everything that stood in the way but the pace."""
        self._streak, self._buried = Streak(), []
        self._not_before, self.outage = 0.0, None
        return self._breaker.reset()

    def export(
        self, now: float, now_ms: int, *, sending: bool = False
    ) -> ReceiverState:
        """Return what must survive a restart.

        ``sending`` counts the message that is about to be sent: Discord will, even if
        nobody is left to note its answer.
        """
        left_ms = round((self._not_before - now) * 1000)
        is_dead = self.state is BreakerState.DEAD
        return ReceiverState(
            fingerprint=self._fingerprint,
            breaker=self._breaker.export(now, now_ms)
            | {
                _OUTAGE: self.outage.reason if self.outage else "",
                _SENT: [*self._pace.export(now, now_ms), *[now_ms] * sending],
                _BURIED: list(self._buried),
            },
            not_before_ms=now_ms + left_ms if left_ms > 0 else 0,
            gate_reason=self._reason if left_ms > 0 else "",
            opened_ms=self.outage.opened_ms if self.outage else None,
            dead_letters=len(self._buried),
            dead_reason=self._breaker.reason if is_dead else "",
        )

    def restore(self, saved: ReceiverState, now: float, now_ms: int) -> None:
        """Go on where ``export`` left off."""
        self._breaker.restore(saved.breaker, now, now_ms)
        if saved.dead_reason and self.state is not BreakerState.DEAD:
            self._breaker.condemn(saved.dead_reason)
        self._pace.restore(saved.breaker.get(_SENT), now, now_ms)
        if saved.breaker.get(_SENT):
            # one more may have been on its way when that run ended
            self._pace.sent(now)
        left_s = (saved.not_before_ms - now_ms) / 1000
        self._not_before = now + min(max(left_s, 0.0), _LONGEST_S)
        self._reason = saved.gate_reason
        self._buried = _buried(saved)
        if saved.opened_ms is not None:
            reason = str(saved.breaker.get(_OUTAGE, ""))
            self.outage = Outage(saved.opened_ms, reason)

    def _shut(self, wait_s: float, reason: str, now: float) -> None:
        self._not_before = max(self._not_before, now + wait_s)
        self._reason = reason

    def _note_outage(self, change: Change | None, now_ms: int) -> None:
        if change is None:
            return
        if change.new is BreakerState.OPEN and self.outage is None:
            self.outage = Outage(now_ms, change.reason)
        if change.new is BreakerState.CLOSED:
            self.outage = None


def _buried(saved: ReceiverState) -> list[str]:
    buried = saved.breaker.get(_BURIED)
    known = buried if isinstance(buried, list) else []
    # an older liqmon kept the number only
    return [*map(str, known), *map(str, range(saved.dead_letters))][
        : saved.dead_letters
    ]
