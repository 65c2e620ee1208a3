"""Log lines: where they go, what they hide, and that writing them stops nobody."""

import io
import json
import logging
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from liqmon.errors import ConfigError
from liqmon.logs import Tail, configure
from webhooks import TOKEN, URL

log = logging.getLogger("liqmon.trial")


@contextmanager
def to_stream(level: str = "info", **changes: Any) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    options = {"file": None, "fmt": "text", "stream": stream, "to_terminal": True}
    with configure(level, **{**options, **changes}):
        yield stream


@contextmanager
def to_file(file: Path, level: str = "info", **changes: Any) -> Iterator[None]:
    with to_stream(level, file=file, to_terminal=False, **changes):
        yield


def refuse(text: str) -> None:
    raise ValueError(text)


def test_a_line_has_its_time_level_and_origin() -> None:
    with to_stream() as stream:
        record = logging.makeLogRecord(
            {"name": "liqmon.trial", "levelno": 30, "levelname": "WARNING"}
            | {"created": 1_700_000_000.5, "msg": "retry %d of %d", "args": (2, 3)}
        )
        log.handle(record)

    assert stream.getvalue() == (
        "2023-11-14T22:13:20Z warning liqmon.trial: retry 2 of 3\n"
    )


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("error", "e"),
        ("warning", "we"),
        ("info", "iwe"),
        ("debug", "diwe"),
    ],
)
def test_the_level_is_liqmons_own(level: str, heard: str) -> None:
    with to_stream(level) as stream:
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")

    assert "".join(line[-1] for line in stream.getvalue().splitlines()) == heard


def test_a_library_is_heard_from_warning_on() -> None:
    with to_stream("debug") as stream:
        logging.getLogger("asyncio").info("connected to %s", URL)
        logging.getLogger("asyncio").warning("slow")

    assert stream.getvalue().endswith(" warning asyncio: slow\n")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_the_token_is_in_no_line_however_it_got_there(fmt: str) -> None:
    with to_stream(fmt=fmt) as stream:
        log.warning("posted to %s", URL)
        log.warning(URL)
        log.warning("%r", {"url": URL})
        log.warning("%s", ValueError(URL))
        try:
            refuse(URL)
        except ValueError:
            log.exception("refused by %s", URL)

    assert "/webhooks/123456789012345678/***" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_one_record_is_one_line_and_moves_no_cursor() -> None:
    with to_stream() as stream:
        log.warning("market %s", "A\nB\r\x1b[2J\u2028")

    assert stream.getvalue().endswith("market A\\nB\\r\\x1b[2J\\u2028\n")


def test_json_lines_can_be_read_back() -> None:
    with to_stream(fmt="json") as stream:
        log.warning("a %s", '"quoted"\n')
        try:
            refuse("no")
        except ValueError:
            log.exception("b")
    first, second = map(json.loads, stream.getvalue().splitlines())

    assert set(first) == {"time", "level", "logger", "message"}
    assert (first["level"], first["logger"]) == ("warning", "liqmon.trial")
    assert first["message"] == 'a "quoted"\n'
    assert second["exception"].endswith("ValueError: no")


def test_the_file_and_the_terminal_may_both_be_wanted(tmp_path: Path) -> None:
    with to_stream(file=tmp_path / "log") as stream:
        log.warning("both")

    assert (tmp_path / "log").read_text() == stream.getvalue() != ""


def test_without_a_target_a_record_is_dropped_in_silence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with to_stream(to_terminal=False) as stream:
        log.error("nobody hears this")

    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


def test_a_file_that_cannot_be_opened_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught, to_file(tmp_path / "no" / "log"):
        pass

    assert str(caught.value) == (
        f"cannot write the log file {tmp_path}/no/log: No such file or directory"
    )


def written(file: Path, text: str) -> None:
    """Log until it is seen: the writer is another thread."""
    pause = threading.Event()
    log.warning("%s", text)
    for _ in range(300):
        if file.exists() and text in file.read_text():
            return
        pause.wait(0.01)
    pytest.fail(f"{text!r} was not written")


def test_p20_a_rotated_or_deleted_file_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with to_file(file):
        written(file, "before")
        file.rename(tmp_path / "log.1")
        written(file, "after rotation")
        file.unlink()
        written(file, "after deletion")


def test_p20_a_vanished_directory_stops_neither_caller_nor_writer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, away = tmp_path / "logs", tmp_path / "away"
    folder.mkdir()
    with to_file(folder / "log"):
        written(folder / "log", "before")
        folder.rename(away)
        for _ in range(5):
            log.warning("lost")
        away.rename(folder)
        written(folder / "log", "after")

    assert capfd.readouterr() == ("", "")


def test_p20_a_full_disk_stops_neither_caller_nor_writer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log"
    file.symlink_to("/dev/full")
    with to_file(file):
        for _ in range(5):
            log.warning("lost")
        # room again, as after a rotation by hand
        file.unlink()
        written(file, "after")

    assert capfd.readouterr() == ("", "")


def test_a_broken_log_call_raises_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with to_stream() as stream:
        log.warning("%d", "no number")
        log.warning("still here")

    assert stream.getvalue().endswith("still here\n")
    assert capfd.readouterr() == ("", "")


STUCK = """
import logging, sys
from liqmon.logs import Tail, configure

options = {"file": None, "fmt": "text", "stream": sys.stderr, "to_terminal": True}
with configure("info", **options):
    for _ in range(100):
        logging.getLogger("liqmon").warning("x" * 4096)
print("left")
"""


def test_p14_a_pipe_that_nobody_reads_stops_neither_caller_nor_exit() -> None:
    command = [sys.executable, "-c", STUCK]
    with subprocess.Popen(  # noqa: S603 - the interpreter that runs this test
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        # a bound on a hang, not a measurement
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b"left\n"


def test_a_terminal_that_reads_again_is_written_to_again() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, to_stream(stream=stream):
        os.write(writer, b"." * (1 << 16))  # as much as a pipe of Linux holds
        log.warning("lost")
        pause = threading.Event()
        seen = b""
        for _ in range(300):
            log.warning("shown")
            pause.wait(0.01)
            if select.select([reader], [], [], 0)[0]:
                seen += os.read(reader, 1 << 16)
            if b"shown\n" in seen:
                break
    os.close(reader)

    assert b"shown\n" in seen


def test_what_was_set_up_before_is_put_back() -> None:
    root, own = logging.getLogger(), logging.getLogger("liqmon")
    before = root.handlers[:], root.level, own.level, logging.raiseExceptions

    with to_stream("debug"):
        assert own.level == logging.DEBUG
        assert not logging.raiseExceptions

    assert (root.handlers[:], root.level, own.level, logging.raiseExceptions) == before


def test_the_tail_keeps_the_last_lines_with_their_levels() -> None:
    tail = Tail()
    with to_stream("warning", tail=tail) as stream:
        for at in range(205):
            log.info("line %s", at)
            log.debug("unheard")
        try:
            refuse(URL)
        except ValueError:
            log.exception("it went wrong")

    levels, lines = zip(*tail.lines, strict=True)
    assert "line" not in stream.getvalue().partition("Traceback")[0]
    assert "it went wrong" in stream.getvalue()
    assert len(lines) == 200
    assert not any("unheard" in line for line in lines)
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d info trial: line 204", lines[levels.index("error") - 1]
    )
    assert lines[levels.index("error")].endswith("error trial: it went wrong")
    assert lines[-1].startswith("ValueError")
    assert TOKEN not in "".join(lines)
