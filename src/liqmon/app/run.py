"""What one run was asked for, and the board before anything is known.

Apart from the parts, so that a first frame can be drawn before ccxt is imported.
"""

from dataclasses import dataclass
from pathlib import Path

import liqmon
from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot, Receiver
from liqmon.settings.models import Settings

__all__ = ["Run", "empty_board"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run was asked for. Without ``state_dir`` nothing is kept on disk.

    ``allow_volatile``: run from memory if ``state_dir`` cannot be used. ``cache_dir``
    is where the lists of markets are kept, None for nowhere.
    """

    settings: Settings
    symbols: tuple[str, ...]
    state_dir: Path | None
    dry_run: bool = False
    allow_volatile: bool = False
    cache_dir: Path | None = None


def empty_board(run: Run, clock: Clock) -> BoardSnapshot:
    """Return the board before anything is known: the first frame."""
    settings = run.settings
    return BoardSnapshot(
        version=liqmon.__version__,
        timeframe=settings.watch.timeframe,
        started_mono=clock.monotonic(),
        receiver=Receiver(
            configured=settings.has_receiver,
            dry_run=run.dry_run,
        ),
    )
