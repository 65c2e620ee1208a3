"""A reader that does not read must not stop the writer's caller."""

import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from liqmon.cli.output import LineWriter, Unbuffered


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


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Return what is read from, and a stream that writes there as stdout does."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        yield reading, stream
    with suppress(OSError):
        os.close(reading)


def test_lines_come_out_whole_and_in_order() -> None:
    stream = io.StringIO()

    with LineWriter(stream, nothing) as lines:
        for number in range(100):
            lines.write(f"line {number}")

    assert stream.getvalue().splitlines() == [f"line {n}" for n in range(100)]


def test_a_reader_that_went_away_is_reported_once(pipe: tuple[int, TextIO]) -> None:
    broken: list[str] = []
    reading, stream = pipe
    os.close(reading)
    with LineWriter(Unbuffered(stream), lambda: broken.append("gone")) as lines:
        lines.write("into nothing")

    assert broken == ["gone"]


def test_what_the_stream_held_back_comes_first_and_all_in_its_encoding(
    pipe: tuple[int, TextIO],
) -> None:
    reading, stream = pipe
    stream.write("first, ")
    with LineWriter(Unbuffered(stream), nothing) as lines:
        lines.write("then √")

    assert os.read(reading, 100) == b"first, then \\u221a\n"


def test_p14_a_writer_that_is_stuck_holds_no_lock_of_the_stream(
    pipe: tuple[int, TextIO],
) -> None:
    reading, stream = pipe
    with LineWriter(Unbuffered(stream), nothing) as lines:
        # more than a pipe of Linux holds
        lines.write("." * (1 << 17))
        assert os.read(reading, 1) == b"."
        # this would wait for ever
        stream.flush()
        with os.fdopen(reading, "rb") as rest:
            assert len(rest.read(1 << 17)) == 1 << 17


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
        os.fdopen(writing, "w") as stream,
        LineWriter(Unbuffered(stream), nothing) as lines,
    ):
        threading.Thread(target=write_much, daemon=True).start()
        assert wrote.wait(30)
        os.close(reading)
