"""Exit codes, and errors as they are shown."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from liqmon.cli.app import app
from liqmon.cli.errors import ExitCode, exit_code, guarded, show, worst
from liqmon.errors import (
    AlreadyRunning,
    BadData,
    ConfigError,
    FeedBlocked,
    LiqmonError,
    StoreUnavailable,
    UnknownSymbol,
)
from webhooks import TOKEN, URL


def raised(error: BaseException) -> int:
    def run() -> None:
        raise error

    return guarded(run)


def liqmon(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "liqmon", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
        env={**os.environ, **options},
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (UnknownSymbol("x"), 2),
        (AlreadyRunning("x"), 75),
        (BadData("x"), 3),
        (FeedBlocked("x"), 3),
        (StoreUnavailable("x"), 1),
        (KeyboardInterrupt(), 130),
        (SystemExit(143), 143),
        (SystemExit(), 0),
        (SystemExit("text"), 1),
        (ZeroDivisionError(), 1),
    ],
)
def test_every_way_to_end_has_its_code(error: BaseException, code: int) -> None:
    assert raised(error) == code


def test_a_broken_pipe_worked_and_takes_further_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert raised(BrokenPipeError()) == 0
        stdout.write("flushed without an error when the file is closed")


def test_a_command_that_returns_worked() -> None:
    assert guarded(lambda: 5) == 0


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([ConfigError("x"), BadData("y")], 2),
        ([BadData("x"), AlreadyRunning("y")], 75),
        ([BadData("x"), ExceptionGroup("inner", [ConfigError("y")])], 2),
        ([BadData("x"), KeyError("y")], 1),
    ],
)
def test_a_group_ends_with_the_code_that_counts(
    errors: list[Exception], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raised(ExceptionGroup("tasks", errors)) == code
    lines = capsys.readouterr().err.splitlines()
    told = [line for line in lines if not line.startswith("  hint: ")]
    assert (told == ["error: x", "error: y"]) == (code != 1)


def test_of_several_codes_one_counts() -> None:
    order = [143, 130, 2, 75, 1, 3, 4, 5, 10, 0]
    codes = [ExitCode(code) for code in order]

    assert set(codes) == set(ExitCode)
    for position, code in enumerate(codes):
        assert worst(reversed(codes[position:])) == code
    assert worst([]) == 0


def test_an_error_is_shown_with_its_hint() -> None:
    stream = io.StringIO()
    show(ConfigError("what is wrong", hint="what to do"), stream)
    show(BadData("no hint here"), stream)

    assert stream.getvalue() == (
        "error: what is wrong\n  hint: what to do\nerror: no hint here\n"
    )


def test_an_error_cannot_move_the_cursor_or_show_a_token() -> None:
    stream = io.StringIO()
    show(UnknownSymbol(f"no market '\x1b[2J\x07' at {URL}"), stream)

    assert stream.getvalue() == (
        "error: no market '\\x1b[2J\\x07' at "
        "https://discord.com/api/webhooks/123456789012345678/***\n"
    )


def test_a_bug_shows_its_traceback_without_the_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert raised(ValueError(f"bad url {URL}")) == 1

    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "ValueError: bad url https://discord.com" in err
    assert TOKEN not in err


def test_an_unknown_error_of_ours_is_a_failure() -> None:
    assert exit_code(LiqmonError("x")) == ExitCode.FAILED


def test_the_help_carries_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: app(["--help"], prog_name="liqmon")) == 0

    table = capsys.readouterr().out.partition("Exit codes:")[2]
    numbers = {part.strip(",") for line in table.splitlines() for part in line.split()}
    assert {str(int(code)) for code in ExitCode} <= numbers


def test_p14_a_reader_that_leaves_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        for arguments in (["--help"], ["config", "schema"], ["config", "show"]):
            done = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "liqmon", *arguments],
                stdout=writer,
                stderr=subprocess.PIPE,
                check=False,
                timeout=20,
            )
            assert (done.returncode, done.stderr) == (0, b"")
    finally:
        os.close(writer)


def test_p14_an_ascii_terminal_gets_escapes_and_no_crash() -> None:
    done = liqmon("config", "validate", "bär.toml", PYTHONIOENCODING="ascii")

    assert done.returncode == 2
    assert done.stderr.startswith("error: no such file: ")
    assert "b\\xe4r.toml" in done.stderr


def test_usage_errors_end_with_2_and_keep_stdout_clean() -> None:
    done = liqmon("config", "--nonsense")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: there is no option --nonsense\n  hint: see liqmon config --help\n"
    )


def test_output_that_a_full_disk_refuses_is_an_error_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "liqmon", "config", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )

    assert ended.returncode == ExitCode.FAILED
    assert ended.stderr == "error: cannot write the output: No space left on device\n"
