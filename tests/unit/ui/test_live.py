import fcntl
import io
import json
import logging
import os
import pty
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pyte
import pytest
from rich.table import Column, Table

from boards import (
    NOW_MONO,
    NOW_MS,
    ONSET,
    a_board,
    a_busy_board,
    a_large_board,
    a_market,
    a_row,
)
from fakes import FakeClock
from hands import Hands
from liqmon.clock import SystemClock
from liqmon.core.board import BoardSnapshot, with_event
from liqmon.core.events import FindingRaised
from liqmon.core.model import Finding, Severity
from liqmon.ui import live as live_module
from liqmon.ui.controls import Remark
from liqmon.ui.live import LiveView, is_ascii_only, usable
from liqmon.ui.look import Look
from liqmon.ui.picture import export_text

PROGRAM = Path(__file__).with_name("a_watch.py")
PATIENCE_S = 10.0
ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
HOME = b"\x1b[H"
QUICK = Look(fps=50.0)


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


@dataclass
class Glass:
    """What a person in front of the terminal sees, in a terminal of pyte's making."""

    terminal: Terminal
    screen: pyte.Screen

    @classmethod
    def before(cls, terminal: Terminal, columns: int = 160, rows: int = 40) -> Self:
        return cls(terminal, pyte.Screen(columns, rows))

    def text(self) -> str:
        """Return the lines as they stand once all that was written is there."""
        return "".join(f"{line.rstrip()}\n" for line in self.screen.display)

    def until(self, seen: Callable[[str], object]) -> None:
        """Look until it is so."""
        clock, stream = SystemClock(), pyte.ByteStream(self.screen)
        ends = clock.monotonic() + PATIENCE_S
        while True:
            self.terminal.drain(0.02)
            stream.feed(self.terminal.read)
            self.terminal.read = b""
            if seen(self.text()):
                return
            assert clock.monotonic() < ends, self.text()

    def shows(self, *words: str) -> None:
        self.until(lambda text: all(each in text for each in words))

    def resize(self, columns: int, rows: int) -> None:
        self.terminal.resize(columns, rows)
        self.screen.resize(rows, columns)


def test_a_long_session_of_keys_and_the_terminal_is_as_it_was(
    terminal: Terminal,
) -> None:
    before, glass = terminal.modes(), Glass.before(terminal)
    with program(terminal, "30", "--own") as process:
        glass.shows("COIN0USDT")
        during = terminal.modes()
        # Ctrl-S would stop the output, and with it whoever writes there
        terminal.press(b"\x13\x1b[6~")
        glass.shows("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}COIN")
        terminal.press(b"/coin19\x1b[A\r")
        glass.shows("filter: coin19", "COIN199USDT")
        assert "COIN1USDT" not in glass.text()
        terminal.press(b"\x1b")
        glass.shows("COIN1USDT")
        terminal.press(b"?")
        glass.shows("acknowledge its open episode")
        terminal.press(b"?l")
        glass.shows("nothing yet")
        terminal.press(b"lj\r")
        glass.shows("an hour ago")
        terminal.press(b"p")
        glass.shows("PAUSED - still monitoring")
        terminal.press(b"q")
        terminal.wait_for(BACK)
        _, told = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0, told
    assert json.loads(told)["heartbeats"] > 5
    assert not during[3] & (termios.ICANON | termios.ECHO)
    assert not during[0] & termios.IXON
    assert during[3] & termios.ISIG
    assert terminal.modes() == before


@pytest.mark.parametrize("end", ["sigterm", "crash"])
def test_after_sigterm_and_after_a_crash_the_terminal_is_as_it_was(
    terminal: Terminal, end: str
) -> None:
    before = terminal.modes()
    with program(terminal, "30", "--crash" if end == "crash" else "--own") as process:
        if end == "sigterm":
            terminal.wait_for(b"COIN0USDT")
            process.terminate()
        terminal.wait_for(BACK)
        terminal.drain(0.05)
        _, told = process.communicate(timeout=PATIENCE_S)

    assert terminal.modes() == before
    assert terminal.read.rfind(SHOW_CURSOR) > terminal.read.rfind(HIDE_CURSOR) >= 0
    assert terminal.read.rfind(BACK) > terminal.read.rfind(ALTERNATE) >= 0
    assert process.returncode == (1 if end == "crash" else 0)
    assert (b"ZeroDivisionError" in told) is (end == "crash")


