"""Writes one market's threshold into a settings file, and leaves the rest as it is.

The text is edited, not written anew, so that comments and order survive. The edited
text is parsed before it replaces the file: if it does not say exactly what it should,
the file stays as it was.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from liqmon.errors import ConfigError
from liqmon.settings.document import Document, read_document
from liqmon.settings.models import symbol_key

__all__ = ["write_threshold"]

_VALUE: Final = re.compile(r"(=\s*)([^\s#]+)")
_TABLE: Final = re.compile(r"\s*\[")


def write_threshold(path: Path, symbol: str, threshold: float) -> None:
    """Set ``[overrides.SYMBOL] threshold`` in the file.

    Raises:
        ConfigError: the file cannot be read, edited or written; it is as it was.
    """
    path = path.resolve()
    document = read_document(path, name=path.name)
    raw = path.read_bytes().decode("utf-8")
    name = _name(document.values, symbol)
    edited = _edited(raw, document, name, threshold)
    if _parsed(edited) != _wanted(document.values, name, threshold):
        raise ConfigError(
            f"{path.name}: its [overrides] cannot be edited safely, and were not",
            hint=f"write it yourself: [overrides.{name}] threshold = {threshold:g}",
        )
    _replace(path, edited, document.mode)


def _name(values: Mapping[str, Any], symbol: str) -> str:
    """Return the name that the file has for the market, else the one given."""
    held = values.get("overrides", {})
    names = held if isinstance(held, dict) else {}
    key = symbol_key(symbol)
    return next((name for name in names if symbol_key(name) == key), symbol)


def _edited(raw: str, document: Document, name: str, threshold: float) -> str:
    newline = "\r\n" if "\r\n" in raw else "\n"
    # as the document counts them, each with its own end
    lines = raw.splitlines(keepends=True)
    entry = _line(document, "overrides", name, "threshold")
    table = _line(document, "overrides", name)
    written = f"threshold = {threshold:g}{newline}"
    if entry is not None:
        lines[entry] = _VALUE.sub(rf"\g<1>{threshold:g}", lines[entry], count=1)
    elif table is not None and _TABLE.match(lines[table]):
        lines.insert(table + 1, written)
    else:
        quoted = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
        if lines and not lines[-1].endswith(newline):
            lines[-1] += newline
        gap = [newline] if lines and lines[-1].strip() else []
        lines += [*gap, f"[overrides.{quoted}]{newline}", written]
    return "".join(lines)


def _line(document: Document, *key: str) -> int | None:
    """Return the number of the line in which a key is first named, from 0 on."""
    place = document.places.get(key)
    return None if place is None or place.line is None else place.line - 1


def _wanted(values: Mapping[str, Any], name: str, threshold: float) -> object:
    held = values.get("overrides", {})
    held = held if isinstance(held, dict) else {}
    table = held.get(name, {})
    table = table if isinstance(table, dict) else {}
    return {
        **values,
        "overrides": {**held, name: {**table, "threshold": threshold}},
    }


def _parsed(text: str) -> object:
    try:
        return tomllib.loads(text.removeprefix("\N{BYTE ORDER MARK}"))
    except tomllib.TOMLDecodeError:
        return None


def _replace(path: Path, text: str, mode: int) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".liqmon-") as place:
            part = Path(place, path.name)
            with part.open("wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            # it may hold the webhook: never more open than it was
            part.chmod(mode & 0o777)
            part.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path.name} cannot be written: {error.strerror or error}",
            hint="check the permissions of the file and its directory",
        ) from error
