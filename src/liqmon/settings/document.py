"""One TOML file: read, parsed, and able to say on which line a key stands."""

import errno
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import fstat
from pathlib import Path
from typing import Any, Final

from liqmon.errors import ConfigError
from liqmon.settings.problems import Place, Problem, config_error

__all__ = ["Document", "Key", "read_document", "read_private"]

Key = tuple[str, ...]

_LARGEST: Final = 1 << 20

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED: Final = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_TABLE: Final = re.compile(rf"\s*\[\[?\s*{_DOTTED}\s*\]\]?")
_ENTRY: Final = re.compile(rf"\s*{_DOTTED}\s*=")
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


_HINTS: Final[Mapping[int | None, str]] = {
    errno.EACCES: "it must be readable for the user that liqmon runs as",
    errno.EISDIR: "name the file, not the directory it is in",
}
_TWICE: Final = re.compile(r"Cannot declare \((.+?),?\) twice")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. ``name`` is how it is shown, ``mode`` its permission bits."""

    path: Path
    name: str
    mode: int
    values: Mapping[str, Any]
    places: Mapping[Key, Place]


def read_document(path: Path, *, name: str) -> Document:
    """Read and parse the file; a byte order mark and CRLF do no harm.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, or is not TOML.
    """
    content, mode = read_private(path, name=name)
    text = _decoded(content, name)
    values = _parsed(text, name)
    lines = text.splitlines()
    return Document(path, name, mode, values, dict(_places(lines, name)))


def read_private(path: Path, *, name: str) -> tuple[bytes, int]:
    """Return a small file's bytes, and the mode of that very file.

    Raises:
        ConfigError: it cannot be read or is no settings file by its size.
    """
    try:
        with path.open("rb") as file:
            mode = fstat(file.fileno()).st_mode
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path
        fault = getattr(error, "strerror", None) or "not a path"
        hint = _HINTS.get(getattr(error, "errno", None), "check the path")
    else:
        if len(content) <= _LARGEST:
            return content, mode
        fault, hint = "larger than 1 MiB", "is it the file that was meant?"
    raise ConfigError(f"{name} cannot be read: {fault}", hint=hint)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # outside the block: the error above holds the whole file
    problem = Problem(Place(name, line), "", "not UTF-8", "save the file as UTF-8")
    raise config_error([problem])


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        fault = "nested too deeply"
    except ValueError as error:
        # a TOMLDecodeError, or a number of more digits than int() takes
        fault = str(error)
    raise config_error([_syntax_problem(fault, text, name)])


def _syntax_problem(fault: str, text: str, name: str) -> Problem:
    lines = text.splitlines() or [""]
    at = _AT.search(fault)
    line = int(at[1]) if at and at[1] else len(lines)
    column = f", column {at[2]}" if at and at[2] else ""
    quote = lines[line - 1] if line <= len(lines) else ""
    place = Place(name, line, quote)
    if twice := _TWICE.search(fault):
        table = twice[1].replace("'", "").replace(", ", ".")
        reason = f"the table [{table}] begins a second time"
        return Problem(place, "", reason, "put what it says where it begins first")
    reason = _AT.sub("", fault)
    return Problem(
        place,
        "",
        f"not TOML: {reason[:1].lower()}{reason[1:]} (line {line}{column})",
        "check quotes and brackets near that line",
    )


def _places(lines: list[str], name: str) -> Iterator[tuple[Key, Place]]:
    """Yield each key and table with its first line, as far as a glance can tell.

    The tables of a list are numbered: ``("discord", "routes", "0", "name")``.
    """
    seen: set[Key] = set()
    begun: Counter[Key] = Counter()
    table: Key = ()
    for number, line in enumerate(lines, start=1):
        if header := _TABLE.match(line):
            table = key = _parts(header[1])
            if line.lstrip().startswith("[["):
                table = key = (*table, str(begun[table]))
                begun[key[:-1]] += 1
        elif entry := _ENTRY.match(line):
            key = table + _parts(entry[1])
        else:
            continue
        for length in range(1, len(key) + 1):
            if key[:length] not in seen:
                seen.add(key[:length])
                yield key[:length], Place(name, number, line)


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