def test_started_with_an_ampersand_it_is_not_stopped_and_fg_gives_it_the_keys(
    terminal: Terminal,
) -> None:
    before = terminal.modes()
    with program(terminal, "30", "--background") as process:
        terminal.wait_for(b"COIN0USDT")
        assert terminal.modes() == before
        terminal.read = b""
        terminal.wait_for(b"COIN0USDT")  # and goes on
        process.send_signal(signal.SIGUSR1)
        while terminal.modes() == before:
            terminal.drain(0.02)
        terminal.press(b"q")
        terminal.wait_for(BACK)
        process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert terminal.modes() == before


def test_a_terminal_that_nobody_reads_does_not_hold_up_the_loop(
    terminal: Terminal,
) -> None:
    with program(terminal, "0.3", "--own") as process:
        _, told = process.communicate(timeout=PATIENCE_S)

    # 30 at best; a loop that waits for the terminal comes round once
    assert json.loads(told)["heartbeats"] > 5


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
def test_tmux_hears_the_bell_and_shows_the_title(tmp_path: Path) -> None:
    def tmux(*arguments: str) -> str:
        return subprocess.run(  # noqa: S603 - a server of our own
            ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": "src:tests", "TERM": "screen-256color"},
            cwd=PROGRAM.parents[3],
        ).stdout.strip()

    command = shlex.join([sys.executable, str(PROGRAM), "30", "--alert"])
    tmux("new-session", "-d", "-x", "120", "-y", "30", f"exec {command}")
    try:
        clock = SystemClock()
        ends = clock.monotonic() + PATIENCE_S
        wanted = "1 liqmon ! 30 alerts"
        while (
            told := tmux("display", "-p", "#{window_bell_flag} #{pane_title}")
        ) != wanted:
            assert clock.monotonic() < ends, told
            select.select([], [], [], 0.05)
    finally:
        tmux("kill-server")


class Snapshots:
    """A board that a test swaps, and that may be out of order."""

    def __init__(self, board: BoardSnapshot) -> None:
        self.board = board
        self.error: Exception | None = None
        self.asked = 0

    def __call__(self) -> BoardSnapshot:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.board


def raised(board: BoardSnapshot, finding: Finding) -> BoardSnapshot:
    return with_event(board, FindingRaised(NOW_MS, finding), now_mono=NOW_MONO)


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
            stdin=stdin,
            stdout=stdout,
            **{
                "clock": SystemClock(),
                "controls": Hands(pytest.fail),
                "look": QUICK,
                **how,
            },
        )
        with it:
            yield it
            # a last frame may still be on its way, and somebody has to read it
            terminal.drain(0.01)


@pytest.fixture(autouse=True)
def _a_terminal_of_known_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(live_module, "_STILL_S", 0.1)
    monkeypatch.setattr(live_module, "_AGAIN_S", 0.02)


async def test_a_new_snapshot_is_drawn_at_once(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "_STILL_S", 3600.0)
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


async def test_p17_a_bug_in_drawing_is_shown_and_drawing_resumes(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    with view(terminal, shown):
        terminal.wait_for(b"AAAUSDT")
        shown.error = ZeroDivisionError("a bug in drawing")
        terminal.wait_for(b"cannot draw, still watching: ZeroDivisionError")
        asked = shown.asked
        while shown.asked < asked + 3:
            terminal.drain(0.01)
        shown.board, shown.error = a_board(a_row("BBB")), None
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
        controls=Hands(pytest.fail),
        stdin=io.StringIO(),
        stdout=stdout,
    )
    with pytest.raises(RuntimeError, match="no running event loop"):
        it.__enter__()

    assert stdout.getvalue() == ""
    assert not it._thread.is_alive()


async def test_shrinking_and_growing_again_leaves_no_debris(
    terminal: Terminal,
) -> None:
    board, glass, clock = a_busy_board(), Glass.before(terminal), FakeClock(NOW_MONO)

    def is_fresh(text: str) -> bool:
        screen = glass.screen
        return text == export_text(
            board,
            now_mono=NOW_MONO,
            now_ms=clock.now_ms(),
            width=screen.columns,
            height=screen.lines,
        )

    with view(terminal, lambda: board, clock=clock):
        for width, height in ((160, 40), (60, 15), (30, 8), (90, 24), (160, 40)):
            glass.resize(width, height)
            glass.until(is_fresh)


