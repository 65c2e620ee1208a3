"""What can be checked without asking anybody: settings, state, terminal, versions."""

import os
import platform
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import liqmon
from liqmon.app.checks import Area, Check, Grade
from liqmon.errors import UserError
from liqmon.settings.load import Loaded
from liqmon.store.files import DATABASE, is_current, why_unreadable
from liqmon.store.lock import running_pid

__all__ = [
    "Terminal",
    "disk_check",
    "settings_checks",
    "state_checks",
    "terminal_check",
    "versions",
]

_LITTLE: Final = 100 * 1024 * 1024
_TOO_LITTLE: Final = 5 * 1024 * 1024
_NARROW: Final = 80
_TMUX_S: Final = 2.0

_EXTRAS: Final = {
    "chart": ("pillow", "pictures in messages"),
    "metrics": ("prometheus-client", "--metrics"),
    "notify": ("apprise", "receivers other than Discord"),
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """What standard output is; ``columns`` is 0 where it is no terminal."""

    columns: int
    encoding: str
    environ: Mapping[str, str]


# settings


def settings_checks(found: Loaded, symbols: Sequence[str]) -> Iterator[Check]:
    """Check settings that could be read; ``symbols`` are named there or on the way."""
    if found.path is None:
        yield Check(
            Area.SETUP,
            "settings",
            Grade.WARN,
            "no settings file: the defaults, and the environment",
            "make one with liqmon init",
        )
    else:
        yield Check(Area.SETUP, "settings", Grade.OK, f"{found.path} is valid")
    for warning in found.warnings:
        yield Check(Area.SETUP, "settings", Grade.WARN, warning)
    watch = found.settings.watch
    if not (symbols or watch.top or watch.all):
        yield Check(
            Area.SETUP,
            "settings",
            Grade.WARN,
            "no market is set: each command must name some",
            "set [watch] symbols or top",
        )
    source = found.sources.get("discord.webhook_url", "default")
    if source != "default":
        where = {
            "file": "in the settings file, which only you can read",
            "webhook_url_file": "in a file of its own, which only you can read",
            "credential": "one of systemd's credentials",
        }.get(source, "in the environment")
        yield Check(Area.SETUP, "secret", Grade.OK, f"the webhook is {where}")


# state


def state_checks(directory: Path) -> Iterator[Check]:
    """Check where findings and cool-downs are kept; nothing is made or changed."""
    yield _directory(directory)
    yield disk_check(shutil.disk_usage(_nearest(directory)).free)
    if (directory / DATABASE).exists():
        yield _database(directory / DATABASE)
    pid = running_pid(directory)
    if pid is not None:
        text = f"process {pid} is running on this state"
        yield Check(Area.SETUP, "running", Grade.OK, text)


def _directory(directory: Path) -> Check:
    elsewhere = "name another one with --state-dir or LIQMON_STATE_DIR"
    if not directory.exists():
        above = _nearest(directory)
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            text = f"{directory} will be made at the first run"
            return Check(Area.SETUP, "state", Grade.OK, text)
        text = f"{directory} cannot be made: {above} is not yours to write in"
        return Check(Area.SETUP, "state", Grade.FAIL, text, elsewhere)
    if not directory.is_dir():
        text = f"{directory} is no directory"
        return Check(Area.SETUP, "state", Grade.FAIL, text, elsewhere)
    if not os.access(directory, os.W_OK | os.X_OK):
        text = f"{directory} cannot be written in"
        return Check(Area.SETUP, "state", Grade.FAIL, text, elsewhere)
    if directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        text = f"others may write in {directory}"
        return Check(Area.SETUP, "state", Grade.WARN, text, f"chmod 700 {directory}")
    return Check(Area.SETUP, "state", Grade.OK, f"{directory} can be written in")


def disk_check(free: int) -> Check:
    """Check how many bytes are left for the state."""
    text = f"{free / 1024**3:.1f} GiB free"
    if free < _TOO_LITTLE:
        return Check(Area.SETUP, "disk", Grade.FAIL, text, "make room on this disk")
    if free < _LITTLE:
        return Check(Area.SETUP, "disk", Grade.WARN, text, "make room on this disk")
    return Check(Area.SETUP, "disk", Grade.OK, text)


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())


def _database(path: Path) -> Check:
    size = f"{path.name}, {path.stat().st_size / 1024**2:.1f} MiB"
    try:
        fault = why_unreadable(path)
        if fault:
            hint = "the next run renames it and begins a new one"
            text = f"{size}: not readable ({fault})"
            return Check(Area.SETUP, "database", Grade.WARN, text, hint)
        current = is_current(path)
    except UserError as error:
        # of a newer liqmon, or not ours to open
        return Check(Area.SETUP, "database", Grade.FAIL, str(error), error.hint)
    form = "of this version" if current else "older, brought up to date at the next run"
    return Check(Area.SETUP, "database", Grade.OK, f"{size}, {form}")


# terminal


def terminal_check(terminal: Terminal) -> Iterator[Check]:
    """Check whether the live table can be drawn, and drawn well."""
    if not terminal.columns:
        text = "output is no terminal: lines are written instead of a table"
        yield Check(Area.SETUP, "terminal", Grade.OK, text)
        return
    about = f"{terminal.columns} columns, {terminal.encoding}"
    yield from _terminal(terminal, about)
    if terminal.environ.get("TMUX"):
        yield _tmux()


def _terminal(terminal: Terminal, about: str) -> Iterator[Check]:
    if terminal.encoding.lower().replace("-", "") != "utf8":
        hint = "set LC_ALL=C.UTF-8, or use --ascii"
        yield Check(Area.SETUP, "terminal", Grade.WARN, f"{about}, not utf-8", hint)
    elif terminal.columns < _NARROW:
        hint = f"{_NARROW} columns show everything that matters"
        yield Check(Area.SETUP, "terminal", Grade.WARN, f"only {about}", hint)
    else:
        yield Check(Area.SETUP, "terminal", Grade.OK, about)


def _tmux() -> Check:
    told = _asked_tmux("-V")
    bell = _asked_tmux("show-options", "-gwv", "monitor-bell")
    if not told:
        text = "TMUX is set, but tmux does not answer"
        return Check(Area.SETUP, "tmux", Grade.WARN, text)
    if bell == "off":
        hint = "tmux set-option -g monitor-bell on"
        text = f"{told}: a finding's bell does not mark its window"
        return Check(Area.SETUP, "tmux", Grade.WARN, text, hint)
    return Check(Area.SETUP, "tmux", Grade.OK, f"{told}, a bell marks its window")


def _asked_tmux(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["tmux", *arguments],  # noqa: S607 - the user's own tmux
            capture_output=True,
            check=False,
            text=True,
            timeout=_TMUX_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


# versions


def versions() -> Iterator[Check]:
    """Tell what a bug report needs, and which extras are there."""
    text = (
        f"liqmon {liqmon.__version__}, Python {platform.python_version()}, "
        f"ccxt {_version_of('ccxt')}"
    )
    yield Check(Area.SETUP, "versions", Grade.OK, text)
    have = [name for name, (package, _) in _EXTRAS.items() if _version_of(package)]
    lack = [
        f"{name} ({purpose})"
        for name, (_, purpose) in _EXTRAS.items()
        if name not in have
    ]
    parts = [
        f"installed: {', '.join(have)}" if have else "",
        f"not installed: {', '.join(lack)}" if lack else "",
    ]
    yield Check(Area.SETUP, "extras", Grade.OK, "; ".join(filter(None, parts)))


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
