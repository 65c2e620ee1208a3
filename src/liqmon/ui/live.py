"""The table on a real terminal: drawn by a thread of its own, keys read by the loop.

A terminal can stop reading (a frozen ssh, a paused pane), and then whoever writes to it
stops too. So only the drawing thread ever writes; the event loop swaps the snapshot and
the look, and is never held up by a frame.
"""

import asyncio
import codecs
import logging
import os
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.live import Live
from rich.text import Text

from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot
from liqmon.ui.bell import rings, title
from liqmon.ui.controls import Controls
from liqmon.ui.keys import Keys
from liqmon.ui.look import Look, arranged, frames_per_s
from liqmon.ui.panes import LogLine
from liqmon.ui.pressing import WISHES, pressed, wish
from liqmon.ui.table import build, page

__all__ = ["LiveView", "is_ascii_only", "usable"]

log = logging.getLogger(__name__)

_STILL_S: Final = 1.0
"""Without news a frame is drawn this often: ages and countdowns tick."""

_KEY_S: Final = 0.05
"""A key that is held down does not draw more often than this."""

_AGAIN_S: Final = 0.25
"""How soon it is tried again after a frame that failed."""

_FIRST_FRAME_S: Final = 0.5
_FAREWELL_S: Final = 1.0
"""How long to wait for a terminal that does not read; then it is left as it is."""

_KEEP_TITLE: Final = "\x1b[22;2t"
_TITLE_BACK: Final = "\x1b[23;2t"
"""The terminal keeps the title that it had (xterm's window operations; tmux too)."""


