"""A settings file that did not exist: its text, and how it comes to be there.

It may hold a webhook, so it is private from its first byte on, and it is there as a
whole or not at all. What is there already is never replaced unless that is wanted.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liqmon.errors import ConfigError

__all__ = ["SEVERITIES", "Answers", "Draft", "drafted", "text_of"]

SEVERITIES: Final = ("low", "medium", "high")
"""From which on findings are sent; what is above them always is."""

_ALL: Final = (*SEVERITIES, "critical")

_HEAD: Final = """\
# liqmon's settings, made by liqmon init. What else can be set, and what it means:
#   liqmon config show
# An environment variable such as LIQMON_DETECTOR__SENSITIVITY wins over this file.
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What ``liqmon init`` asks. ``webhook_url`` is the secret in the clear.

    At most one of ``webhook_url`` and ``webhook_file`` is set. Findings below
    ``severity`` are kept and shown, and sent nowhere.
    """

    symbols: tuple[str, ...] = ()
    top: int | None = None
    exchanges: tuple[str, ...] = ()
    webhook_url: str = ""
    webhook_file: Path | None = None
    role: str = ""
    severity: str = SEVERITIES[0]

    def __repr__(self) -> str:
        # a dataclass would show the webhook
        return f"Answers(symbols={self.symbols!r}, top={self.top!r})"


def text_of(answers: Answers) -> str:
    """Return the TOML of a settings file that says just what was answered."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    yield _HEAD
    yield "[watch]"
    if answers.symbols or not answers.top:
        yield f"symbols = {_listed(answers.symbols)}"
    if answers.top:
        yield f"top = {answers.top}"
    if answers.exchanges:
        yield f"\n[exchange]\nids = {_listed(answers.exchanges)}"
    if answers.webhook_file is not None:
        yield f"\n[discord]\nwebhook_url_file = {_quoted(str(answers.webhook_file))}"
    elif answers.webhook_url:
        yield "\n[discord]"
        yield "# whoever knows this URL can post: this file is for your eyes only"
        yield f"webhook_url = {_quoted(answers.webhook_url)}"
    if answers.webhook_url or answers.webhook_file:
        yield from _routes(answers)


def _routes(answers: Answers) -> Iterator[str]:
    at = _ALL.index(answers.severity)
    if not (at or answers.role):
        return
    yield '\n[[discord.routes]]\nname = "alerts"'
    if at:
        yield f"severity = {_listed(_ALL[at:])}"
    if answers.role:
        yield f"mention_role = {_quoted(answers.role)}"
    if at:
        yield "\n# what is less than that is kept and shown, and not sent"
        yield '[[discord.routes]]\nname = "the-rest"'
        yield f'severity = {_listed(_ALL[:at])}\nmode = "off"'


def _quoted(text: str) -> str:
    # a basic string of TOML takes the same escapes
    return json.dumps(text, ensure_ascii=False)


def _listed(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


class Draft:
    """A file beside the place it is meant for; ``keep`` puts it there."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self._target = target

    def keep(self, *, replace: bool) -> None:
        """Put the draft in its place, at once and as a whole.

        Raises:
            ConfigError: something is there already, or it cannot be written.
        """
        try:
            if replace:
                self.path.replace(self._target)
            else:
                # a link, unlike a rename, fails where something is
                os.link(self.path, self._target)
        except FileExistsError as error:
            raise ConfigError(
                f"{self._target} was made by somebody else meanwhile",
                hint="--force replaces it",
            ) from error
        except OSError as error:
            raise _not_written(self._target, error) from error


@contextmanager
def drafted(target: Path, text: str) -> Iterator[Draft]:
    """Write a private draft for ``target``; it is gone at the end of the block.

    Raises:
        ConfigError: it cannot be written there.
    """
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=".liqmon-")
    except OSError as error:
        raise _not_written(target, error) from error
    with folder as place:
        path = Path(place, target.name)
        try:
            _write_private(path, text)
        except OSError as error:
            raise _not_written(target, error) from error
        yield Draft(path, target)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _not_written(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="name another place with --config",
    )
