"""Text that goes out: cleaned, escaped and cut so that it reads as it was meant.

Discord's lengths are counted in UTF-16 code units: its own way is disputed, and these
are never fewer than code points. The order matters: clean, escape, then cut, so that a
cut never leaves half an escape behind.
"""

import re
import unicodedata
from typing import Final

from liqmon.webhook import scrubbed

__all__ = ["ELLIPSIS", "clean", "cut", "external", "units"]

ELLIPSIS: Final = "…"

# Controls but tab and newline, zero-width and bidi marks, the byte order mark, and lone
# surrogates, which json.loads can make and UTF-8 cannot write.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff]"
)

# Whatever Discord's Markdown, mentions and links begin with.
_SPECIAL: Final = re.compile(r"([\\`*_~|>#\[\]()<:@])")

# A sign that belongs to the one before it, beyond what `combining` knows: variation
# selectors, skin tones, the keycap, flags and tags.
_ATTACHED: Final = re.compile(
    "[\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)


def units(text: str) -> int:
    """Return the length in UTF-16 code units."""
    # surrogatepass: this is also asked before lone surrogates are cleaned away
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Return the text without what is invisible, harmful or secret."""
    return scrubbed(_UNWANTED.sub("", text))


def external(text: str, most: int) -> str:
    """Return foreign text as one line that means only itself, in ``most`` units."""
    line = " ".join(clean(text).split())
    return cut(_SPECIAL.sub(r"\\\1", line), most)


def cut(text: str, most: int) -> str:
    """Return the text in at most ``most`` units, with an ellipsis if it was longer.

    The cut falls neither inside a combining sequence nor inside an escape.
    """
    if units(text) <= most:
        return text
    end = _last_fitting(text, max(most - 1, 0))
    while end > 0 and (_is_attached(text[end]) or _splits_escape(text, end)):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS if most > 0 else ""


def _last_fitting(text: str, most: int) -> int:
    """Return how many code points fit."""
    end = min(len(text), most)
    while (over := units(text[:end]) - most) > 0:
        end -= (over + 1) // 2  # no code point has more than two units
    return end


def _is_attached(char: str) -> bool:
    return unicodedata.combining(char) > 0 or bool(_ATTACHED.match(char))


def _splits_escape(text: str, end: int) -> bool:
    head = text[:end]
    return (len(head) - len(head.rstrip("\\"))) % 2 == 1
