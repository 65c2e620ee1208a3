"""One run per state directory.

The lock is the kernel's (``flock``): it is gone the moment its holder is, however it
died. The file it lies on stays, with the holder's process id for the message.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from liqmon.errors import AlreadyRunning, UserError

__all__ = ["RunLock", "ready_directory", "running_pid"]

_LOCK: Final = "lock"


class RunLock:
    """Held from ``acquire`` to ``release``, or for a ``with`` block."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _LOCK
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock without waiting.

        Raises:
            AlreadyRunning: another run holds it.
            UserError: the directory or the lock file cannot be used.
        """
        ready_directory(self._path.parent)
        descriptor = _opened(self._path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise AlreadyRunning(
                f"another run{holder} uses {self._path.parent}"
            ) from error
        self._descriptor = descriptor
        # The id only makes a message better: a full disk must not forbid the run.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next run in; does nothing where the lock is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def running_pid(directory: Path) -> int | None:
    """Return the process id of the run that holds the lock, None if there is none.

    The lock itself is only touched where a process of that id exists: a probe must not
    stand in the way of a run that begins at this very moment.
    """
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        pid = _holder_id(descriptor)
        is_held = pid is not None and _exists(pid) and _is_locked(descriptor)
        return pid if is_held else None
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ready_directory(directory: Path) -> None:
    """Make sure that ``directory`` is there, for its owner only.

    Raises:
        UserError: it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fault = (
            "there is a file of that name"
            if isinstance(error, FileExistsError)
            else error.strerror
        )
        raise UserError(
            f"cannot make the state directory {directory}: {fault}",
            hint="name another one with --state-dir or LIQMON_STATE_DIR",
        ) from error


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot write in the state directory {path.parent}: "
            f"{path.name}: {error.strerror}",
            hint="name another one with --state-dir or LIQMON_STATE_DIR",
        ) from error


def _holder(descriptor: int) -> str:
    pid = _holder_id(descriptor)
    return "" if pid is None else f" (process {pid})"


def _holder_id(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    # 0 and 1 would be a process group and init
    return int(text) if text.isdecimal() and int(text) > 1 else None
