"""What is wrong with a configuration: where, what, and what to do about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from liqmon.errors import ConfigError
from liqmon.webhook import scrubbed

__all__ = [
    "Place",
    "Problem",
    "briefly",
    "config_error",
    "masked",
    "printable",
    "suggestion",
]

_LONGEST_QUOTE: Final = 100
_LONGEST_LIST: Final = 8
"""More candidates than this are unreadable; then the three nearest are named."""

_ARROW: Final = "  --> "

_SECRET_LINE: Final = re.compile(
    r"((?:[\"']?[\w.\"'-]*(?:hook|heartbeat_url)[\w\"'-]*|(?<![\w-])[\"']?url[\"']?)"
    r"\s*=\s*)\S.*"
)
_URL: Final = re.compile(r"\b([a-z][a-z0-9+.-]*)://([^\s\"']+)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[^/?#]*@)?([\w.:\[\]-]*)(.*)")

_SECRET_WORD: Final = re.compile(r"[\w-]{40,}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file's line, a variable, the command line."""

    name: str
    line: int | None = None
    quote: str = ""

    def __str__(self) -> str:
        return self.name if self.line is None else f"{self.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake."""

    place: Place
    key: str
    reason: str
    hint: str = ""

    def lines(self) -> list[str]:
        """Return ``file:line key: reason``, the line itself, and the hint."""
        # the key too: somebody will paste the URL without one
        subject = f"{self.place} {_blotted(self.key)}".rstrip()
        lines = [f"{_ARROW}{subject}: {printable(self.reason)}"]
        if self.place.quote:
            lines.append(f"{self.place.line:>6} | {masked(self.place.quote)}")
        if self.hint:
            lines.append(f"       hint: {self.hint}")
        return lines


def config_error(problems: Sequence[Problem]) -> ConfigError:
    """Return one error that names every problem, in the order of the file."""
    names = {problem.place.name for problem in problems}
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    title = f"{names.pop()}: {count}" if len(names) == 1 else f"settings: {count}"
    return ConfigError("\n".join([title, *_in_order(problems)]))


def briefly(error: ConfigError) -> str:
    """Return the first problem for one line of a table, and how many there are."""
    title, *lines = str(error).splitlines()
    problems = [line for line in lines if line.startswith(_ARROW)]
    if not problems:
        return title
    # without the folders: what is wrong must be seen in a narrow terminal, too
    first = re.sub(r"^\S*/", "", problems[0].removeprefix(_ARROW))
    return first if len(problems) == 1 else f"{first} (1 of {len(problems)} problems)"


def masked(line: str) -> str:
    """Return a line of the file without anything that may be a webhook's token."""
    line = _blotted(_SECRET_LINE.sub(r"\1***", line.strip()))
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]} ..."


def printable(text: str) -> str:
    """Return the text with control characters escaped: they could move the cursor."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def suggestion(name: str, candidates: Sequence[str]) -> str:
    """Return a hint that names what was probably meant."""
    near = get_close_matches(name, candidates, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    if len(candidates) > _LONGEST_LIST:
        candidates = get_close_matches(name, candidates, n=3, cutoff=0)
        return f"the nearest are {_listed(candidates)}"
    return f"known here: {_listed(candidates)}"


def _blotted(text: str) -> str:
    return printable(_SECRET_WORD.sub("***", _URL.sub(_address, scrubbed(text))))


def _address(url: re.Match[str]) -> str:
    """Return what can be shown: of the web its host, of an apprise URL nothing."""
    scheme, rest = url.groups()
    found = _HOST.fullmatch(rest)
    if found is None or scheme.lower() not in ("http", "https"):
        return f"{scheme}://***"
    host, tail = found.groups()
    return f"{scheme}://{host}" + ("/***" if tail.strip("/") else tail)


def _in_order(problems: Iterable[Problem]) -> Iterable[str]:
    def order(problem: Problem) -> tuple[bool, int, str]:
        place = problem.place
        return place.line is None, place.line or 0, place.name

    for problem in sorted(problems, key=order):
        yield from problem.lines()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
