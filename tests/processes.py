"""liqmon as its user runs it: processes, in a bare environment and an empty home.

Every process that is started here is killed at the end of its block. Nothing is timed:
a wait ends when what is waited for is there, and fails with what was read instead.
"""

import asyncio
import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

PATIENCE_S: Final = 40.0
"""For a machine that does much else; a test that passes waits for a second or two."""

_WITH_TERMINAL: Final = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.executable, sys.argv[1:])\n"
)
"""Makes standard input the controlling terminal, as a shell does: keys need it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended, and all it said."""

    code: int
    out: str
    err: str

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Return the lines of ``--json``, all or those of one event."""
        return events(self.out, name)


@dataclass(slots=True)
class Running:
    """A process that was started; ``out`` and ``err`` are what it has said so far."""

    process: asyncio.subprocess.Process
    said: dict[str, bytearray] = field(
        default_factory=lambda: {"out": bytearray(), "err": bytearray()}
    )
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def out(self) -> str:
        return self.said["out"].decode()

    @property
    def err(self) -> str:
        return self.said["err"].decode()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Return the lines of ``--json`` so far, all or those of one event."""
        return events(self.out, name)

    async def until(self, reached: Callable[[], object]) -> None:
        """Wait until something is so, or the process has ended."""
        await until(reached, lambda: f"{self.out}\n{self.err}", self.process)

    async def says(self, words: str, *, times: int = 1) -> None:
        """Wait until standard output has had these words."""
        await self.until(lambda: self.out.count(words) >= times)

    async def complains(self, words: str) -> None:
        """Wait until standard error has had these words."""
        await self.until(lambda: words in self.err)

    async def ended(self) -> Finished:
        """Wait for the end of the process and of what it has said."""
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
            await asyncio.gather(*self.readers)
        return Finished(code, self.out, self.err)


@dataclass(frozen=True, slots=True)
class Shell:
    """A place to type commands: nothing is set in it but what is given."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.home / "state" / "liqmon"

    def given(self, *environs: Mapping[str, str], **more: str) -> "Shell":
        """Return the shell with more in its environment."""
        environ = dict(self.environ)
        for one in (*environs, more):
            environ |= one
        return replace(self, environ=environ)

    @asynccontextmanager
    async def liqmon(self, *arguments: str, **streams: Any) -> AsyncIterator[Running]:
        """Run a command for the length of a block; ``streams`` as for a process."""
        command = [sys.executable, "-m", "liqmon", *arguments]
        async with self.started(command, **streams) as running:
            yield running

    @asynccontextmanager
    async def on_terminal(
        self, terminal: "Terminal", *arguments: str, python: tuple[str, ...] = ()
    ) -> AsyncIterator[Running]:
        """Run a command on a terminal of its own; ``python`` gets its own options."""
        end = terminal.slave
        command = [sys.executable, "-c", _WITH_TERMINAL]
        command += [sys.executable, *python, "-m", "liqmon", *arguments]
        async with self.started(
            command, stdin=end, stdout=end, stderr=end, start_new_session=True
        ) as running:
            yield running

    async def finished(self, *arguments: str) -> Finished:
        """Run a command to its end."""
        async with self.liqmon(*arguments) as running:
            return await running.ended()

    @asynccontextmanager
    async def started(
        self, command: list[str], **streams: Any
    ) -> AsyncIterator[Running]:
        """Run any program for the length of a block."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.home,
            env=self._environment(),
            **{"stdin": subprocess.DEVNULL, "stdout": -1, "stderr": -1, **streams},
        )
        running = Running(process)
        pipes = {"out": process.stdout, "err": process.stderr}
        running.readers = [
            asyncio.create_task(_read(pipe, running.said[name]))
            for name, pipe in pipes.items()
            if pipe is not None
        ]
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await asyncio.gather(*running.readers)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "TMPDIR": str(self.home),
            # the lines that a process runs count as covered, too
            **{k: v for k, v in os.environ.items() if k.startswith("COVERAGE")},
            **self.environ,
        }


@dataclass(slots=True)
class Terminal:
    """The two ends of a pseudo-terminal; ``seen`` is what was drawn so far."""

    master: int
    slave: int
    seen: bytearray = field(default_factory=bytearray)

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)

    async def shows(self, words: bytes) -> None:
        """Wait until these words have been drawn."""
        await until(lambda: words in self.seen, lambda: repr(bytes(self.seen[-4_000:])))

    def hang_up(self) -> None:
        """Go away, as a terminal does whose window is closed."""
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        self.master = -1

    def _read(self) -> None:
        with suppress(OSError):
            self.seen += os.read(self.master, 65_536)


@contextmanager
def a_terminal(columns: int = 160, rows: int = 40) -> Iterator[Terminal]:
    """Open a pseudo-terminal that is read all the time; inside a running loop."""
    terminal = Terminal(*os.openpty())
    terminal.resize(columns, rows)
    loop = asyncio.get_running_loop()
    loop.add_reader(terminal.master, terminal._read)
    try:
        yield terminal
    finally:
        if terminal.master >= 0:
            terminal.hang_up()
        os.close(terminal.slave)


async def until(
    reached: Callable[[], object],
    told: Callable[[], str],
    process: asyncio.subprocess.Process | None = None,
) -> None:
    """Wait until something is so; fail with what was ``told`` instead.

    A process that has ended will say no more: a last look, and it fails at once.
    """
    for _ in range(round(PATIENCE_S / 0.02)):
        is_over = process is not None and process.returncode is not None
        if reached():
            return
        assert not is_over, f"the process has ended ({process}): {told()}"
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE_S:.0f} s: {told()}")


def events(text: str, name: str = "") -> list[dict[str, Any]]:
    """Return the whole lines of NDJSON in ``text``, all or those of one event."""
    whole, _, _cut = text.rpartition("\n")
    parsed = [json.loads(line) for line in whole.splitlines()]
    return [event for event in parsed if name in ("", event["event"])]


async def _read(pipe: asyncio.StreamReader, said: bytearray) -> None:
    while chunk := await pipe.read(65_536):
        said += chunk
