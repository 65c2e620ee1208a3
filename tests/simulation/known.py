"""What somebody who has seen these answers must know: the rules of delivery, once more.

Written from the documents alone. It shares nothing with the breaker, the gate and the
table of answers that it is to check.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from liqmon.discord.answers import Answer

THRESHOLD = 3
OPEN_S = 300.0
EDGE_S, MOST_EDGE_S = 900.0, 7_200.0
REFUSED_S = 3_600.0

_GRACE_S = 2.0
"""A wait may be rounded up to whole seconds, and then some."""

_EARLY_S = 0.002
"""Times on disk are whole milliseconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """``open_until_s`` is None while the breaker is closed.

    Blocked at the edge ``blocks`` times in a row, one waits longer and longer, but may
    forget the number; so one may after ``letters`` in a row that were refused even
    plain. ``gate_until_s`` is the least wait and ``patient_until_s`` the most.
    """

    failures: int = 0
    open_until_s: float | None = None
    gate_until_s: float = 0.0
    patient_until_s: float = 0.0
    blocks: int = 0
    letters: int = 0
    is_dead: bool = False

    def shut_until_s(self) -> float:
        """Return when the next request may be made, inf for never."""
        if self.is_dead:
            return math.inf
        return max(self.open_until_s or 0.0, self.gate_until_s) - _EARLY_S

    def after(self, answer: Answer, now_s: float, *, plain: bool) -> "Known":
        """Return what is known with one more answer, to a body that was ``plain``."""
        status = answer.status
        if status is None or status >= 500:
            return self._failed(now_s)
        if status == 429:
            wait_s = _asked_to_wait_s(answer)
            return (
                self._blocked(now_s) if wait_s is None else self._gated(now_s, wait_s)
            )
        if status == 403:
            return self._failed(now_s)._blocked(now_s)
        if status == 404 and "10015" in answer.body:
            return replace(self, is_dead=True)
        alive = replace(self, failures=0, open_until_s=None, blocks=0)
        if status == 400:
            return alive._refused(now_s) if plain else alive
        return replace(alive, letters=0)

    def _failed(self, now_s: float) -> "Known":
        failures = self.failures + 1
        is_open = self.open_until_s is not None or failures >= THRESHOLD
        return replace(
            self, failures=failures, open_until_s=now_s + OPEN_S if is_open else None
        )

    def _gated(self, now_s: float, wait_s: float) -> "Known":
        return replace(
            self,
            gate_until_s=max(self.gate_until_s, now_s + wait_s),
            patient_until_s=max(self.patient_until_s, now_s + wait_s + _GRACE_S),
        )

    def _refused(self, now_s: float) -> "Known":
        letters = self.letters + 1
        patient_s = now_s + REFUSED_S if letters >= THRESHOLD else 0.0
        return replace(
            self,
            letters=letters,
            patient_until_s=max(self.patient_until_s, patient_s),
        )

    def _blocked(self, now_s: float) -> "Known":
        gated = self._gated(now_s, EDGE_S)
        most_s = min(EDGE_S * 2.0**self.blocks, MOST_EDGE_S)
        return replace(
            gated,
            blocks=self.blocks + 1,
            patient_until_s=max(self.patient_until_s, now_s + most_s),
        )


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that may be on disk: a killed process may not have got so far.

    A request is wrong if it is wrong whatever was on disk.
    """

    versions: frozenset[Known] = frozenset({Known()})
    before: frozenset[Known] = frozenset({Known()})
    learned_s: float = -math.inf

    def learned(self, answer: Answer, now_s: float, *, plain: bool) -> "Knowledge":
        after = frozenset(
            version.after(answer, now_s, plain=plain) for version in self.versions
        )
        return Knowledge(after, self.versions, now_s)

    def allows(self, now_s: float) -> bool:
        return any(version.shut_until_s() <= now_s for version in self.versions)

    def narrowed(self, now_s: float) -> "Knowledge":
        """Return what is left after a request was rightly made."""
        left = frozenset(one for one in self.versions if one.shut_until_s() <= now_s)
        return replace(self, versions=left or self.versions)

    def doubted(self) -> "Knowledge":
        """Return what is left after a kill that may have come before the last write."""
        return replace(self, versions=self.versions | self.before)

    def revived(self) -> "Knowledge":
        """Return what is left when everything may or may not have been forgotten."""
        return replace(self, versions=self.versions | {Known()})

    def gate_until_s(self) -> float:
        """Return when the last gate is over that anybody may have shut."""
        return max(version.patient_until_s for version in self.versions)

    def any(self, holds: Callable[[Known], bool]) -> bool:
        return any(holds(version) for version in self.versions)


def _asked_to_wait_s(answer: Answer) -> float | None:
    told = json.loads(answer.body).get("retry_after")
    return None if told is None else float(told)
