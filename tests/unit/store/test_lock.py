"""One run per state directory."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liqmon.errors import AlreadyRunning, UserError
from liqmon.store.lock import RunLock, ready_directory

HOLDER = """
import sys
from pathlib import Path
from liqmon.store.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock in a process of its own."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", HOLDER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_second_run_is_told_which_one_is_first(tmp_path: Path) -> None:
    with (
        RunLock(tmp_path),
        pytest.raises(AlreadyRunning, match=rf"\(process {os.getpid()}\) uses"),
    ):
        RunLock(tmp_path).acquire()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    first.acquire()
    first.release()
    first.release()

    with RunLock(tmp_path):
        pass


def test_p06_a_lock_is_gone_with_its_holder_however_it_died(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(AlreadyRunning, match=rf"\(process {process.pid}\)"):
            RunLock(tmp_path).acquire()
        process.send_signal(signal.SIGKILL)
        process.wait()

        with RunLock(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("left", [b"", b"\xff\xfe nonsense", b"12 34"])
def test_a_holder_without_a_readable_name_is_still_one(
    tmp_path: Path, left: bytes
) -> None:
    with RunLock(tmp_path):
        (tmp_path / "lock").write_bytes(left)
        with pytest.raises(AlreadyRunning, match="another run uses"):
            RunLock(tmp_path).acquire()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("somebody's file")
    (tmp_path / "lock").symlink_to(elsewhere)

    with pytest.raises(UserError, match="cannot write in the state directory"):
        RunLock(tmp_path).acquire()
    assert elsewhere.read_text() == "somebody's file"


def test_the_directory_and_the_lock_are_for_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "made" / "on demand"
    with RunLock(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / "lock").stat().st_mode) == 0o600


def test_a_directory_that_cannot_be_made_is_the_users_to_change(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot make the state directory") as caught:
        ready_directory(tmp_path / "file" / "below")
    assert "LIQMON_STATE_DIR" in caught.value.hint


def test_p08_a_read_only_directory_is_the_users_to_change(read_only: Path) -> None:
    with pytest.raises(UserError, match="lock: Permission denied") as caught:
        RunLock(read_only).acquire()
    assert "--state-dir" in caught.value.hint
