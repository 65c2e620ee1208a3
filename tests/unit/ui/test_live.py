import asyncio
import fcntl
import io
import json
import logging
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import ConsoleDimensions
from rich.table import Column, Table

from boards import a_board, a_large_board, a_row
from liqmon.clock import SystemClock
from liqmon.core.board import BoardSnapshot
from liqmon.ui import live as live_module
from liqmon.ui.keys import Keys
from liqmon.ui.live import LiveView, is_ascii_only, usable

PROGRAM = Path(__file__).with_name("a_watch.py")
PATIENCE_S = 10.0
ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"


@dataclass
class Terminal:
    """The two ends of a pseudo-terminal, 160 cells wide."""

    master: int
    slave: int
    read: bytes = b""

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def drain(self, seconds: float) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            self.read += os.read(self.master, 65_536)

    def wait_for(self, words: bytes) -> None:
        """Read what is drawn until ``words`` have appeared."""
        clock = SystemClock()
        ends = clock.monotonic() + PATIENCE_S
        while words not in self.read:
            assert clock.monotonic() < ends, self.read[-2_000:]
            self.drain(0.02)

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    master, slave = pty.openpty()
    it = Terminal(master, slave)
    it.resize(160, 40)
    yield it
    os.close(master)
    os.close(slave)


@contextmanager
def program(terminal: Terminal, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program on the terminal; kill it whatever happens."""
    environ = os.environ | {
        "TERM": "xterm-256color",
        "PYTHONPATH": os.pathsep.join(["src", "tests"]),
    }
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(PROGRAM), *arguments],
        stdin=terminal.slave,
        stdout=terminal.slave,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environ,
        cwd=PROGRAM.parents[3],
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_q_quits_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    before = terminal.modes()
    with program(terminal, "9", "--own-terminal") as process:
        terminal.wait_for(b"COIN0USDT")
        during = terminal.modes()
        terminal.press(b"q")
        terminal.wait_for(BACK)
        _, told = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0, told
    assert ALTERNATE in terminal.read
    assert not during[3] & (termios.ICANON | termios.ECHO)
    assert not during[0] & termios.IXON
    assert during[3] & termios.ISIG
    assert terminal.modes() == before


def test_sigterm_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    before = terminal.modes()
    with program(terminal, "9", "--own-terminal") as process:
        terminal.wait_for(b"COIN0USDT")
        process.terminate()
        terminal.wait_for(BACK)
        process.communicate(timeout=PATIENCE_S)

    assert terminal.modes() == before


def test_keys_scroll(terminal: Terminal) -> None:
    with program(terminal, "9", "--own-terminal"):
        terminal.wait_for(b"COIN0USDT")
        terminal.read = b""
        terminal.press(b"\x1b[6~")
        terminal.wait_for(b"COIN50USDT")
        terminal.read = b""
        terminal.press(b"\x1b[5~\x1b[B\x1b[B")
        terminal.wait_for(b"COIN2USDT")


def test_without_the_foreground_the_terminal_is_not_touched(
    terminal: Terminal,
) -> None:
    before = terminal.modes()
    with program(terminal, "0.2") as process:
        terminal.wait_for(b"COIN0USDT")
        assert terminal.modes() == before
        terminal.wait_for(BACK)
        process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0


def test_a_terminal_that_nobody_reads_does_not_hold_up_the_loop(
    terminal: Terminal,
) -> None:
    with program(terminal, "0.3", "--own-terminal") as process:
        _, told = process.communicate(timeout=PATIENCE_S)

    # 30 at best; a loop that waits for the terminal comes round once
    assert json.loads(told)["heartbeats"] > 5


class Snapshots:
    """A board that a test swaps, and that may be out of order."""

    def __init__(self, board: BoardSnapshot) -> None:
        self.board = board
        self.broken = False
        self.asked = 0

    def __call__(self) -> BoardSnapshot:
        self.asked += 1
        if self.broken:
            raise ZeroDivisionError("a bug in drawing")
        return self.board


@contextmanager
def view(
    terminal: Terminal, snapshot: Callable[[], BoardSnapshot], **how: Any
) -> Iterator[LiveView]:
    """Show ``snapshot`` on the terminal, from inside the test's own loop."""
    with (
        os.fdopen(os.dup(terminal.slave), "w", encoding="utf-8") as stdout,
        os.fdopen(os.dup(terminal.slave)) as stdin,
    ):
        it = LiveView(
            snapshot,
            clock=SystemClock(),
            on_quit=pytest.fail,
            stdin=stdin,
            stdout=stdout,
            **how,
        )
        # rich would ask the streams that the tests themselves were started with
        it._console.size = ConsoleDimensions(160, 40)
        with it:
            yield it
            # a last frame may still be on its way, and somebody has to read it
            terminal.drain(0.01)


@pytest.fixture(autouse=True)
def _a_terminal_of_known_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(live_module, "_FRAMES_PER_S", 50.0)
    monkeypatch.setattr(live_module, "_STILL_S", 0.1)


async def test_a_new_snapshot_is_drawn(terminal: Terminal) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    with view(terminal, shown):
        terminal.wait_for(b"AAAUSDT")
        shown.board = a_board(a_row("BBB"))
        terminal.wait_for(b"BBBUSDT")


async def test_the_first_frame_stands_before_anything_else_happens(
    terminal: Terminal,
) -> None:
    with view(terminal, lambda: a_board(a_row("AAA"))):
        terminal.drain(0)
        assert b"AAAUSDT" in terminal.read


async def test_a_bug_in_drawing_is_shown_and_drawing_resumes(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    with view(terminal, shown):
        terminal.wait_for(b"AAAUSDT")
        shown.broken = True
        terminal.wait_for(b"cannot draw, still watching: ZeroDivisionError")
        asked = shown.asked
        while shown.asked < asked + 3:
            terminal.drain(0.01)
        shown.board, shown.broken = a_board(a_row("BBB")), False
        terminal.wait_for(b"BBBUSDT")

    messages = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(messages) == 1, "the same trouble is logged once"


async def test_a_frame_that_cannot_be_rendered_is_shown_too(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    bad = Table(Column("x", style="no such style"))

    with view(terminal, shown):
        terminal.wait_for(b"AAAUSDT")
        with monkeypatch.context() as patched:
            patched.setattr(live_module, "build", lambda *_, **__: bad)
            terminal.wait_for(b"cannot draw, still watching: MissingStyle")
        shown.board = a_board(a_row("BBB"))
        terminal.wait_for(b"BBBUSDT")


async def test_a_frame_that_cannot_be_built_is_shown_too(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug in building")

    with view(terminal, lambda: a_board(a_row("AAA"))):
        terminal.wait_for(b"AAAUSDT")
        monkeypatch.setattr(live_module, "build", broken)
        terminal.wait_for(b"cannot draw, still watching: ZeroDivisionError")


def test_without_an_event_loop_nothing_is_begun() -> None:
    stdout = io.StringIO()
    it = LiveView(
        a_board,
        clock=SystemClock(),
        on_quit=pytest.fail,
        stdin=io.StringIO(),
        stdout=stdout,
    )
    with pytest.raises(RuntimeError, match="no running event loop"):
        it.__enter__()

    assert stdout.getvalue() == ""
    assert not it._thread.is_alive()


async def test_a_new_size_is_drawn(terminal: Terminal) -> None:
    with view(terminal, Snapshots(a_large_board(3))) as it:
        terminal.wait_for(b"Last finding")
        terminal.read = b""
        it._console.size = ConsoleDimensions(60, 20)
        terminal.wait_for(b"COIN2USDT")
        assert b"Last finding" not in terminal.read


async def test_scrolling_stops_at_both_ends(terminal: Terminal) -> None:
    with view(terminal, Snapshots(a_large_board(3))) as it:
        it._scroll_by(0, 5)
        assert it._scroll == 2
        it._scroll_by(-9, 0)
        assert it._scroll == 0


async def test_without_utf8_the_table_is_ascii(terminal: Terminal) -> None:
    with (
        os.fdopen(os.dup(terminal.slave), "w", encoding="latin-1") as stdout,
        LiveView(
            lambda: a_board(a_row("AAA")),
            clock=SystemClock(),
            on_quit=pytest.fail,
            stdin=io.StringIO(),
            stdout=stdout,
        ),
    ):
        terminal.wait_for(b"AAAUSDT")

    assert terminal.read.isascii()


async def test_a_terminal_that_goes_away_ends_the_drawing_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    master, slave = pty.openpty()
    terminal = Terminal(master, slave)
    stdout = os.fdopen(slave, "w", encoding="utf-8")
    with LiveView(
        lambda: a_board(a_row("AAA")),
        clock=SystemClock(),
        on_quit=pytest.fail,
        stdin=io.StringIO(),
        stdout=stdout,
    ) as it:
        terminal.wait_for(b"AAAUSDT")
        os.close(master)
        it._thread.join(PATIENCE_S)
        assert not it._thread.is_alive()

    # what was not written yet cannot be written any more
    with suppress(OSError):
        stdout.close()
    assert "the terminal is gone" in caplog.text


def keys_pressed(pressed: bytes) -> list[Any]:
    calls: list[Any] = []
    read, write = os.pipe()
    keys = Keys(
        on_quit=lambda: calls.append("quit"),
        on_scroll=lambda rows, pages: calls.append((rows, pages)),
    )
    os.write(write, pressed)
    os.close(write)
    loop = asyncio.new_event_loop()
    try:
        keys._read(loop, read)
    finally:
        os.close(read)
        loop.close()
    return calls


@pytest.mark.parametrize(
    ("pressed", "calls"),
    [
        (b"q", ["quit"]),
        (b"Q", ["quit"]),
        (b"\x1b[A\x1bOBjk", [(-1, 0), (1, 0), (1, 0), (-1, 0)]),
        (b"\x1b[5~\x1b[6~ ", [(0, -1), (0, 1), (0, 1)]),
        (b"x\x1b\x1b[15~\xff", []),
        (b"", []),
    ],
)
def test_keys_are_told_apart(pressed: bytes, calls: list[Any]) -> None:
    assert keys_pressed(pressed) == calls


class Stream(io.StringIO):
    def __init__(self, *, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    def isatty(self) -> bool:
        return self._tty

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Stream(), {"TERM": "xterm"}, True),
        (Stream(), {"TERM": "xterm", "CI": ""}, True),
        (Stream(tty=False), {"TERM": "xterm", "FORCE_COLOR": "1"}, False),
        (Stream(), {"TERM": "dumb"}, False),
        (Stream(), {}, False),
        (Stream(), {"TERM": "xterm", "CI": "true"}, False),
    ],
)
def test_a_live_table_needs_a_real_terminal(
    stream: Stream, environ: dict[str, str], expected: bool
) -> None:
    assert usable(stream, environ) is expected


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", False),
        ("UTF8", False),
        ("ascii", True),
        ("latin-1", True),
        ("?", True),
    ],
)
def test_the_encoding_decides_the_alphabet(encoding: str, expected: bool) -> None:
    assert is_ascii_only(Stream(encoding=encoding)) is expected


def test_the_table_needs_neither_ccxt_nor_aiohttp() -> None:
    code = (
        "import sys, liqmon.ui.live, liqmon.ui.lines, liqmon.ui.ndjson\n"
        "print([m for m in ('ccxt', 'aiohttp', 'sqlite3') if m in sys.modules])"
    )
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        # coverage would measure that process too, and brings a database along
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
    )

    assert told.stdout.strip() == "[]"