def usable(stdout: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether a live table belongs there: a terminal, not dumb, not CI."""
    terminal = environ.get("TERM", "")
    return stdout.isatty() and terminal not in ("", "dumb") and not environ.get("CI")


def is_ascii_only(stdout: TextIO) -> bool:
    """Tell whether the stream cannot carry the glyphs of the table."""
    try:
        return codecs.lookup(stdout.encoding or "ascii").name != "utf-8"
    except LookupError:
        return True


class LiveView:
    """Shows ``snapshot()`` while it is entered; inside a running event loop.

    ``snapshot`` and ``log_lines`` are called from the drawing thread and must only
    return what is already there. ``controls`` carries out what keys ask for. ``look``
    is how the table looks now: what the keys have made of the first one.
    """

    def __init__(
        self,
        snapshot: Callable[[], BoardSnapshot],
        *,
        controls: Controls,
        clock: Clock,
        log_lines: Callable[[], Sequence[LogLine]] = tuple,
        look: Look | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        ascii_only: bool | None = None,
    ) -> None:
        self.look = look or Look()
        self._snapshot = snapshot
        self._controls = controls
        self._clock = clock
        self._log_lines = log_lines
        self._stdin = sys.stdin if stdin is None else stdin
        self._stdout = sys.stdout if stdout is None else stdout
        self._ascii = is_ascii_only(self._stdout) if ascii_only is None else ascii_only
        self._keys = Keys(self._on_key)
        self._heard = self._board = snapshot()
        self._moment = clock.monotonic(), clock.now_ms()
        self._title = self._trouble = self._logged = ""
        # Forced: a terminal that hung up is none any more, and rich would then draw
        # nothing, without a word, where it should fail.
        self._console = Console(
            file=self._stdout, highlight=False, markup=False, force_terminal=True
        )
        self._wake = threading.Event()
        self._drawn = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(
            target=self._draw_until_done, name="liqmon-table", daemon=True
        )
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        self._undo.callback(self._farewell)
        try:
            self._undo.enter_context(
                self._keys.reading(asyncio.get_running_loop(), self._stdin)
            )
            self._thread.start()
        except BaseException:
            # An interrupt too: what was not entered is not left by ``__exit__``, and
            # the terminal would stay in its other mode.
            self._undo.close()
            raise
        # Bounded: whoever comes next may import for half a second, and the first
        # frame should stand by then.
        self._drawn.wait(_FIRST_FRAME_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()

    # on the event loop

    def _on_key(self, key: str) -> None:
        board, look = self._snapshot(), self.look
        if key in WISHES and not look.is_typing:
            row = board.rows.get(look.selected)
            market = None if row is None else row.market
            hint = wish(self._controls, key, market)
            self.look = replace(look, hint=hint)
        else:
            size = self._console.size
            fits = page(board, look, width=size.width, height=size.height)
            self.look = pressed(look, key, arranged(board, look), page=fits)
        self._wake.set()

    def _farewell(self) -> None:
        self._done.set()
        self._wake.set()
        if not self._thread.is_alive():
            return
        self._thread.join(_FAREWELL_S)
        if self._thread.is_alive() and self._stdout.isatty():
            # Nobody reads: throw away what waits, so that the last words get through.
            termios.tcflush(self._stdout.fileno(), termios.TCOFLUSH)
            self._thread.join(_FAREWELL_S)

    # in the drawing thread

    def _draw_until_done(self) -> None:
        live = Live(
            console=self._console,
            get_renderable=self._frame,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        try:
            self._size()
            self._stdout.write(_KEEP_TITLE)
            with live:
                while not self._done.is_set():
                    self._draw(live)
            self._stdout.write(_TITLE_BACK)
            self._stdout.flush()
        except OSError as error:
            log.warning("the terminal is gone: %s", error)

    def _draw(self, live: Live) -> None:
        try:
            live.refresh()
            self._drawn.set()
            self._announce()
            self._wait_for_news()
        except BlockingIOError:
            # somebody else made the terminal non-blocking, and it is full
            self._done.wait(_AGAIN_S)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001
            # A frame may fail after it was built, in a style for one: the next one
            # says so, and drawing goes on.
            self._trouble = self._report(error)
            self._done.wait(_AGAIN_S)

    def _announce(self) -> None:
        """Ring for what is new, and say in the title how much is going on."""
        before, self._heard = self._heard, self._snapshot()
        now_mono = self._clock.monotonic()
        if self.look.has_bell and rings(before, self._heard, now_mono):
            self._console.bell()
        told = title(self._heard, now_mono)
        if told != self._title:
            self._console.set_window_title(told)
            self._title = told

    def _frame(self) -> RenderableType:
        trouble, self._trouble = self._trouble, ""
        if trouble:
            return Text(trouble, style="red")
        try:
            return self._built()
        except Exception as error:  # noqa: BLE001
            # A bug in drawing must not look like a quiet market.
            return Text(self._report(error), style="red")

    def _built(self) -> RenderableType:
        look, size = self.look, self._size()
        if not look.is_held:
            self._board = self._snapshot()
            self._moment = self._clock.monotonic(), self._clock.now_ms()
        now_mono, now_ms = self._moment
        return build(
            self._board,
            now_mono=now_mono,
            now_ms=now_ms,
            width=size.width,
            height=size.height,
            ascii_only=self._ascii,
            look=look,
            remarks=self._controls.remarks,
            log=self._log_lines(),
        )

    def _size(self) -> ConsoleDimensions:
        """Note how large the terminal is now, so that a frame has but one size."""
        size = self._real_size()
        if size is not None:
            self._console.size = size
        return self._console.size

    def _real_size(self) -> ConsoleDimensions | None:
        try:
            columns, lines = os.get_terminal_size(self._stdout.fileno())
        except (OSError, ValueError):
            return None
        # a pseudo-terminal that nobody gave a size says 0
        return ConsoleDimensions(columns, lines) if columns and lines else None

    def _report(self, error: Exception) -> str:
        words = f"cannot draw, still watching: {error!r}"
        if words != self._logged:
            log.warning("cannot draw the table: %r", error)
            self._logged = words
        return words

    def _wait_for_news(self) -> None:
        """Return when a frame is due: news, a new size, a key, or a second has passed.

        While the drawing is paused only a key or a new size is a reason.
        """
        if self._wake.is_set():
            self._done.wait(_KEY_S)
        pause_s = 1 / frames_per_s(self.look, len(self._board.rows))
        waited_s = 0.0
        while not self._wake.wait(pause_s):
            waited_s += pause_s
            if self._is_due(waited_s):
                return
        self._wake.clear()

    def _is_due(self, waited_s: float) -> bool:
        if self._real_size() not in (None, self._console.size):
            return True
        if self.look.is_held:
            self._announce()
            return False
        is_still = self._snapshot() is self._board
        return not is_still or waited_s >= _STILL_S
