"""The sources of settings, each as a flat map, so that the later simply win.

A key is a tuple, ``("detector", "threshold")``. A source knows where each of its keys
was written, for the messages.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from liqmon.settings.document import Document, Key
from liqmon.settings.models import (
    NotifyTable,
    OverrideTable,
    RouteTable,
    Settings,
)
from liqmon.settings.places import absolute
from liqmon.settings.problems import Place, Problem, suggestion
from liqmon.settings.typed import typed

__all__ = [
    "HEARTBEAT",
    "NOTIFY",
    "ROUTES",
    "SECRET",
    "SECRET_FILE",
    "Layer",
    "dotted",
    "environment_layer",
    "file_layer",
    "flag_layer",
    "meaning",
    "merged",
    "names_under",
    "nested",
    "place_of",
    "tables_in",
]

SECRET: Final[Key] = ("discord", "webhook_url")
SECRET_FILE: Final[Key] = ("discord", "webhook_url_file")
HEARTBEAT: Final[Key] = ("health", "heartbeat_url")
ROUTES: Final[Key] = ("discord", "routes")
NOTIFY: Final[Key] = ("notify",)

_PATHS: Final = frozenset({SECRET_FILE, ("log", "file"), ("metrics", "textfile")})
_PATHS_IN_LISTS: Final = {ROUTES: SECRET_FILE[-1], NOTIFY: "url_file"}
_PREFIX: Final = "LIQMON_"
_NO_SETTINGS: Final = frozenset(
    {"LIQMON_ARCHIVE", "LIQMON_CONFIG", "LIQMON_DATA", "LIQMON_STATE_DIR"}
)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says. ``source`` is its name in ``liqmon config show``."""

    source: str
    values: Mapping[Key, object]
    places: Mapping[Key, Place]


def file_layer(document: Document, environ: Mapping[str, str]) -> Layer:
    """Return what the file says; its relative paths start where the file is."""
    values = dict(_flat(document.values, ()))
    paths = _with_paths(values, document.path.parent, environ)
    return Layer("file", paths, {(): Place(document.name), **document.places})


def flag_layer(
    flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path
) -> Layer:
    """Return what the command line says; None means that it says nothing."""
    values = {
        tuple(name.split(".")): value
        for name, value in flags.items()
        if value is not None
    }
    if not values.keys().isdisjoint({SECRET, HEARTBEAT}):
        raise ValueError("a secret is never taken from the command line")
    places = dict.fromkeys(values, Place("command line"))
    return Layer("flag", _with_paths(values, cwd, environ), places)


def environment_layer(
    environ: Mapping[str, str], cwd: Path
) -> tuple[Layer, list[Problem], list[str]]:
    """Return what ``LIQMON_SECTION__KEY`` says, with unknown names as problems.

    A name without a section may belong to another program; the third list warns.
    """
    values: dict[Key, object] = {}
    places: dict[Key, Place] = {}
    problems: list[Problem] = []
    warnings: list[str] = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name in _NO_SETTINGS:
            continue
        key = _key_of(name)
        field = _annotation(key)
        if field is not None:
            values[key] = typed(environ[name], field)
            places[key] = Place(name)
        elif "__" in name:
            problems.append(_unknown(name))
        else:
            warnings.append(f"{name} is no setting; {suggestion(name, _variables())}")
    layer = Layer("environment", _with_paths(values, cwd, environ), places)
    return layer, problems, warnings


def merged(layers: Iterable[Layer]) -> tuple[dict[Key, object], dict[Key, Layer]]:
    """Return the winning values, and the layer that each comes from.

    The webhook and the file that holds it are one choice: a later source that makes
    it displaces both.
    """
    values: dict[Key, object] = {}
    origins: dict[Key, Layer] = {}
    for layer in layers:
        if not layer.values.keys().isdisjoint({SECRET, SECRET_FILE}):
            values.pop(SECRET, None)
            values.pop(SECRET_FILE, None)
        values.update(layer.values)
        origins.update(dict.fromkeys(layer.values, layer))
    return values, {key: origins[key] for key in values}


