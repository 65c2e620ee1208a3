"""The command line inside this process: words go in, the code and both streams out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from liqmon.cli.app import app
from liqmon.cli.errors import guarded

Typed = Callable[..., tuple[int, str, str]]


def go_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this process into an empty home; its state is kept there too."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LIQMON_STATE_DIR", str(home / "state"))
    for name in ("XDG_CONFIG_HOME", "LIQMON_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def a_shell(
    capsys: pytest.CaptureFixture[str],
    *before: str,
    after: tuple[str, ...] = (),
) -> Typed:
    """Return a shell that puts these words before and after what is typed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        words = [*before, *arguments, *after]
        code = guarded(lambda: app(words, prog_name="liqmon"))
        return code, *capsys.readouterr()

    return run
