"""Logging for a process that draws: no caller waits, no token passes, nothing raises.

Records go through a queue to one thread, which alone writes. A terminal that nobody
reads, a full disk or a rotated file therefore never stops what is being logged about.
"""

import copy
import json
import logging
import os
import queue
import re
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener, WatchedFileHandler
from pathlib import Path
from typing import Final, Literal, TextIO

from liqmon.errors import ConfigError
from liqmon.webhook import scrubbed

__all__ = ["Tail", "configure"]

_MOST_RECORDS: Final = 10_000
"""Records kept for a writer that is stuck; later ones are dropped."""

_CLOSE_S: Final = 2.0
"""How long the last records may take at the end: a dead reader must not hold it."""

_PATIENCE_S: Final = 0.5
"""How long a terminal may refuse a line before lines are dropped until it reads."""

_PIECE: Final = 512
"""Bytes that a pipe or terminal takes at once when it takes any (POSIX PIPE_BUF)."""

_TAIL_LINES: Final = 200
"""More than a terminal shows."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@contextmanager
def configure(
    level: str,
    *,
    file: Path | None,
    fmt: Literal["text", "json"],
    stream: TextIO,
    to_terminal: bool,
    tail: "Tail | None" = None,
) -> Iterator[None]:
    """Log to ``file``, and to ``stream`` if ``to_terminal``, until the block ends.

    ``tail`` keeps the last lines as well, from info on whatever ``level`` is.

    ``level`` ("debug" to "error") is liqmon's own; libraries speak from warning on,
    since their debug logs hold URLs. Without a target, records are dropped.

    Raises:
        ConfigError: the file cannot be opened.
    """
    targets = _targets(file, stream if to_terminal else None)
    for target in targets:
        target.setFormatter(_JsonLine() if fmt == "json" else _TextLine())
        target.setLevel(level.upper())
    heard = logging.getLevelNamesMapping()[level.upper()]
    if tail is not None:
        targets.append(tail)
        heard = min(heard, logging.INFO)
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = QueueListener(records, *targets, respect_handler_level=True)
    listener.start()
    try:
        with _installed(_Hand(records), heard):
            yield
    finally:
        _stop(listener)
        for target in targets:
            target.close()


def _targets(file: Path | None, stream: TextIO | None) -> list[logging.Handler]:
    targets: list[logging.Handler] = []
    if file is not None:
        try:
            targets.append(_LogFile(file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            fault = f"cannot write the log file {file}: {error.strerror}"
            raise ConfigError(
                fault, hint="make its directory, or name another: --log-file"
            ) from error
    if stream is not None:
        targets.append(_Terminal(stream))
    return targets


@contextmanager
def _installed(hand: QueueHandler, level: int) -> Iterator[None]:
    """Let every logger speak to ``hand`` alone, and put back what was there."""
    root, own = logging.getLogger(), logging.getLogger("liqmon")
    handlers, raising = root.handlers[:], logging.raiseExceptions
    levels = root.level, own.level
    root.handlers[:] = [hand]
    root.setLevel(logging.WARNING)
    own.setLevel(level)
    logging.raiseExceptions = False
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        own.setLevel(levels[1])
        logging.raiseExceptions = raising


def _stop(listener: QueueListener) -> None:
    # stop() waits for ever on a terminal that nobody reads: wait for it elsewhere
    stopping = threading.Thread(target=listener.stop, name="log stop", daemon=True)
    stopping.start()
    stopping.join(_CLOSE_S)


class _Hand(QueueHandler):
    """Passes records on, finished in the thread that made them and without frames."""

    def __init__(self, records: queue.SimpleQueue[logging.LogRecord]) -> None:
        super().__init__(records)
        self._records = records

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record = copy.copy(record)
        record.msg, record.args = record.getMessage(), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._records.qsize() < _MOST_RECORDS:
            self._records.put_nowait(record)


class _Terminal(logging.StreamHandler[TextIO]):
    """Drops lines while nobody reads: a thread stuck in a write would hold the exit."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._patience_s = _PATIENCE_S
        try:
            self._descriptor: int | None = stream.fileno()
        except OSError:
            self._descriptor = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._descriptor is None:
            super().emit(record)
            return
        try:
            encoding = self.stream.encoding
            line = f"{self.format(record)}\n".encode(encoding, "backslashreplace")
            self._write(self._descriptor, line)
        except (OSError, ValueError):
            self.handleError(record)

    def _write(self, descriptor: int, line: bytes) -> None:
        for start in range(0, len(line), _PIECE):
            _, ready, _ = select.select([], [descriptor], [], self._patience_s)
            self._patience_s = _PATIENCE_S if ready else 0.0
            if not ready:
                return
            os.write(descriptor, line[start : start + _PIECE])


class _LogFile(WatchedFileHandler):
    """Follows rotation; a directory that vanished is tried again with each record."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            # reopening stands outside the parent's own guard
            self.handleError(record)


class Tail(logging.Handler):
    """Keeps the last lines, to be looked at from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[tuple[str, str]] = deque(maxlen=_TAIL_LINES)
        self.lines: tuple[tuple[str, str], ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        """Take the record's lines in, each with its level."""
        level = record.levelname.lower()
        source = record.name.removeprefix("liqmon.")
        at = time.strftime("%H:%M:%S", time.gmtime(record.created))
        said = f"{at} {level} {source}: {record.getMessage()}"
        told = scrubbed("\n".join(filter(None, [said, record.exc_text])))
        self._lines.extend((level, line) for line in told.splitlines())
        self.lines = tuple(self._lines)


class _TextLine(logging.Formatter):
    """``2026-11-24T16:18:00Z warning liqmon.exchange.client: sentence``."""

    def format(self, record: logging.LogRecord) -> str:
        # one record is one line, whatever name an exchange gives to a market
        said = _CONTROL.sub(lambda char: ascii(char[0])[1:-1], record.getMessage())
        level = record.levelname.lower()
        line = f"{_utc(record)} {level} {record.name}: {said}"
        return scrubbed("\n".join(filter(None, [line, record.exc_text])))


class _JsonLine(logging.Formatter):
    """One JSON object per record: ``time, level, logger, message[, exception]``."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
        }
        if record.exc_text:
            said["exception"] = scrubbed(record.exc_text)
        return json.dumps(said, allow_nan=False)


def _utc(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
