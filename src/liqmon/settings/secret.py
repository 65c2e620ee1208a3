"""The webhooks among the settings: which source names them, who else can read them."""

import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from liqmon.errors import ConfigError
from liqmon.settings.document import Document, Key, read_private
from liqmon.settings.layers import (
    HEARTBEAT,
    ROUTES,
    SECRET,
    SECRET_FILE,
    Layer,
    dotted,
    place_of,
    routes_in,
)
from liqmon.settings.problems import Place, Problem
from liqmon.webhook import WebhookUrl

__all__ = ["Secret", "exposed", "read_route_secrets", "read_secret", "torn"]

_CREDENTIAL: Final = "webhook"
"""The name in systemd's ``LoadCredential=webhook:/etc/liqmon/webhook``."""


_Path: TypeAlias = tuple[str | int, ...]
"""The key of a value, which may stand in a list."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook that stood in a file of its own, or why it could not be read."""

    webhook: WebhookUrl | None = None
    source: str = ""
    problems: tuple[Problem, ...] = ()


def exposed(document: Document, layer: Layer) -> list[Problem]:
    """Return the problem of a settings file with secrets that others may read."""
    named: list[_Path] = [
        (*key, SECRET[-1])
        for key, names in _receivers(layer.values)
        if SECRET[-1] in names
    ]
    what = "the webhook" if named else "the heartbeat's address"
    named += [HEARTBEAT] if HEARTBEAT in layer.values else []
    fault = _exposure(document.path, document.mode, what)
    if fault is None or not named:
        return []
    return [Problem(place_of(named[0], layer.places), dotted(named[0]), *fault)]


def torn(layers: Iterable[Layer]) -> list[Problem]:
    """Return a problem for each table that names its webhook in both ways."""
    return [
        Problem(
            place_of((*key, SECRET_FILE[-1]), layer.places),
            dotted((*key, SECRET_FILE[-1])),
            "stands beside webhook_url",
            "keep one of the two",
        )
        for layer in layers
        for key, names in _receivers(layer.values)
        if {SECRET[-1], SECRET_FILE[-1]} <= names
    ]


def _receivers(values: Mapping[Key, object]) -> Iterator[tuple[_Path, set[str]]]:
    """Yield ``[discord]`` and every route with the names that stand in it."""
    yield SECRET[:-1], {key[-1] for key in values if key[:-1] == SECRET[:-1]}
    for place, route in routes_in(values).items():
        yield (*ROUTES, place), set(route)


def read_route_secrets(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> dict[int, Secret]:
    """Read the webhook of each route that has a file for it, by the route's place."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return {
        place: _named_secret(path, (*ROUTES, place, SECRET_FILE[-1]), places, folder)
        for place, route in routes_in(values).items()
        if isinstance(path := route.get(SECRET_FILE[-1]), Path)
    }


def read_secret(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> Secret:
    """Read the webhook from ``webhook_url_file``, else from systemd's credentials."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    named = values.get(SECRET_FILE)
    if isinstance(named, Path):
        return _named_secret(named, SECRET_FILE, places, folder)
    credential = Path(folder, _CREDENTIAL) if folder else None
    if credential is None or SECRET in values or not credential.is_file():
        return Secret()
    place = Place("$CREDENTIALS_DIRECTORY")
    return _secret(credential, SECRET, place, source="credential", guarded=True)


def _named_secret(
    path: Path, key: _Path, places: Mapping[Key, Place], folder: str | None
) -> Secret:
    # systemd guards its own directory; the mode in there shows an access list
    guarded = folder is not None and path.is_relative_to(folder)
    place = place_of(key, places)
    return _secret(path, key, place, source=SECRET_FILE[-1], guarded=guarded)


def _secret(
    path: Path, key: _Path, place: Place, *, source: str, guarded: bool
) -> Secret:
    try:
        return Secret(_read_webhook(path, guarded=guarded), source)
    except ConfigError as error:
        problem = Problem(place, dotted(key), str(error), error.hint)
    return Secret(problems=(problem,))


def _read_webhook(path: Path, *, guarded: bool) -> WebhookUrl:
    # the path is not quoted: somebody will put the URL itself in its place
    content, mode = read_private(path, name="the file")
    fault = None if guarded else _exposure(path, mode)
    if fault is not None:
        raise ConfigError(fault[0], hint=fault[1])
    return WebhookUrl(content.decode("utf-8-sig", errors="replace").strip())


def _exposure(
    path: Path, mode: int, what: str = "the webhook"
) -> tuple[str, str] | None:
    """Return why and how to close a file that others may read, else None."""
    others = mode & (stat.S_IRWXG | stat.S_IRWXO)
    if not stat.S_ISREG(mode) or not others:
        return None
    return (
        f"holds {what} and is open to others (mode {stat.S_IMODE(mode):04o})",
        f"chmod 600 {shlex.quote(str(path))}",
    )
