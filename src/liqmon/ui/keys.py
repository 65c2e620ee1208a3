"""Single keys from the terminal, and the terminal as it was afterwards."""

import asyncio
import codecs
import logging
import os
import re
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

__all__ = ["Keys"]

log = logging.getLogger(__name__)

_NAMES: Final = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "pgup",
    "\x1b[6~": "pgdn",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\x1b": "esc",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
}
"""What terminals send for the keys that are no character: CSI or SS3 sequences."""

_ONE_KEY: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[A-Z]"
    r"|\x1b[PX\]^_][^\x1b\x07]*(?:\x07|\x1b\\)|\x1b[^\x1b\[O]|.",
    re.DOTALL,
)
"""A sequence, a string, a key pressed together with Alt, or a character.

Strings, and sequences with a ``?``, are what a terminal answers to whoever asked before
us; taken for keys, they would mute markets and send test messages.
"""

_BEGUN: Final = re.compile(r"\x1b(\[[0-?]*[ -/]*|O|[PX\]^_][^\x1b\x07]*\x1b?)?\Z")

_ESC_S: Final = 0.05
"""A sequence that a slow line tore apart is whole again by then; Esc stands alone."""

_LOOK_S: Final = 0.5
"""How often it is looked whether the shell has moved us to the back or the front."""

_LFLAG, _IFLAG = 3, 0


class Keys:
    """Calls ``on_key`` on the loop: with a character, or ``up``, ``enter``, ``esc``."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        self._on_key = on_key
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._begun = ""
        self._waiting: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._before: list[Any] | None = None

    @contextmanager
    def reading(self, loop: asyncio.AbstractEventLoop, stdin: TextIO) -> Iterator[None]:
        """Read keys while entered and in the foreground of a terminal."""
        if not _is_terminal(stdin):
            yield
            return
        fd = stdin.fileno()
        try:
            self._look(loop, fd)
            yield
        finally:
            for timer in (self._looking, self._waiting):
                if timer is not None:
                    timer.cancel()
            loop.remove_reader(fd)
            self._restore(fd)

    def _look(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        """Read while we are in the foreground: a shell's ``&``, ``bg`` and ``fg``.

        Whoever touches the terminal from the background is stopped (SIGTTOU, SIGTTIN).
        """
        if _is_ours(fd):
            with suppress(termios.error):
                self._take(fd)
            loop.add_reader(fd, self._read, loop, fd)
        else:
            loop.remove_reader(fd)
        self._looking = loop.call_later(_LOOK_S, self._look, loop, fd)

    def _take(self, fd: int) -> None:
        """Switch line editing, echo and Ctrl-S off; Ctrl-C and Ctrl-Z go on working."""
        mode = termios.tcgetattr(fd)
        if self._before is None:
            self._before = list(mode)
        mode[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
        mode[_IFLAG] &= ~termios.IXON
        if mode != termios.tcgetattr(fd):
            termios.tcsetattr(fd, termios.TCSANOW, mode)

    def _restore(self, fd: int) -> None:
        if self._before is None or not _is_ours(fd):
            return
        # A terminal that hung up has no modes any more. NOW, not DRAIN: draining
        # waits for one that may not read.
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSANOW, self._before)

    def _read(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        if not _is_ours(fd):
            loop.remove_reader(fd)
            return
        try:
            pressed = os.read(fd, 64)
        except OSError as error:
            log.warning("no more keys: %s", error)
            pressed = b""
        if not pressed:
            loop.remove_reader(fd)  # the terminal is gone and readable for ever
        self._feed(loop, self._decoder.decode(pressed))

    def _feed(self, loop: asyncio.AbstractEventLoop, text: str) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun else ""
        self._tell(text.removesuffix(self._begun))
        if self._begun:
            self._waiting = loop.call_later(_ESC_S, self._flush)

    def _flush(self) -> None:
        text, self._begun = self._begun, ""
        self._tell(text)

    def _tell(self, text: str) -> None:
        for key in _ONE_KEY.findall(text):
            if key in _NAMES or len(key) == 1:
                self._on_key(_NAMES.get(key, key))


def _is_terminal(stdin: TextIO) -> bool:
    try:
        return stdin.isatty() and stdin.fileno() >= 0
    except (OSError, ValueError):
        return False


def _is_ours(fd: int) -> bool:
    """Tell whether we are in the foreground of a terminal."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
