"""The two alphabets of the table: the full one, and one for terminals without it.

No emoji: their width is a matter of opinion between terminals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from liqmon.core.events import BreakerState, FeedState
from liqmon.ui.figures import plain

__all__ = ["ASCII", "UNICODE", "Glyphs"]

_FOR_ASCII = str.maketrans(
    {
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{MINUS SIGN}": "-",
        "\N{MIDDLE DOT}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
        "\N{UPWARDS ARROW}": "up",
        "\N{DOWNWARDS ARROW}": "down",
    }
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What each thing is drawn with. ``bar`` and ``spark`` rise from little to much."""

    severe: str
    mild: str
    up: str
    down: str
    rule: str
    between: str
    more: str
    cursor: str
    bar: str
    spark: str
    feed: Mapping[FeedState, str]
    breaker: Mapping[BreakerState, str]
    only_ascii: bool = False

    def text(self, text: str) -> str:
        """Return ``text`` cleaned, and in this alphabet."""
        cleaned = plain(text)
        if not self.only_ascii:
            return cleaned
        spelled = cleaned.translate(_FOR_ASCII)
        return spelled.encode("ascii", "replace").decode()


UNICODE = Glyphs(
    severe="■",
    mild="▲",
    up="▲",
    down="▼",
    rule="─",
    between=" · ",
    more="…",
    cursor="\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    bar=" ▏▎▍▌▋▊▉█",
    spark="▁▂▃▄▅▆▇█",
    feed={
        FeedState.CONNECTING: "◌",
        FeedState.OK: "●",
        FeedState.RETRY: "◐",
        FeedState.HEALING: "◌",
        FeedState.COOLING: "○",
        FeedState.STALE: "◌",
        FeedState.UNAVAILABLE: "○",
        FeedState.BLOCKED: "\N{MULTIPLICATION SIGN}",
        FeedState.REJECTED: "\N{MULTIPLICATION SIGN}",
    },
    breaker={
        BreakerState.CLOSED: "●",
        BreakerState.OPEN: "○",
        BreakerState.HALF_OPEN: "◔",
        BreakerState.DEAD: "\N{MULTIPLICATION SIGN}",
    },
)

ASCII = Glyphs(
    severe="#",
    mild="^",
    up="+",
    down="-",
    rule="-",
    between=", ",
    more="~",
    cursor=">",
    bar=" -=#",
    spark="_.-:=+*#",
    feed={
        FeedState.CONNECTING: "?",
        FeedState.OK: "*",
        FeedState.RETRY: "r",
        FeedState.HEALING: "h",
        FeedState.COOLING: "c",
        FeedState.STALE: "s",
        FeedState.UNAVAILABLE: "d",
        FeedState.BLOCKED: "x",
        FeedState.REJECTED: "x",
    },
    breaker={
        BreakerState.CLOSED: "*",
        BreakerState.OPEN: "o",
        BreakerState.HALF_OPEN: "h",
        BreakerState.DEAD: "x",
    },
    only_ascii=True,
)
