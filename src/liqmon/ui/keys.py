"""Single keys from the terminal, and the terminal as it was afterwards."""

import asyncio
import logging
import os
import re
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

__all__ = ["Keys"]

log = logging.getLogger(__name__)

_SCROLL: Final = {
    b"\x1b[A": (-1, 0),
    b"\x1bOA": (-1, 0),
    b"k": (-1, 0),
    b"\x1b[B": (1, 0),
    b"\x1bOB": (1, 0),
    b"j": (1, 0),
    b"\x1b[5~": (0, -1),
    b"\x1b[6~": (0, 1),
    b" ": (0, 1),
}
"""Key to rows and pages; terminals send CSI or SS3 sequences for the arrows."""

_ONE_KEY = re.compile(rb"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|.", re.DOTALL)
_LFLAG, _IFLAG = 3, 0


class Keys:
    """q calls ``on_quit``; arrows and page keys call ``on_scroll`` (rows, pages)."""

    def __init__(
        self, *, on_quit: Callable[[], None], on_scroll: Callable[[int, int], None]
    ) -> None:
        self._on_quit = on_quit
        self._on_scroll = on_scroll

    @contextmanager
    def reading(self, loop: asyncio.AbstractEventLoop, stdin: TextIO) -> Iterator[None]:
        """Read keys while entered; without a terminal of our own, do nothing."""
        if not _is_ours(stdin):
            yield
            return
        fd = stdin.fileno()
        before = termios.tcgetattr(fd)
        try:
            _set_single_keys(fd)
            loop.add_reader(fd, self._read, loop, fd)
            yield
        finally:
            loop.remove_reader(fd)
            # A terminal that hung up has no modes any more. NOW, not DRAIN: draining
            # waits for one that may not read.
            with suppress(termios.error):
                termios.tcsetattr(fd, termios.TCSANOW, before)

    def _read(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        try:
            pressed = os.read(fd, 64)
        except OSError as error:
            log.warning("no more keys: %s", error)
            pressed = b""
        if not pressed:
            loop.remove_reader(fd)  # the terminal is gone and readable for ever
        for key in _ONE_KEY.findall(pressed):
            if key in (b"q", b"Q"):
                self._on_quit()
            elif key in _SCROLL:
                self._on_scroll(*_SCROLL[key])


def _is_ours(stdin: TextIO) -> bool:
    """Tell whether we are in the foreground of a terminal.

    Changing the modes from the background stops the process (SIGTTOU).
    """
    try:
        return stdin.isatty() and os.tcgetpgrp(stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _set_single_keys(fd: int) -> None:
    """Switch line editing, echo and Ctrl-S off; Ctrl-C and Ctrl-Z go on working."""
    mode = termios.tcgetattr(fd)
    mode[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
    mode[_IFLAG] &= ~termios.IXON
    termios.tcsetattr(fd, termios.TCSANOW, mode)
