"""Discord's Markdown, as far as liqmon writes it, to lines of coloured runs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

__all__ = ["BLUE", "FAINT", "WHITE", "WORDS", "Run", "lines", "width"]

WORDS: Final = "#dbdee1"
WHITE: Final = "#f2f3f5"
FAINT: Final = "#949ba4"
BLUE: Final = "#00a8fc"

_TOKEN: Final = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|\[(?P<link>[^\]]+)\]\([^)]+\)|`(?P<code>[^`]+)`"
    r"|<t:(?P<at>\d+):(?P<style>[tTRF])>|\\(?P<escaped>.)|(?P<plain>[^*\[`<\\]+|.)"
)
_WIDTHS: Final = (
    (re.compile(r"[ijl.,:;'|!()\[\]]"), 0.28),
    (re.compile(r"[ frt\-/]"), 0.33),
    (re.compile(r"[mwMW%→]"), 0.87),
    (re.compile(r"[A-Z$+\u2212]"), 0.67),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one look."""

    words: str
    color: str = WORDS
    bold: bool = False


def lines(text: str, *, now_s: int, size: float, room: float) -> list[list[Run]]:
    """Return the text in lines of at most ``room`` pixels."""
    return [
        line
        for paragraph in text.split("\n")
        for line in _wrapped(_runs(paragraph, now_s), size, room)
    ]


def width(words: str, size: float) -> float:
    """Return about how wide a sans-serif font sets the words."""
    return size * sum(_of_sign(sign) for sign in words)


def _of_sign(sign: str) -> float:
    if sign > "\uffff":
        return 1.3
    return next((share for kind, share in _WIDTHS if kind.match(sign)), 0.56)


def _runs(text: str, now_s: int) -> Iterator[Run]:
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "bold":
                yield Run(token["bold"], WHITE, bold=True)
            case "link":
                yield Run(token["link"], BLUE)
            case "style":
                yield Run(_moment(int(token["at"]), token["style"], now_s))
            case kind:
                yield Run(token[kind or 0])


def _moment(at_s: int, style: str, now_s: int) -> str:
    if style == "R":
        minutes = max(now_s - at_s, 0) // 60
        return f"{minutes} minute{'s' * (minutes != 1)} ago"
    at = datetime.fromtimestamp(at_s, tz=UTC)
    return f"{at:%H:%M:%S}" if style == "T" else f"{at:%H:%M}"


def _wrapped(runs: Iterable[Run], size: float, room: float) -> list[list[Run]]:
    found: list[list[Run]] = [[]]
    used = 0.0
    for run in runs:
        for word in re.findall(r"\s+|\S+", run.words):
            wide = width(word, size) * (1.06 if run.bold else 1.0)
            if used + wide > room and word.strip():
                found.append([])
                used = 0.0
            if used or word.strip():
                found[-1].append(replace(run, words=word))
                used += wide
    return found
