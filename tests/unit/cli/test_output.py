"""A reader that does not read must not stop the writer's caller."""

import errno
import io
import os
import threading

import pytest

from liqmon.cli.output import LineWriter


def nothing() -> None:
    pass


class FullDisk(io.StringIO):
    """Refuses the second and third line, then has room again."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        if self.writes in (2, 3):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)


class Unbuffered:
    """Text straight into a pipe: nothing left over to write when it is closed."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def write(self, text: str) -> int:
        self._raw.write(text.encode())
        return len(text)

    def flush(self) -> None:
        pass


def test_lines_come_out_whole_and_in_order() -> None:
    stream = io.StringIO()

    with LineWriter(stream, nothing) as lines:
        for number in range(100):
            lines.write(f"line {number}")

    assert stream.getvalue().splitlines() == [f"line {n}" for n in range(100)]


def test_a_reader_that_went_away_is_reported_once() -> None:
    broken: list[str] = []
    reading, writing = os.pipe()
    os.close(reading)
    with (
        os.fdopen(os.dup(writing), "wb", buffering=0) as raw,
        LineWriter(Unbuffered(raw), lambda: broken.append("gone")) as lines,
    ):
        lines.write("into nothing")
    os.close(writing)

    assert broken == ["gone"]


def test_a_full_disk_loses_lines_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream = FullDisk()

    with LineWriter(stream, nothing) as lines:
        for number in range(4):
            lines.write(f"line {number}")

    assert stream.getvalue().splitlines() == ["line 0", "line 3"]
    assert [record.message for record in caplog.records] == [
        "lines are lost: [Errno 28] No space left on device"
    ]


def test_a_reader_that_never_reads_does_not_block_the_caller() -> None:
    wrote = threading.Event()
    reading, writing = os.pipe()

    def write_much() -> None:
        for _ in range(20_000):
            lines.write("x" * 100)
        wrote.set()

    with (
        os.fdopen(writing, "wb", buffering=0) as raw,
        LineWriter(Unbuffered(raw), nothing) as lines,
    ):
        threading.Thread(target=write_much, daemon=True).start()
        assert wrote.wait(30)
        os.close(reading)
