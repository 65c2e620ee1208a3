"""The markets of one cycle: each is read first, then all are judged.

How broad a move is takes the others' readings of the same bar. So a market that has
been read waits for the others, but not for long: who is slow or failed is represented
by its last reading if that is under a minute old, and is left out otherwise.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from liqmon.core.breadth import Crowd, Voice

__all__ = ["Company", "Heard"]

_PATIENCE_S = 0.5
"""How long a market that has been read waits for the others of its cycle."""

_FRESH_MS = 60_000
"""How old a reading may be, in exchange time, to stand in for the one that is missing.

The bar that was forming then has an end like any other, so its reading is found where
the closed one is looked for.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a market said last, up to its forming bar, and when it was read."""

    voice: Voice
    read_ms: int


class Company:
    """One cycle's markets, by key; ``heard`` is kept from cycle to cycle."""

    def __init__(
        self, expected: Iterable[str], heard: dict[str, Heard], *, now_ms: int
    ) -> None:
        self._waited_for = set(expected)
        self._heard = heard
        self._now_ms = now_ms
        self._all_here = asyncio.Event()
        self._crowd: Crowd | None = None

    def speak(self, key: str, voice: Voice) -> None:
        """Take in what a market was read to be."""
        self._heard[key] = Heard(voice, self._now_ms)
        self.leave(key)

    def leave(self, key: str) -> None:
        """Wait no longer for this market: it has spoken, or will not."""
        self._waited_for.discard(key)
        if not self._waited_for:
            self._all_here.set()

    async def crowd(self) -> Crowd:
        """Return what all say, once they are here or patience is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._all_here.wait()
        if self._crowd is None:
            self._crowd = Crowd.of(
                heard.voice
                for heard in self._heard.values()
                if self._now_ms - heard.read_ms < _FRESH_MS
            )
        return self._crowd