def nested(values: Mapping[Key, object]) -> dict[str, Any]:
    """Return the flat map as tables within tables."""
    root: dict[str, Any] = {}
    # short keys first: a table that the file turned into a value stays that value
    for key in sorted(values, key=len):
        table: Any = root
        for part in key[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[key[-1]] = values[key]
    return root


def names_under(key: Key) -> tuple[str, ...]:
    """Return the names that may stand in the table ``key``; none if any may."""
    model = _model(key)
    return () if model is None else tuple(model.model_fields)


def meaning(key: Iterable[object]) -> str:
    """Return what the setting means and its default, '' if there is no such one."""
    parts = tuple(str(part) for part in key)
    for length in range(len(parts), 1, -1):
        model = _model(parts[: length - 1])
        field = None if model is None else model.model_fields.get(parts[length - 1])
        if field is not None:
            default = field.default
            said = isinstance(default, bool | int | float | str) and default != ""
            usual = f" Default: {json.dumps(default)}." if said else ""
            return f"{field.description}{usual}"
    return ""


def place_of(key: Iterable[object], places: Mapping[Key, Place]) -> Place:
    """Return where the key, or else the nearest table around it, was written."""
    parts = tuple(str(part) for part in key)
    for length in range(len(parts), 0, -1):
        if parts[:length] in places:
            return places[parts[:length]]
    return places.get((), Place("settings"))


def dotted(key: Iterable[object]) -> str:
    """Return the key as it is shown: ``exchange.ids[0]``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def tables_in(
    values: Mapping[Key, object], key: Key
) -> dict[int, Mapping[str, object]]:
    """Return the tables of a list (``ROUTES``, ``NOTIFY``) by their place in it."""
    tables = values.get(key)
    return {
        place: table
        for place, table in enumerate(tables if isinstance(tables, list) else [])
        if isinstance(table, dict)
    }


def _model(key: Key) -> type[BaseModel] | None:
    match key:
        case ():
            return Settings
        case ("overrides", _):
            return OverrideTable
        case ("discord", "routes", _):
            return RouteTable
        case ("notify", _):
            return NotifyTable
        case (table,) if table in Settings.model_fields:
            default = Settings.model_fields[table].default
            return type(default) if isinstance(default, BaseModel) else None
        case _:
            return None


def _annotation(key: Key) -> object:
    model = _model(key[:-1]) if len(key) > 1 else None
    field = None if model is None else model.model_fields.get(key[-1])
    return None if field is None else field.annotation


def _flat(table: Mapping[str, object], prefix: Key) -> Iterable[tuple[Key, object]]:
    for name, value in table.items():
        key = (*prefix, name)
        deeper = len(key) < 2 or (len(key) == 2 and key[0] == "overrides")
        if isinstance(value, dict) and value and deeper:
            yield from _flat(value, key)
        else:
            yield key, value


def _with_paths(
    values: Mapping[Key, object], base: Path, environ: Mapping[str, str]
) -> dict[Key, object]:
    def seen(value: object) -> object:
        if isinstance(value, str | Path):
            return absolute(value, base=base, environ=environ)
        return value

    paths = {key: seen(value) for key, value in values.items() if key in _PATHS}
    for key, name in _PATHS_IN_LISTS.items():
        tables = values.get(key)
        if isinstance(tables, list):
            paths[key] = [_table_seen(table, name, seen) for table in tables]
    return {**values, **paths}


def _table_seen(table: object, name: str, seen: Callable[[object], object]) -> object:
    if isinstance(table, dict) and name in table:
        return table | {name: seen(table[name])}
    return table


def _key_of(variable: str) -> Key:
    section, *rest = variable.removeprefix(_PREFIX).split("__")
    if section == "OVERRIDES" and len(rest) == 2:
        return "overrides", rest[0], rest[1].lower()
    return (section.lower(), *(part.lower() for part in rest))


def _variables() -> list[str]:
    return [
        f"{_PREFIX}{table}__{name}".upper()
        for table in names_under(())
        for name in names_under((table,))
    ]


def _unknown(variable: str) -> Problem:
    key = ".".join(_key_of(variable))
    hint = suggestion(variable, _variables())
    if key.startswith("notify."):
        hint = "receivers are named in the settings file, a table [[notify]] each"
    return Problem(Place(variable), key, "unknown variable", hint)
