"""Rows P14 to P20 of the fault matrix, as far as they take a process of its own.

The rest of them stand where they are built: P14 also in ``unit/cli/test_errors`` and
``test_terminal``, P17 in ``unit/monitor`` (a rule, a listener) and in
``unit/ui/test_live`` (drawing), P19 in ``unit/monitor/test_supervisor``, P20 in
``unit/test_logs``, P16 in ``integration/test_memory``.
"""

import os
import resource
import signal
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from processes import Running, Shell
from stages import CALM_MS, FALLEN_MS, Stage, a_stage

QUICK = {
    "LIQMON_HEALTH__STATUS_INTERVAL_S": "1",
    "LIQMON_RETRY__ATTEMPTS": "1",
    "LIQMON_WATCH__POLL_INTERVAL_S": "1",
}


def in_shell(script: str, *arguments: str) -> list[str]:
    """Return a command that runs liqmon as ``"$@"`` of a shell's script."""
    return ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "liqmon", *arguments]


def descriptors(running: Running) -> int:
    """Return how many files and connections a process has open."""
    return len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))


def statuses(running: Running) -> list[str]:
    """Return the status lines so far."""
    return [line for line in running.out.splitlines() if " raised 0" in line]


async def asked_meanwhile(running: Running, stage: Stage) -> int:
    """Return how often the exchange is asked until the second status line from now."""
    asked, lines = len(stage.server.requests), len(statuses(running))
    await running.until(lambda: len(statuses(running)) > lines + 1)
    return len(stage.server.requests) - asked


def a_full_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that takes not a byte more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4_096)
    os.set_blocking(writer, True)
    return reader, writer


async def test_p14_with_all_streams_closed_a_finding_is_delivered(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        command = in_shell('exec "$@" <&- >&- 2>&-', "check", "BTCUSDT", "--exit-code")
        async with shell.started(command) as running:
            ended = await running.ended()

        assert (ended.code, ended.out, ended.err) == (10, "", "")
        assert len(stage.arrived()) == 2
    # nothing was printed into the file that came next
    with closing(sqlite3.connect(shell.state / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
async def test_p14_a_closed_stream_is_like_the_null_device(
    shell: Shell, closed: str
) -> None:
    command = in_shell(f'exec "$@" {closed}', "config", "validate")
    async with shell.started(command) as running:
        ended = await running.ended()

    said = "" if closed == ">&-" else "no settings file; the defaults: ok\n"
    assert (ended.code, ended.out, ended.err) == (0, said, "")


async def test_p14_a_pipe_that_is_full_stops_neither_the_watch_nor_its_end(
    shell: Shell,
) -> None:
    reader, writer = a_full_pipe()
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("watch", "BTCUSDT", "--json", stdout=writer) as running:
            os.close(writer)
            await running.until(lambda: len(stage.arrived()) == 2)
            polls = len(stage.server.requests)
            await running.until(lambda: len(stage.server.requests) > polls + 4)
            running.process.terminate()
            ended = await running.ended()
    os.close(reader)

    assert ended.code == 143
    assert "Traceback" not in ended.err


def limit_descriptors(running: Running, most: int) -> None:
    """Let a process open no more than so many, whatever it has open."""
    pid, kind = running.process.pid, resource.RLIMIT_NOFILE
    resource.prlimit(pid, kind, (most, resource.prlimit(pid, kind)[1]))


async def starve(running: Running, stage: Stage) -> None:
    """Let no descriptor be opened any more, and break the connections there are."""
    limit_descriptors(running, 3)
    stage.let("reset")
    while await asked_meanwhile(running, stage):
        pass
    stage.let()
    assert await asked_meanwhile(running, stage) == 0


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
async def test_p15_p18_without_network_or_descriptors_it_waits_and_recovers(
    shell: Shell,
) -> None:
    """Its lines go into an ASCII pipe without colours, for P14."""
    port = a_free_port()
    root = {"LIQMON_EXCHANGE__BASE_URL": f"http://127.0.0.1:{port}"}
    plain = {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "FORCE_COLOR": "1"}
    shell = shell.given(root, QUICK, plain)
    command = in_shell('ulimit -n 64; exec "$@"', "watch", "BTCUSDT", "ETHUSDT")
    async with shell.started(command) as running:
        # P18: the network comes up after it does
        await running.says("bybit: feed unavailable")
        async with a_stage(CALM_MS, port=port) as stage:
            await running.says("2 markets: 2 ok")

            # P15: the connections that there are serve all polls
            before, polls = descriptors(running), len(stage.server.requests)
            await running.until(lambda: len(stage.server.requests) > polls + 12)
            assert descriptors(running) <= before < 64

            await starve(running, stage)
            assert running.process.returncode is None

            limit_descriptors(running, 64)
            polls = len(stage.server.requests)
            await running.until(lambda: len(stage.server.requests) > polls + 4)
            lines = len(statuses(running))
            await running.until(lambda: len(statuses(running)) > lines + 1)
            assert "2 markets: 2 ok" in statuses(running)[-1]
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

    assert ended.code == 0
    assert "bybit: feed unavailable" in ended.out
    assert "Traceback" not in ended.err
    assert ended.out.isascii()
    assert "\x1b" not in ended.out
