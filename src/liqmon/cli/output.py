"""Lines to standard output, written by a thread of their own.

A reader that stops reading (a full pipe, Ctrl-S, a frozen ssh) blocks the writer. It
must block this thread and not the event loop, or monitoring stops with it.
"""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Protocol, Self, TextIO

__all__ = ["LineWriter", "Unbuffered", "Writable"]

log = logging.getLogger(__name__)

_MOST_LINES = 10_000
"""Lines kept for a reader that does not read; the oldest unwritten ones go first."""

_CLOSE_S = 2.0
"""How long the last lines may take at the end: a dead reader must not hold the exit."""


class Writable(Protocol):
    """As much of a text stream as lines need."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Unbuffered:
    """A text stream's own file, past its buffer.

    Whoever is stuck in a write to ``sys.stdout`` holds the lock of its buffer, and the
    flush at the exit of Python would wait for that lock for ever.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding

    def write(self, text: str) -> None:
        left = text.encode(self._encoding, "backslashreplace")
        while left:
            left = left[os.write(self._descriptor, left) :]

    def flush(self) -> None:
        """Nothing is held back."""


class LineWriter:
    """``write`` never waits; ``on_broken`` is called once if the reader went away."""

    def __init__(self, stream: Writable, on_broken: Callable[[], None]) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._is_losing = False
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)

    def write(self, line: str) -> None:
        """Write ``line`` soon, after those before it."""
        while True:
            try:
                return self._lines.put_nowait(line)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._lines.get_nowait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._lines.put(None, timeout=_CLOSE_S)
        except queue.Full:
            return
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._write(line)
        except BrokenPipeError:
            self._on_broken()

    def _write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            # a full disk loses lines; monitoring and the next line go on
            if not self._is_losing:
                log.warning("lines are lost: %s", error)
            self._is_losing = True
        else:
            self._is_losing = False
