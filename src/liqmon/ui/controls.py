"""What the keys of the table may ask for, and what became of it.

The table draws; whoever runs the watch carries out the wishes. Every method returns at
once and is called on the event loop; what came of it appears among ``remarks``.
"""

from dataclasses import dataclass
from typing import Protocol

from liqmon.core.model import Market

__all__ = ["Controls", "Remark"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One line for the user, at wall-clock time ``at_ms``."""

    at_ms: int
    text: str


class Controls(Protocol):
    """The wishes a user can have from inside the table."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What became of the wishes, oldest first; read from the drawing thread."""
        ...

    def quit(self) -> None:
        """End the run."""
        ...

    def reload(self) -> None:
        """Read the settings anew."""
        ...

    def test_webhook(self) -> None:
        """Send a message marked TEST."""
        ...

    def mute(self, market: Market, /) -> None:
        """Hold a market's messages back for a while; a muted one is let speak again."""
        ...

    def acknowledge(self, market: Market, /) -> None:
        """Say that somebody has seen the market's open episode."""
        ...
