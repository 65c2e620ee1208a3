"""What the two venues have in common: a question, an answer, a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from liqmon.sim.markets import Markets

__all__ = ["Answer", "Ask", "Limit", "Refusal", "Spoil", "decimal", "next_funding_ms"]

Spoil: TypeAlias = Callable[[list[list[Any]]], list[list[Any]]]
"""Takes the rows of a kline answer, oldest first, as they go on the wire."""

_FUNDING_MS: Final = 8 * 3_600_000


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rows may be asked for at most, and how many come unasked."""

    most: int
    default: int
    source: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. ``bars_ms`` is what time the candles stand at.

    It is ``now_ms`` unless the venue's candles are frozen. ``spoil`` is what becomes
    of the candles on their way.
    """

    markets: Markets
    query: Mapping[str, str]
    now_ms: int
    bars_ms: int
    spoil: Spoil


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON, status, headers."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A question that the venue does not answer: its own code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def decimal(value: float, decimals: int) -> str:
    """Return a number as the venues write it: a string, never with an exponent."""
    return f"{value:.{decimals}f}"


def next_funding_ms(now_ms: int) -> int:
    """Return when funding is paid next: every eight hours."""
    return (now_ms // _FUNDING_MS + 1) * _FUNDING_MS
