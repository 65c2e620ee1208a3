"""An examination as lines or as JSON, and the exit code it comes to.

Import it inside a command: it brings the settings and the store.
"""

import asyncio
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer

from liqmon.app.checks import Area, Check, Grade
from liqmon.app.doctor import Patient, examined
from liqmon.app.local_checks import Terminal
from liqmon.app.run import Run
from liqmon.cli.errors import ExitCode, worst
from liqmon.clock import SystemClock
from liqmon.errors import ConfigError
from liqmon.logs import configure
from liqmon.settings.load import Loaded, load
from liqmon.settings.models import Settings
from liqmon.settings.places import state_dir
from liqmon.webhook import scrubbed

__all__ = ["run_doctor"]

_MARKS: Final = {Grade.OK: "✓", Grade.WARN: "!", Grade.FAIL: "✗"}
_ASCII: Final = {Grade.OK: "ok", Grade.WARN: "!", Grade.FAIL: "x"}
_CODES: Final = {
    Area.SETUP: ExitCode.USAGE,
    Area.FEED: ExitCode.NO_DATA,
    Area.DELIVERY: ExitCode.UNDELIVERED,
}
_TOPIC: Final = 13
_WIDEST: Final = 100


def run_doctor(
    symbols: tuple[str, ...],
    flags: Mapping[str, object],
    *,
    config: Path | None,
    state: Path | None,
    as_json: bool,
    ascii_only: bool,
) -> ExitCode:
    """Examine, tell, and return what it comes to."""
    patient = _patient(symbols, flags, config, state_dir(state, os.environ))
    plain = ascii_only or "utf" not in (sys.stdout.encoding or "").lower()
    checks: list[Check] = []

    def tell(check: Check) -> None:
        checks.append(check)
        if not as_json:
            lines = _lines(check, _ASCII if plain else _MARKS, patient.terminal.columns)
            typer.echo(scrubbed("\n".join(lines)))

    # what a check meets is told by the check
    with configure("error", file=None, fmt="text", stream=sys.stderr, to_terminal=True):
        asyncio.run(examined(patient, clock=SystemClock(), tell=tell))
    code = worst(_codes(checks))
    if as_json:
        rows = [asdict(check) for check in checks]
        whole = {"schema": 1, "exit_code": int(code), "checks": rows}
        typer.echo(scrubbed(json.dumps(whole, indent=2)))
    else:
        typer.echo(_verdict(checks))
    return code


def _patient(
    symbols: tuple[str, ...],
    flags: Mapping[str, object],
    config: Path | None,
    directory: Path,
) -> Patient:
    found: Loaded | ConfigError
    try:
        found = _loaded(config, flags)
        settings = found.settings
    except ConfigError as error:
        found, settings = error, _settings_without_file(flags)
    run = Run(settings, symbols or settings.watch.symbols, directory)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    terminal = Terminal(columns, sys.stdout.encoding or "", os.environ)
    return Patient(found, run, directory, terminal)


def _loaded(config: Path | None, flags: Mapping[str, object]) -> Loaded:
    return load(config=config, environ=os.environ, cwd=Path.cwd(), flags=flags)


def _settings_without_file(flags: Mapping[str, object]) -> Settings:
    """Return what the environment and the options say, if that at least is valid."""
    try:
        return _loaded(Path(os.devnull), flags).settings
    except ConfigError:
        return Settings()


def _codes(checks: Iterable[Check]) -> Iterator[ExitCode]:
    for check in checks:
        if check.grade is Grade.FAIL:
            yield _CODES[check.area]


def _lines(check: Check, marks: Mapping[Grade, str], columns: int) -> Iterator[str]:
    mark = f"{marks[check.grade]:<{max(map(len, marks.values()))}} "
    first, *more = check.text.splitlines()
    indent = " " * (len(mark) + _TOPIC)
    yield from _wrapped(first, f"{mark}{check.topic:<{_TOPIC - 1}} ", indent, columns)
    # the lines of a settings error are laid out by themselves
    yield from (f"{indent}{line}" for line in more)
    if check.hint:
        yield from _wrapped(check.hint, f"{indent}hint: ", f"{indent}  ", columns)


def _wrapped(text: str, first: str, indent: str, columns: int) -> Iterator[str]:
    """Yield the text as lines of the terminal; where there is none, as one line."""
    if not columns:
        yield f"{first}{text}"
        return
    yield from textwrap.wrap(
        text,
        width=max(min(columns, _WIDEST), 40),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _verdict(checks: Iterable[Check]) -> str:
    grades = [check.grade for check in checks]
    failed, warned = grades.count(Grade.FAIL), grades.count(Grade.WARN)
    if failed:
        return f"{failed} to put right, {warned} to look at"
    if warned:
        return f"liqmon can run; {warned} to look at"
    return "all is in order"
