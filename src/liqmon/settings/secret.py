"""The webhook among the settings: which source names it, and who else can read it."""

import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liqmon.errors import ConfigError
from liqmon.settings.document import Document, Key, read_private
from liqmon.settings.layers import SECRET, SECRET_FILE, Layer, dotted, place_of
from liqmon.settings.problems import Place, Problem
from liqmon.webhook import WebhookUrl

__all__ = ["Secret", "exposed", "read_secret", "torn"]

_CREDENTIAL: Final = "webhook"
"""The name in systemd's ``LoadCredential=webhook:/etc/liqmon/webhook``."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook that stood in a file of its own, or why it could not be read."""

    webhook: WebhookUrl | None = None
    source: str = ""
    problems: tuple[Problem, ...] = ()


def exposed(document: Document, layer: Layer) -> list[Problem]:
    """Return the problem of a settings file with a webhook that others may read."""
    fault = _exposure(document.path, document.mode) if SECRET in layer.values else None
    if fault is None:
        return []
    return [Problem(place_of(SECRET, layer.places), dotted(SECRET), *fault)]


def torn(layers: Iterable[Layer]) -> list[Problem]:
    """Return a problem for each source that names the webhook in both ways."""
    return [
        Problem(
            place_of(SECRET_FILE, layer.places),
            dotted(SECRET_FILE),
            "stands beside webhook_url",
            "keep one of the two",
        )
        for layer in layers
        if {SECRET, SECRET_FILE} <= layer.values.keys()
    ]


def read_secret(
    values: Mapping[Key, object],
    places: Mapping[Key, Place],
    environ: Mapping[str, str],
) -> Secret:
    """Read the webhook from ``webhook_url_file``, else from systemd's credentials."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    named = values.get(SECRET_FILE)
    if isinstance(named, Path):
        # systemd guards its own directory; the mode in there shows an access list
        guarded = folder is not None and named.is_relative_to(folder)
        place = place_of(SECRET_FILE, places)
        return _secret(
            named, SECRET_FILE, place, source=SECRET_FILE[1], guarded=guarded
        )
    credential = Path(folder, _CREDENTIAL) if folder else None
    if credential is None or SECRET in values or not credential.is_file():
        return Secret()
    place = Place("$CREDENTIALS_DIRECTORY")
    return _secret(credential, SECRET, place, source="credential", guarded=True)


def _secret(
    path: Path, key: Key, place: Place, *, source: str, guarded: bool
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


def _exposure(path: Path, mode: int) -> tuple[str, str] | None:
    """Return why and how to close a file that others may read, else None."""
    others = mode & (stat.S_IRWXG | stat.S_IRWXO)
    if not stat.S_ISREG(mode) or not others:
        return None
    return (
        f"holds the webhook and is open to others (mode {stat.S_IMODE(mode):04o})",
        f"chmod 600 {shlex.quote(str(path))}",
    )
