"""How a command ends: an exit code, and an error that says what to do.

====  ==================================================================
code  meaning
====  ==================================================================
0     worked, alerts or not; also ``q`` or Ctrl-C in ``watch``
1     unexpected failure
2     usage or configuration
3     no symbol could be evaluated
4     an alert could not be delivered
5     some symbols failed (only with ``--strict``)
10    findings (only with ``--exit-code``)
75    another run holds the lock
130   Ctrl-C in a one-shot
143   SIGTERM
====  ==================================================================
"""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final, TextIO

from liqmon.errors import AlreadyRunning, FeedError, LiqmonError, UserError
from liqmon.webhook import scrubbed

__all__ = ["ExitCode", "exit_code", "guarded", "show", "worst"]


class ExitCode(IntEnum):
    """What the shell, cron or systemd is told."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NO_DATA = 3
    UNDELIVERED = 4
    PARTIAL = 5
    FINDINGS = 10
    LOCKED = 75
    INTERRUPTED = 130
    TERMINATED = 143


_RANK: Final = (
    # a signal replaces everything; then what kept the run from starting
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.LOCKED,
    ExitCode.FAILED,
    ExitCode.NO_DATA,
    ExitCode.UNDELIVERED,
    ExitCode.PARTIAL,
    ExitCode.FINDINGS,
    ExitCode.OK,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one code of several that counts; OK when there are none."""
    return min(codes, key=_RANK.index, default=ExitCode.OK)


def exit_code(error: LiqmonError) -> ExitCode:
    """Return the code of a run that ended by this error."""
    match error:
        case UserError():
            return ExitCode.USAGE
        case AlreadyRunning():
            return ExitCode.LOCKED
        case FeedError():
            return ExitCode.NO_DATA
        case _:
            return ExitCode.FAILED


def show(error: LiqmonError, stream: TextIO) -> None:
    """Write ``error: what`` and ``hint: what to do``, without a traceback."""
    lines = [f"error: {error}"]
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    # split again: the message of a settings error has a line for every problem
    stream.writelines(f"{_plain(line)}\n" for line in "\n".join(lines).split("\n"))


def guarded(run: Callable[[], object]) -> int:
    """Run a command and return its exit code, whatever happened in it."""
    for stream in (sys.stdout, sys.stderr):
        # PYTHONIOENCODING=ascii must not turn a block glyph into a crash
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
    try:
        return _flushed(_outcome(run))
    except BrokenPipeError:
        # `liqmon ... | head` is no failure
        _discard_output()
        return ExitCode.OK


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # a terminal whose window was closed takes nothing any more: no failure
        if error.errno != errno.EIO:
            return _unwritten(error)
        _discard_output()
    return code


def _unwritten(error: OSError) -> int:
    _discard_output()
    sys.stderr.write(f"error: cannot write the output: {error.strerror}\n")
    return ExitCode.FAILED


def _discard_output() -> None:
    """Send what is left to the null device: the flush at exit must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _outcome(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            # typer has swallowed it and ends with 1
            raise BrokenPipeError from None
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except BaseExceptionGroup as group:
        return _group_outcome(group)
    except Exception as error:  # noqa: BLE001
        # The last edge: Python's own traceback would show what ``_bug`` scrubs.
        return _error_outcome(error)
    return ExitCode.OK


def _error_outcome(error: Exception) -> int:
    match error:
        case LiqmonError():
            show(error, sys.stderr)
            return exit_code(error)
        case OSError(errno=errno.ENOSPC):
            return _unwritten(error)
        case _:
            return _bug(error)


def _group_outcome(group: BaseExceptionGroup[BaseException]) -> int:
    """A TaskGroup wraps what its tasks raise, however deep."""
    ours, others = group.split(LiqmonError)
    if others is not None:
        return _bug(others)
    errors = list(_leaves(ours)) if ours is not None else []
    for error in errors:
        show(error, sys.stderr)
    return worst(map(exit_code, errors))


def _leaves(group: BaseExceptionGroup[LiqmonError]) -> Iterable[LiqmonError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _bug(error: BaseException) -> int:
    # scrubbed: the errors of an HTTP library quote the address, token included
    sys.stderr.write(scrubbed("".join(traceback.format_exception(error))))
    sys.stderr.write(
        "error: this is a fault in liqmon; please report the lines above\n"
    )
    return ExitCode.FAILED


def _plain(line: str) -> str:
    """Return a line that cannot move the cursor or show a token."""
    return scrubbed(
        "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
    )
