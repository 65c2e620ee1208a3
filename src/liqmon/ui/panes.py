"""What stands below the rows, or in their place: events, the log, the help."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from liqmon.core.events import BreakerChanged, Event, FindingRaised, GaveUp
from liqmon.ui.cells import SEVERITY_STYLE, fitted
from liqmon.ui.controls import Remark
from liqmon.ui.figures import time_of_day
from liqmon.ui.glyphs import Glyphs
from liqmon.ui.lines import brief
from liqmon.ui.pressing import KEYS

__all__ = ["LogLine", "event_lines", "help_lines", "log_lines", "ruled"]

LogLine = tuple[str, str]
"""A level, lower case, and what was logged."""

_LEVEL_STYLE: Final = {"warning": "yellow", "error": "red", "critical": "red"}

_HELP_COLUMN: Final = 64
"""A key, and what it does; two such columns where there is room."""


def ruled(title: str, width: int, glyphs: Glyphs) -> Text:
    """Return a rule that carries a title."""
    line = Text.assemble(
        (glyphs.rule * 2, "bright_black"), (f" {glyphs.text(title)} ", "bold")
    )
    line.append(glyphs.rule * max(width - cell_len(line.plain), 0), "bright_black")
    return fitted(line, width, glyphs)


def event_lines(
    events: Sequence[Event],
    room: int,
    width: int,
    glyphs: Glyphs,
    remarks: Sequence[Remark] = (),
) -> list[Text]:
    """Return the last ``room`` events and remarks, newest first."""
    told = [(event.at_ms, brief(event), _event_style(event)) for event in events]
    told += [
        (remark.at_ms, f"{time_of_day(remark.at_ms)}  {remark.text}", "cyan")
        for remark in remarks
    ]
    told.sort(key=lambda each: each[0])
    newest = reversed(told[-room:] if room > 0 else ())
    return [
        fitted(Text(f" {glyphs.text(words)}", style=style), width, glyphs)
        for _, words, style in newest
    ]


def _event_style(event: Event) -> str:
    match event:
        case FindingRaised(finding=finding):
            return SEVERITY_STYLE[finding.severity]
        case BreakerChanged() | GaveUp():
            return "yellow"
        case _:
            return "default"


def log_lines(
    log: Sequence[LogLine], room: int, width: int, glyphs: Glyphs
) -> Iterator[Text]:
    """Yield the last lines of the log, newest at the bottom as in a file."""
    yield ruled("log", width, glyphs)
    if not log:
        yield fitted(Text(" nothing yet", style="bright_black"), width, glyphs)
    for level, words in log[-max(room - 1, 1) :]:
        style = _LEVEL_STYLE.get(level, "")
        yield fitted(Text(f" {glyphs.text(words)}", style=style), width, glyphs)


def help_lines(room: int, width: int, glyphs: Glyphs) -> list[Text]:
    """Return all keys, in two columns where one is too long."""
    lines = [_key_line(keys, does) for keys, does in KEYS]
    if len(lines) > room - 1 and width >= 2 * _HELP_COLUMN:
        half = -(-len(lines) // 2)
        left = [fitted(line, _HELP_COLUMN, glyphs) for line in lines[:half]]
        right = [*lines[half:], Text("")][:half]
        lines = [Text.assemble(*pair) for pair in zip(left, right, strict=True)]
    return [
        ruled("keys", width, glyphs),
        *(fitted(line, width, glyphs) for line in lines[: max(room - 1, 0)]),
    ]


def _key_line(keys: str, does: str) -> Text:
    return Text.assemble(" ", (f"{keys:<16}", "bold"), does)
