"""When a process dies: at a time, or at an await near something that matters."""

from collections.abc import Callable
from random import Random

_MEAN_LIFE_S = 3_600.0
_AT_REQUESTS = 0.06
_DISK_AT_REQUESTS = 0.01
_AT_COMMITS = 0.06
_PEACEFUL = 0.25
_LONG_STOPS = 0.1


class Crashes:
    """Draws every death of a run; after ``spare`` nobody dies any more."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._countdown: int | None = None
        self._kill: Callable[[], None] = lambda: None
        self._is_over = False
        self.kills = 0

    def begin(self, kill: Callable[[], None]) -> None:
        """Take aim at the next process."""
        self._countdown, self._kill = None, kill

    def rest(self) -> None:
        """Aim at nobody until another process begins."""
        self._countdown = None

    def spare(self) -> None:
        """Kill nobody from here on."""
        self._is_over = True

    def near_request(self) -> bool:
        """Perhaps let the process die within the next few awaits.

        Returns whether its disk is to fail instead.
        """
        self._arm(_AT_REQUESTS, most=14)
        return self._rng.random() < _DISK_AT_REQUESTS and not self._is_over

    def near_commit(self) -> None:
        """Perhaps let the process die around the commit that comes."""
        self._arm(_AT_COMMITS, most=6)

    def point(self) -> None:
        """Count a place where a process can be killed, and kill it if its time came."""
        if self._countdown is None:
            return
        self._countdown -= 1
        if self._countdown <= 0:
            self.kill()

    def kill(self) -> None:
        """Kill the process that runs."""
        self._countdown = None
        if not self._is_over:
            self.kills += 1
            self._kill()

    def life_s(self) -> float:
        """Return after how long a process ends that nothing else ended."""
        return self._rng.expovariate(1 / _MEAN_LIFE_S)

    def is_peaceful(self) -> bool:
        """Return whether it is asked to stop, and not killed."""
        return self._rng.random() < _PEACEFUL

    def pause_s(self) -> float:
        """Return how long it takes until the next process runs."""
        is_long = self._rng.random() < _LONG_STOPS
        return self._rng.uniform(60, 7_200) if is_long else self._rng.uniform(0.5, 8)

    def _arm(self, share: float, *, most: int) -> None:
        draw, steps = self._rng.random(), self._rng.randint(1, most)
        if self._countdown is None and draw < share and not self._is_over:
            self._countdown = steps
