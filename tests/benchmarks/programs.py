"""liqmon as a process of its own: put on a terminal and looked at from outside."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LIQMON = (sys.executable, "-m", "liqmon")

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGES_PER_MIB = 1024 * 1024 / os.sysconf("SC_PAGE_SIZE")


def usage(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Return the seconds of a core used so far, and the MiB resident now: proc(5)."""
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    # from field 3 on: the second, a name in brackets, may hold anything
    fields = stat.rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return cpu_s, int(fields[21]) / _PAGES_PER_MIB


@contextmanager
def on_terminal(
    command: Sequence[str], directory: Path, settings: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command until the block ends; yields it and where its screen is read.

    It sees no settings but these, and its standard error is a pipe.
    """
    # under CI no table would be drawn
    kept = {k: v for k, v in os.environ.items() if k != "CI" and "LIQMON" not in k}
    places = {"XDG_CONFIG_HOME": str(directory), "LIQMON_STATE_DIR": str(directory)}
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=directory,
        env={**kept, **places, "TERM": "xterm-256color", **settings},
    )
    os.close(terminal)
    try:
        yield process, screen
    finally:
        process.kill()
        process.communicate()
        os.close(screen)
