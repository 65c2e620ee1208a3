"""The secrets among the settings: which source names them, who else can read them."""

import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

from liqmon.errors import ConfigError
from liqmon.settings.document import Document, Key, read_private
from liqmon.settings.layers import (
    HEARTBEAT,
    NOTIFY,
    ROUTES,
    SECRET,
    SECRET_FILE,
    Layer,
    dotted,
    place_of,
    tables_in,
)
from liqmon.settings.problems import Place, Problem
from liqmon.settings.receivers import ReceiverUrl
from liqmon.webhook import WebhookUrl

__all__ = [
    "Secret",
    "exposed",
    "read_receiver_secrets",
    "read_route_secrets",
    "read_secret",
    "torn",
]

_CREDENTIAL: Final = "webhook"
"""The name in systemd's ``LoadCredential=webhook:/etc/liqmon/webhook``."""

_WEBHOOK: Final = "the webhook"
_RECEIVER: Final = "the URL of a receiver"
_HEARTBEAT: Final = "the heartbeat's address"

_Path: TypeAlias = tuple[str | int, ...]
"""The key of a value, which may stand in a list."""

_Url = TypeVar("_Url", WebhookUrl, ReceiverUrl)


@dataclass(frozen=True, slots=True)
class Secret(Generic[_Url]):
    """A URL that stood in a file of its own, or why it could not be read."""

    url: _Url | None = None
    source: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Named:
    """A table that may name a receiver: what stands in it, which of it is secret."""

    key: _Path
    names: frozenset[str]
    secret: str = SECRET[-1]
    what: str = _WEBHOOK

    @property
    def file(self) -> str:
        return f"{self.secret}_file"


def exposed(document: Document, layer: Layer) -> list[Problem]:
    """Return the problem of a settings file with secrets that others may read."""
    named = [one for one in _receivers(layer.values) if one.secret in one.names]
    if HEARTBEAT in layer.values:
        named.append(
            _Named(HEARTBEAT[:-1], frozenset(HEARTBEAT[-1:]), HEARTBEAT[-1], _HEARTBEAT)
        )
    fault = _exposure(document.path, document.mode, named[0].what) if named else None
    if fault is None:
        return []
    key = (*named[0].key, named[0].secret)
    return [Problem(place_of(key, layer.places), dotted(key), *fault)]


def torn(layers: Iterable[Layer]) -> list[Problem]:
    """Return a problem for each table that names its receiver in both ways."""
    return [
        Problem(
            place_of((*one.key, one.file), layer.places),
            dotted((*one.key, one.file)),
            f"stands beside {one.secret}",
            "keep one of the two",
        )
        for layer in layers
        for one in _receivers(layer.values)
        if {one.secret, one.file} <= one.names
    ]


def _receivers(values: Mapping[Key, object]) -> Iterator[_Named]:
    """Yield ``[discord]``, every route of it, and every other receiver."""
    here = SECRET[:-1]
    yield _Named(here, frozenset(key[-1] for key in values if key[:-1] == here))
    for place, route in tables_in(values, ROUTES).items():
        yield _Named((*ROUTES, place), frozenset(route))
    for place, table in tables_in(values, NOTIFY).items():
        yield _Named((*NOTIFY, place), frozenset(table), "url", _RECEIVER)


def read_route_secrets(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> dict[int, Secret[WebhookUrl]]:
    """Read the webhook of each route that has a file for it, by the route's place."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return {
        place: _named_secret(path, (*ROUTES, place, SECRET_FILE[-1]), places, folder)
        for place, route in tables_in(values, ROUTES).items()
        if isinstance(path := route.get(SECRET_FILE[-1]), Path)
    }


def read_receiver_secrets(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> dict[int, Secret[ReceiverUrl]]:
    """Read the URL of each ``[[notify]]`` that has a file for it, by its place."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return {
        place: _secret(
            path,
            (*NOTIFY, place, "url_file"),
            place_of((*NOTIFY, place, "url_file"), places),
            kind=ReceiverUrl,
            source="url_file",
            guarded=_is_guarded(path, folder),
        )
        for place, table in tables_in(values, NOTIFY).items()
        if isinstance(path := table.get("url_file"), Path)
    }


def read_secret(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> Secret[WebhookUrl]:
    """Read the webhook from ``webhook_url_file``, else from systemd's credentials."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    named = values.get(SECRET_FILE)
    if isinstance(named, Path):
        return _named_secret(named, SECRET_FILE, places, folder)
    credential = Path(folder, _CREDENTIAL) if folder else None
    if credential is None or SECRET in values or not credential.is_file():
        return Secret()
    place = Place("$CREDENTIALS_DIRECTORY")
    return _secret(
        credential, SECRET, place, kind=WebhookUrl, source="credential", guarded=True
    )


def _named_secret(
    path: Path, key: _Path, places: Mapping[Key, Place], folder: str | None
) -> Secret[WebhookUrl]:
    return _secret(
        path,
        key,
        place_of(key, places),
        kind=WebhookUrl,
        source=SECRET_FILE[-1],
        guarded=_is_guarded(path, folder),
    )


def _is_guarded(path: Path, folder: str | None) -> bool:
    # systemd guards its own directory; the mode in there shows an access list
    return folder is not None and path.is_relative_to(folder)


def _secret(
    path: Path,
    key: _Path,
    place: Place,
    *,
    kind: type[_Url],
    source: str,
    guarded: bool,
) -> Secret[_Url]:
    try:
        what = _WEBHOOK if kind is WebhookUrl else _RECEIVER
        return Secret(kind(_private_text(path, what=what, guarded=guarded)), source)
    except ConfigError as error:
        problem = Problem(place, dotted(key), str(error), error.hint)
    return Secret(problems=(problem,))


def _private_text(path: Path, *, what: str, guarded: bool) -> str:
    # the path is not quoted: somebody will put the URL itself in its place
    if any(part.endswith(":") for part in path.parts):
        hint = "a URL goes into the key without _file"
        raise ConfigError("is a URL, where the path of a file should be", hint=hint)
    content, mode = read_private(path, name="the file")
    fault = None if guarded else _exposure(path, mode, what)
    if fault is not None:
        raise ConfigError(fault[0], hint=fault[1])
    return content.decode("utf-8-sig", errors="replace").strip()


def _exposure(path: Path, mode: int, what: str) -> tuple[str, str] | None:
    """Return why and how to close a file that others may read, else None."""
    others = mode & (stat.S_IRWXG | stat.S_IRWXO)
    if not stat.S_ISREG(mode) or not others:
        return None
    return (
        f"holds {what} and is open to others (mode {stat.S_IMODE(mode):04o})",
        f"chmod 600 {shlex.quote(str(path))}",
    )
