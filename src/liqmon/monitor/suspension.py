"""Was the host asleep, was its clock set, did nothing run for a while?

Told from three clocks: one that stands still while the host sleeps (``monotonic``), one
that does not, and the wall clock, which somebody may set. None of it is a price move:
what was missed are candles that are missing, until they are fetched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from liqmon.clock import Clock
from liqmon.discord.figures import span

__all__ = ["Gap", "GapKind", "Timekeeper"]

_LEAST_SLEEP_S: Final = 30.0
"""Less is a correction of the clock, or not worth a word."""

_LEAST_STALL_S: Final = 10.0
"""A busy machine is late by a second or two."""


class GapKind(StrEnum):
    """What became of the time."""

    SLEPT = "slept"
    JUMPED = "jumped"
    STALLED = "stalled"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that did not pass as usual; negative where a clock was set back."""

    kind: GapKind
    seconds: float

    def __str__(self) -> str:
        match self.kind:
            case GapKind.SLEPT:
                return f"the host slept for {span(self.seconds)}"
            case GapKind.JUMPED:
                return f"the host's clock jumped by {self.seconds:+.0f} s"
            case GapKind.STALLED:
                return f"nothing ran for {span(self.seconds)}"
            case _:
                lasted = span(self.seconds)
                return f"the host slept for {lasted}, or its clock was set ahead"


def _unknown() -> None:
    return None


class Timekeeper:
    """Compares the clocks between two looks.

    ``boot`` tells seconds that go on while the host sleeps, None where nobody knows.
    """

    def __init__(
        self, clock: Clock, *, boot: Callable[[], float | None] = _unknown
    ) -> None:
        self._clock = clock
        self._boot = boot
        self._wall_s = self._mono_s = 0.0
        self._boot_s: float | None = None
        self._read()

    async def nap(self, seconds: float) -> Gap | None:
        """Sleep, and return what else happened since the last nap was over."""
        nap_began_s = self._clock.monotonic()
        await self._clock.sleep(seconds)
        wall_s, mono_s, boot_s = self._wall_s, self._mono_s, self._boot_s
        self._read()
        stalled_s = self._mono_s - nap_began_s - seconds
        passed_s = self._mono_s - mono_s
        set_s = self._wall_s - wall_s - passed_s
        slept_s = 0.0
        if boot_s is not None and self._boot_s is not None:
            slept_s = self._boot_s - boot_s - passed_s
            set_s -= slept_s
        return _gap(slept_s, set_s, stalled_s, can_tell=self._boot_s is not None)

    def _read(self) -> None:
        self._wall_s = self._clock.now_ms() / 1000
        self._mono_s = self._clock.monotonic()
        self._boot_s = self._boot()


def _gap(
    slept_s: float, set_s: float, stalled_s: float, *, can_tell: bool
) -> Gap | None:
    """Return the one to tell: what explains the others comes first."""
    if slept_s >= _LEAST_SLEEP_S:
        return Gap(GapKind.SLEPT, slept_s)
    if abs(set_s) >= _LEAST_SLEEP_S:
        is_sure = can_tell or set_s < 0
        return Gap(GapKind.JUMPED if is_sure else GapKind.UNSURE, set_s)
    if stalled_s >= _LEAST_STALL_S:
        return Gap(GapKind.STALLED, stalled_s)
    return None
