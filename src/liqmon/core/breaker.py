"""The circuit breaker: leaves a receiver alone that does not answer.

Whoever wants to call asks ``acquire`` for a permit and hands it back to ``settle`` with
a verdict. Three failures in a row open the breaker; after the open time one probe is
let through, whose verdict closes it or opens it again. Nothing here reads a clock or
calls back: ``now`` is monotonic seconds, and a change of state is a value in the return
of the method that made it, when the new state already stands. So there is no listener
that could raise in between.

A permit is good once, for the state it was given in, and is known by its identity,
which no restart can repeat: verdicts that come late, twice or from elsewhere find their
permit unknown and change nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from liqmon.core.events import BreakerState

__all__ = ["Breaker", "BreakerPolicy", "Change", "Permit", "Verdict"]

# Floats: 1000.1 + 300 - 300 is not 1000.1. A microsecond early does no harm.
_TOLERANCE_S = 1e-6


class Verdict(StrEnum):
    """What a call says about the receiver: NEUTRAL nothing, FATAL that it is gone."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to open, and for how long.

    ``open_schedule_s`` replaces ``open_s``: one entry per round without a good probe,
    the last one repeats. A probe without a verdict is given up after
    ``probe_timeout_s``. With ``enabled`` false every call is let through and no verdict
    counts.

    Raises:
        ValueError: a number that is not positive and finite.
    """

    enabled: bool = True
    failure_threshold: int = 3
    open_s: float = 300.0
    open_schedule_s: tuple[float, ...] = ()
    probe_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.failure_threshold < math.inf:
            raise ValueError("failure_threshold must be 1 or more")
        for span_s in (self.open_s, self.probe_timeout_s, *self.open_schedule_s):
            if not 0 < span_s < math.inf:
                raise ValueError("spans of a breaker must be positive and finite")

    def open_for_s(self, rounds: int) -> float:
        """Return how long to stay open after ``rounds`` probes that failed."""
        if not self.open_schedule_s:
            return self.open_s
        return self.open_schedule_s[min(rounds, len(self.open_schedule_s) - 1)]


@dataclass(frozen=True, slots=True)
class Change:
    """The state moved; ``wait_s`` is the open period when it opened, else None."""

    old: BreakerState
    new: BreakerState
    reason: str
    wait_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Permit:
    """Leave to make one call; ``change`` is what giving it did to the breaker."""

    probe: bool = False
    change: Change | None = None


class Breaker:
    """Closed, open, half-open or dead; for one event loop, without locks.

    ``reason`` is why the last change happened, also after a restart.
    """

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._state = BreakerState.CLOSED
        self._outstanding: set[Permit] = set()
        self._failures = 0
        self._rounds = 0
        self._until = 0.0
        self.reason = ""

    @property
    def state(self) -> BreakerState:
        """The state as of the last call; an open breaker waits for ``acquire``."""
        return self._state

    @property
    def failures(self) -> int:
        """How many failures in a row led here."""
        return self._failures

    def acquire(self, now: float) -> Permit | None:
        """Return a permit to call, or None if the call must not be made.

        Every permit must be settled, NEUTRAL if the call was cancelled.
        """
        if not self._policy.enabled:
            return Permit()
        if self.retry_after(now) > _TOLERANCE_S:
            return None
        if self._state is BreakerState.CLOSED:
            return self._given(Permit())
        return self._probe(now)

    def settle(
        self, permit: Permit, verdict: Verdict, why: str, now: float
    ) -> Change | None:
        """Take the verdict of a permitted call in; return the change it makes."""
        if permit not in self._outstanding:
            return None
        self._outstanding.remove(permit)
        match verdict:
            case Verdict.SUCCESS:
                return self._succeeded(why)
            case Verdict.FAILURE:
                return self._failed(why, now)
            case Verdict.FATAL:
                return self.condemn(why)
            case Verdict.NEUTRAL:
                return None
            case _:
                assert_never(verdict)

    def retry_after(self, now: float) -> float:
        """Return the seconds until a call may be let through: 0 now, inf never."""
        if self._state is BreakerState.CLOSED:
            return 0.0
        if self._state is BreakerState.HALF_OPEN and not self._outstanding:
            return 0.0
        return max(self._until - now, 0.0)

    def reset(self) -> Change | None:
        """Close by hand, from whatever state, dead and isolated included."""
        self._outstanding.clear()
        self._failures = self._rounds = 0
        return self._enter(BreakerState.CLOSED, "reset by hand")

    def isolate(self) -> Change | None:
        """Open by hand until ``reset``, however long that takes; dead stays dead."""
        if self._state is BreakerState.DEAD:
            return None
        self._until = math.inf
        return self._enter(BreakerState.OPEN, "isolated by hand", wait_s=math.inf)

    def condemn(self, why: str) -> Change | None:
        """Declare the receiver dead, from whatever state."""
        self._until = math.inf
        return self._enter(BreakerState.DEAD, why)

    def export(self, now: float, wall_ms: int) -> dict[str, object]:
        """Return the state for JSON; its deadline is wall-clock time."""
        return {
            "state": self._state.value,
            "failures": self._failures,
            "rounds": self._rounds,
            "isolated": self._is_isolated(),
            "until_ms": wall_ms + round(self._left_s(now) * 1000),
            "reason": self.reason,
        }

    def restore(self, saved: Mapping[str, object], now: float, wall_ms: int) -> None:
        """Go on where ``export`` left off; what makes no sense counts as not saved.

        A wall clock that jumped costs no more than one open period. A probe that was
        under way is forgotten: the next call is the probe.
        """
        if not self._policy.enabled:
            return
        self._outstanding.clear()
        self._state = _state_of(saved.get("state"))
        self._failures = _count_of(saved.get("failures"))
        self._rounds = _count_of(saved.get("rounds"))
        reason = saved.get("reason")
        self.reason = reason if isinstance(reason, str) else ""
        self._until = self._restored_until(saved, now, wall_ms)
        if self._state is BreakerState.HALF_OPEN:
            self._state = BreakerState.OPEN

    def _restored_until(
        self, saved: Mapping[str, object], now: float, wall_ms: int
    ) -> float:
        if self._state is BreakerState.DEAD or saved.get("isolated") is True:
            return math.inf
        if self._state is not BreakerState.OPEN:
            return now
        period_ms = round(self._policy.open_for_s(self._rounds) * 1000)
        left_ms = _count_of(saved.get("until_ms")) - wall_ms
        return now + min(max(left_ms, 0), period_ms) / 1000

    def _is_isolated(self) -> bool:
        return self._state is BreakerState.OPEN and self._until == math.inf

    def _left_s(self, now: float) -> float:
        """Return the rest of the open period, 0 where there is none that ends."""
        if self._state is not BreakerState.OPEN or self._until == math.inf:
            return 0.0
        return max(self._until - now, 0.0)

    def _given(self, permit: Permit) -> Permit:
        self._outstanding.add(permit)
        return permit

    def _probe(self, now: float) -> Permit:
        self._outstanding.clear()
        change = self._enter(BreakerState.HALF_OPEN, "the open time is over")
        self._until = now + self._policy.probe_timeout_s
        return self._given(Permit(probe=True, change=change))

    def _succeeded(self, why: str) -> Change | None:
        self._failures = self._rounds = 0
        return self._enter(BreakerState.CLOSED, why)

    def _failed(self, why: str, now: float) -> Change | None:
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN:
            self._rounds += 1
        elif self._failures < self._policy.failure_threshold:
            return None
        wait_s = self._policy.open_for_s(self._rounds)
        self._until = now + wait_s
        return self._enter(BreakerState.OPEN, why, wait_s=wait_s)

    def _enter(
        self, new: BreakerState, reason: str, *, wait_s: float | None = None
    ) -> Change | None:
        if new is self._state:
            return None
        self._outstanding.clear()
        change = Change(self._state, new, reason, wait_s)
        self._state, self.reason = new, reason
        return change


def _state_of(value: object) -> BreakerState:
    for state in BreakerState:
        if value == state.value:
            return state
    return BreakerState.CLOSED


def _count_of(value: object) -> int:
    return max(value, 0) if isinstance(value, int) else 0
