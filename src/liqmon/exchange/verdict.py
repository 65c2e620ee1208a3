"""The five things a failed call can ask for."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Action", "Verdict"]


class Action(StrEnum):
    """What to do about a failed call."""

    HEAL = "heal"
    RETRY = "retry"
    COOL_DOWN = "cool down"
    BLOCKED = "blocked"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is for the user; ``hint_s`` how long the server asks us to wait.

    ``whole_exchange``: no other market would have fared better.
    """

    action: Action
    reason: str
    whole_exchange: bool = True
    hint_s: float | None = None
