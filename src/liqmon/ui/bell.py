"""When to ring, and what the pane is called: how a terminal in the back is heard of.

From the alternate screen the bell sets tmux's ``window_bell_flag``, and the title
becomes its ``pane_title`` (tmux 3.3a).
"""

from typing import Final

from liqmon.core.board import BoardSnapshot
from liqmon.core.events import Event, FindingRaised
from liqmon.core.model import Phase, Severity
from liqmon.ui.figures import counted
from liqmon.ui.look import alarm, muted_for_s

__all__ = ["rings", "title"]

_LOUD: Final = frozenset({Phase.ONSET, Phase.ESCALATION})


def rings(seen: BoardSnapshot, board: BoardSnapshot, now_mono: float) -> bool:
    """Tell whether between the two something happened that wants to be heard."""
    if board.events is seen.events:
        return False
    known = set(map(id, seen.events))
    fresh = (event for event in board.events if id(event) not in known)
    return any(_is_loud(event, board, now_mono) for event in fresh)


def _is_loud(event: Event, board: BoardSnapshot, now_mono: float) -> bool:
    if not isinstance(event, FindingRaised) or event.finding.phase not in _LOUD:
        return False
    row = board.rows.get(event.finding.market.key)
    if row is None:
        return False
    if event.finding.severity is Severity.CRITICAL:
        # whoever muted a fall did not mean what it has become
        return True
    is_known = event.finding.episode in board.acknowledged
    return not is_known and not muted_for_s(row, board, now_mono)


def title(board: BoardSnapshot, now_mono: float) -> str:
    """Return what the terminal's title says: how much wants somebody's eyes."""
    alarms = sum(
        alarm(row, board) is not None and not muted_for_s(row, board, now_mono)
        for row in board.rows.values()
    )
    return f"liqmon ! {counted(alarms, 'alert')}" if alarms else "liqmon"
