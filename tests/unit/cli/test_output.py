"""A reader that does not read must not stop the writer's caller."""

import io
import os
import threading

from liqmon.cli.output import LineWriter


def nothing() -> None:
    pass


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