async def test_at_most_four_frames_a_second_are_drawn(terminal: Terminal) -> None:
    clock, board = SystemClock(), a_board(a_row("AAA"))
    with view(terminal, lambda: replace(board), look=Look(), clock=clock):
        begun = clock.monotonic()
        terminal.drain(0)
        terminal.read = b""
        while clock.monotonic() < begun + 0.6:
            terminal.drain(0.01)
        most = (clock.monotonic() - begun) * 4 + 1

    assert terminal.read.count(HOME) <= most


async def test_without_news_nothing_is_drawn_until_the_ages_tick(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "_STILL_S", 3600.0)
    with view(terminal, Snapshots(a_board(a_row("AAA")))):
        terminal.wait_for(b"AAAUSDT")
        terminal.drain(0.1)
        terminal.read = b""
        terminal.drain(0.2)
        assert terminal.read == b""
        monkeypatch.setattr(live_module, "_STILL_S", 0.1)
        terminal.wait_for(b"AAAUSDT")


async def test_a_finding_rings_and_stands_in_the_title(terminal: Terminal) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    finding = replace(ONSET, market=a_market("AAA"))
    with view(terminal, shown) as it:
        terminal.wait_for(b"\x1b]0;liqmon\x07")
        terminal.read = b""
        shown.board = raised(shown.board, finding)
        terminal.wait_for(b"\x1b]0;liqmon ! 1 alert\x07")
        assert b"\x07\x1b]0;" in terminal.read, "the bell comes before the title"
        it._on_key("b")
        terminal.read = b""
        shown.board = raised(shown.board, replace(finding, severity=Severity.CRITICAL))
        terminal.wait_for(b"CRITICAL")
        assert b"\x07" not in terminal.read
        terminal.read = b""
    terminal.drain(0.05)
    assert b"\x1b[23;2t" in terminal.read, "the title it had is given back"


async def test_while_it_is_paused_nothing_is_drawn_and_the_bell_still_rings(
    terminal: Terminal,
) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    with view(terminal, shown) as it:
        terminal.wait_for(b"AAAUSDT")
        it._on_key("p")
        terminal.wait_for(b"PAUSED")
        terminal.drain(0.1)
        terminal.read = b""
        shown.board = raised(shown.board, replace(ONSET, market=a_market("AAA")))
        terminal.wait_for(b"liqmon ! 1 alert")
        assert b"HIGH" not in terminal.read
        terminal.resize(100, 30)
        terminal.wait_for(b"PAUSED")
        assert b"HIGH" not in terminal.read
        it._on_key("p")
        terminal.wait_for(b"HIGH")


async def test_a_terminal_that_is_full_for_a_moment_is_written_to_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Snapshots(a_board(a_row("AAA")))
    with view(terminal, shown) as it:
        terminal.wait_for(b"AAAUSDT")
        shown.error = BlockingIOError()
        it._wake.set()
        asked = shown.asked
        while shown.asked < asked + 2:
            terminal.drain(0.01)
        shown.error, shown.board = None, a_board(a_row("BBB"))
        terminal.wait_for(b"BBBUSDT")


async def test_keys_are_wishes_or_change_the_look(terminal: Terminal) -> None:
    hands = Hands()
    with view(terminal, Snapshots(a_large_board(3)), controls=hands) as it:
        for key in ("m", "t", "R", "/", "q", "esc", "down", "m", "a", "q"):
            it._on_key(key)
            if key == "m" and not it.look.selected:
                assert it.look.hint == "select a market first, with the arrows"
        hands.remarks = (Remark(NOW_MS, "COIN0USDT is muted"),)
        it._on_key("l")
        it._on_key("l")
        terminal.wait_for(b"COIN0USDT is muted")

    coin = a_market("COIN0").key
    assert hands.asked == [
        "test",
        "reload",
        f"mute {coin}",
        f"acknowledge {coin}",
        "quit",
    ]


async def test_without_utf8_the_table_is_ascii(terminal: Terminal) -> None:
    with (
        os.fdopen(os.dup(terminal.slave), "w", encoding="latin-1") as stdout,
        LiveView(
            lambda: a_board(a_row("AAA")),
            clock=SystemClock(),
            controls=Hands(pytest.fail),
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
        controls=Hands(pytest.fail),
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
