"""How fast messages may follow each other.

Discord does not document a webhook's limits and asks not to hard-code them; observed
are 5 in 2 s per webhook and 30 in 60 s per channel, the latter invisible in its headers
(https://github.com/discord/discord-api-docs/issues/367). A bucket alone would let 32
through in the minute after an idle spell, hence a window beside it.
"""

import math
from collections import deque
from typing import Final

__all__ = ["Pace"]

_BURST: Final = 4
_REFILL_S: Final = 2.1
_IN_WINDOW: Final = 28
_WINDOW_S: Final = 60.0

# so that waiting exactly as long as was said is long enough, in floats too
_TOLERANCE_S: Final = 1e-6


class Pace:
    """A bucket and a sliding window; ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=_IN_WINDOW)
        self._full_at = 0.0

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next message may be sent."""
        bucket_s = self._full_at - (_BURST - 1) * _REFILL_S - now
        window_s = 0.0
        if len(self._sent) == _IN_WINDOW:
            window_s = self._sent[0] + _WINDOW_S - now
        wait_s = max(bucket_s, window_s)
        return wait_s if wait_s > _TOLERANCE_S else 0.0

    def sent(self, now: float) -> None:
        """Count a message, delivered or not: Discord counts both."""
        self._sent.append(now)
        self._full_at = max(self._full_at, now) + _REFILL_S

    def export(self, now: float, now_ms: int) -> list[int]:
        """Return when (wall clock) the messages went that still count."""
        ages_s = (now - at for at in self._sent)
        return [now_ms - round(age_s * 1000) for age_s in ages_s if age_s < _WINDOW_S]

    def restore(self, saved: object, now: float, now_ms: int) -> None:
        """Count what an earlier run sent; what makes no sense is left out."""
        for at_ms in saved if isinstance(saved, list) else ():
            age_s = (now_ms - at_ms) / 1000 if isinstance(at_ms, int) else math.inf
            if 0 <= age_s < _WINDOW_S:
                self.sent(now - age_s)
