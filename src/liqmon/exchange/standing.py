"""Whether an exchange may be asked at all.

Five failures in a row that concern the whole exchange, or one rate limit, and it is
left alone for a while; then one call probes whether it is back. A call holds a permit
of the generation it began in: an answer that comes in after the state has changed says
nothing about the new one.
"""

from dataclasses import dataclass
from typing import Final

from liqmon.core.events import FeedState

__all__ = ["Permit", "Standing"]

_MOST_FAILURES: Final = 5
_LONGEST_OUTAGE_WAIT_S: Final = 60.0
_LONGEST_COOLING_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call."""

    generation: int
    probe: bool


class Standing:
    """``state`` is OK, UNAVAILABLE, COOLING or BLOCKED, and ``reason`` why.

    ``now_mono`` are seconds of the monotonic clock. What changes the state returns
    whether it did, so that a change is told once.
    """

    def __init__(self, *, interval_s: float) -> None:
        self.state = FeedState.OK
        self.reason = ""
        self._interval_s = interval_s
        self._failures = 0
        self._generation = 0
        self._probing = False
        self._until_mono = 0.0
        self._outage_wait_s = interval_s
        self._cooling_wait_s = interval_s

    def wait_s(self, now_mono: float) -> float:
        """Return how long the exchange is left alone from now on."""
        return max(self._until_mono - now_mono, 0.0)

    def admit(self, now_mono: float) -> Permit | None:
        """Return a permit, or None if the exchange must not be asked now."""
        if self.state is FeedState.OK:
            return Permit(self._generation, probe=False)
        waits = self._probing or now_mono < self._until_mono
        if waits or self.state is FeedState.BLOCKED:
            return None
        self._probing = True
        return Permit(self._generation, probe=True)

    def returned(self, permit: Permit) -> None:
        """Take back a permit whose call told nothing about the exchange."""
        if permit.probe and permit.generation == self._generation:
            self._probing = False

    def worked(self, permit: Permit) -> bool:
        """Note an answer."""
        if permit.generation != self._generation:
            return False
        self._failures = 0
        self._outage_wait_s = self._cooling_wait_s = self._interval_s
        return self.state is not FeedState.OK and self._enter(FeedState.OK, "")

    def failed(self, permit: Permit, reason: str, now_mono: float) -> bool:
        """Note a failure that no other market would have escaped."""
        if permit.generation != self._generation:
            return False
        self._failures += 1
        if self._failures < _MOST_FAILURES and not permit.probe:
            return False
        return self._down(reason, now_mono)

    def refused(self, permit: Permit, reason: str, now_mono: float) -> bool:
        """Note a failure of the whole exchange that a quick repeat cannot mend."""
        return permit.generation == self._generation and self._down(reason, now_mono)

    def cooled(
        self, permit: Permit, reason: str, now_mono: float, *, hint_s: float | None
    ) -> bool:
        """Note a rate limit. Without a hint the waits double, up to five minutes."""
        if self.state is FeedState.BLOCKED:
            return False
        if permit.generation != self._generation:
            # many calls were under way: the longest of their hints counts
            self._until_mono = max(self._until_mono, now_mono + (hint_s or 0.0))
            return False
        wait_s = hint_s
        if wait_s is None:
            wait_s = self._cooling_wait_s
            self._cooling_wait_s = min(2 * wait_s, _LONGEST_COOLING_S)
        self._until_mono = now_mono + wait_s
        return self._enter(FeedState.COOLING, reason)

    def blocked(self, reason: str) -> bool:
        """Note that this host is refused; nothing is asked any more."""
        return self._enter(FeedState.BLOCKED, reason)

    def _down(self, reason: str, now_mono: float) -> bool:
        self._until_mono = now_mono + self._outage_wait_s
        self._outage_wait_s = min(2 * self._outage_wait_s, _LONGEST_OUTAGE_WAIT_S)
        return self._enter(FeedState.UNAVAILABLE, reason)

    def _enter(self, state: FeedState, reason: str) -> bool:
        changed = state is not self.state
        self.state = state
        self.reason = reason
        self._generation += 1
        self._probing = False
        self._failures = 0
        return changed
