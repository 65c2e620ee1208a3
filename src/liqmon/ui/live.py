"""The table on a real terminal: drawn by a thread of its own, keys read by the loop.

A terminal can stop reading (a frozen ssh, a paused pane), and then whoever writes to it
stops too. So only the drawing thread ever writes; the event loop swaps the snapshot and
is never held up by a frame.
"""

import asyncio
import codecs
import logging
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot
from liqmon.ui.keys import Keys
from liqmon.ui.table import build, most_scroll

__all__ = ["LiveView", "is_ascii_only", "usable"]

log = logging.getLogger(__name__)

_FRAMES_PER_S: Final = 4.0
_STILL_S: Final = 1.0
"""Without news a frame is drawn this often: ages and countdowns tick."""

_FIRST_FRAME_S: Final = 0.5
_FAREWELL_S: Final = 1.0
"""How long to wait for a terminal that does not read; then it is left as it is."""


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

    ``snapshot`` is called from the drawing thread and must only return what is already
    there. ``on_quit`` is called on the loop when the user presses q.
    """

    def __init__(
        self,
        snapshot: Callable[[], BoardSnapshot],
        *,
        clock: Clock,
        on_quit: Callable[[], None],
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        ascii_only: bool | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._stdin = sys.stdin if stdin is None else stdin
        self._stdout = sys.stdout if stdout is None else stdout
        self._ascii = is_ascii_only(self._stdout) if ascii_only is None else ascii_only
        self._keys = Keys(on_quit=on_quit, on_scroll=self._scroll_by)
        self._scroll = 0
        self._shown: BoardSnapshot | None = None
        self._trouble = self._logged = ""
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

    def _scroll_by(self, rows: int, pages: int) -> None:
        page = max(self._console.height - 10, 1)
        most = most_scroll(self._snapshot())
        self._scroll = min(max(self._scroll + rows + pages * page, 0), most)
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
            with live:
                while not self._done.is_set():
                    self._draw(live)
        except OSError as error:
            log.warning("the terminal is gone: %s", error)

    def _draw(self, live: Live) -> None:
        try:
            live.refresh()
            self._drawn.set()
            self._wait_for_news()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001
            # A frame may fail after it was built, in a style for one: the next one
            # says so, and drawing goes on.
            self._trouble = self._report(error)

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
        self._shown = self._snapshot()
        return build(
            self._shown,
            now_mono=self._clock.monotonic(),
            now_ms=self._clock.now_ms(),
            width=self._console.width,
            height=self._console.height,
            ascii_only=self._ascii,
            scroll=self._scroll,
        )

    def _report(self, error: Exception) -> str:
        words = f"cannot draw, still watching: {error!r}"
        if words != self._logged:
            log.warning("cannot draw the table: %r", error)
            self._logged = words
        return words

    def _wait_for_news(self) -> None:
        """Return after a new snapshot, size or key, at the latest after a second."""
        size = self._console.size
        for _ in range(round(_STILL_S * _FRAMES_PER_S)):
            if self._wake.wait(1 / _FRAMES_PER_S):
                self._wake.clear()
                return
            if self._snapshot() is not self._shown or self._console.size != size:
                return
