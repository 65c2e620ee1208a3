"""``liqmon watch`` on a terminal: the table, the keys, and what is left behind."""

import json
import re
import signal
import termios

import pytest

from processes import Shell, Terminal, a_terminal
from stages import CALM_MS, FALLEN_MS, a_stage

ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
COLOUR = re.compile(rb"\x1b\[[\d;]*3[0-8]")
XTERM = {"TERM": "xterm-256color"}


def assert_restored(terminal: Terminal, before: list[object]) -> None:
    assert terminal.modes() == before
    assert terminal.seen.rfind(BACK) > terminal.seen.rfind(ALTERNATE) >= 0
    assert terminal.seen.rfind(SHOW_CURSOR) > terminal.seen.rfind(HIDE_CURSOR) >= 0


@pytest.mark.parametrize("columns", [160, 80])
async def test_q_quits_and_leaves_the_terminal_as_it_was(
    shell: Shell, columns: int
) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal(columns, 24) as terminal:
            before = terminal.modes()
            async with shell.on_terminal(terminal, "watch", "BTCUSDT") as running:
                await terminal.shows(b"HIGH")
                assert not terminal.modes()[3] & (termios.ICANON | termios.ECHO)
                terminal.press(b"q")
                ended = await running.ended()
                await terminal.shows(b"2 delivered, 0 undelivered")

            assert ended.code == 0
            assert_restored(terminal, before)
            assert COLOUR.search(terminal.seen)


async def test_keys_steer_the_watch_and_the_order_is_remembered(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal() as terminal:
            async with shell.on_terminal(
                terminal, "watch", "BTCUSDT", "ETHUSDT"
            ) as running:
                await terminal.shows(b"HIGH")
                await terminal.shows(b"liqmon ! 1 alert")
                terminal.press(b"t")
                await terminal.shows(b"test message: delivered")
                assert any("TEST" in text for text in stage.arrived())
                terminal.press(b"m")
                await terminal.shows(b"select a market first")
                terminal.press(b"jm")
                await terminal.shows(b"BTCUSDT is muted for 30 min")
                await terminal.shows(b"1 muted")
                terminal.press(b"ma")
                await terminal.shows(b"BTCUSDT speaks again")
                await terminal.shows(b"BTCUSDT: acknowledged")
                await terminal.shows(b"\x1b]0;liqmon\x07")
                terminal.press(b"R")
                await terminal.shows(b"settings reloaded")
                terminal.press(b"\rsb")
                await terminal.shows(b"an hour ago")
                await terminal.shows(b"the bell is off")
                terminal.press(b"l")
                await terminal.shows(b"info cli.watching: settings reloaded")
                terminal.press(b"q")
                assert (await running.ended()).code == 0

    kept = json.loads((shell.state / "table.json").read_text())
    assert kept == {"sort": "config", "reversed": False, "bell": False}


@pytest.mark.parametrize("code", [143, 0], ids=["sigterm", "ctrl-c"])
async def test_p01_a_signal_leaves_the_terminal_as_it_was(
    shell: Shell, code: int
) -> None:
    async with a_stage(CALM_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal() as terminal:
            before = terminal.modes()
            async with shell.on_terminal(terminal, "watch", "ETHUSDT") as running:
                await terminal.shows(b"ETHUSDT")
                if code:
                    running.process.terminate()
                else:
                    terminal.press(b"\x03")
                ended = await running.ended()
                await terminal.shows(b"ran ")

            assert ended.code == code
            assert_restored(terminal, before)
            assert b"Traceback" not in terminal.seen


async def test_a_terminal_that_is_gone_ends_it(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal() as terminal:
            async with shell.on_terminal(terminal, "watch", "BTCUSDT") as running:
                await terminal.shows(b"HIGH")
                await running.until(lambda: len(stage.arrived()) == 2)
                terminal.hang_up()
                ended = await running.ended()

    assert ended.code == 0


async def test_an_error_is_shown_on_a_terminal_as_it_was(shell: Shell) -> None:
    async with a_stage(CALM_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal() as terminal:
            before = terminal.modes()
            async with shell.on_terminal(terminal, "watch", "BTCUSTD") as running:
                ended = await running.ended()
                await terminal.shows(b"did you mean BTCUSDT?")

            assert ended.code == 2
            assert_restored(terminal, before)
            last_words = terminal.seen[terminal.seen.rfind(BACK) :]
            assert b"error: 'BTCUSTD' is no perpetual on bybit" in last_words
            assert b"Traceback" not in terminal.seen


async def test_the_first_frame_is_drawn_before_ccxt_is_imported(shell: Shell) -> None:
    # each import is told where the frames go, once it is done
    python = ("-X", "importtime")
    async with a_stage(CALM_MS) as stage:
        shell = shell.given(stage.environ, XTERM)
        with a_terminal() as terminal:
            async with shell.on_terminal(
                terminal, "watch", "BTCUSDT", python=python
            ) as running:
                await terminal.shows(b" ccxt.async_support")
                terminal.press(b"q")
                assert (await running.ended()).code == 0

    first_of_ccxt = re.search(rb"\| +ccxt", terminal.seen)
    assert first_of_ccxt is not None
    assert 0 <= terminal.seen.find(b"connecting") < first_of_ccxt.start()


async def test_p14_no_color_takes_the_colours_and_nothing_else(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, XTERM, NO_COLOR="1")
        with a_terminal() as terminal:
            async with shell.on_terminal(terminal, "watch", "BTCUSDT") as running:
                await terminal.shows(b"MEDIUM")
                terminal.press(b"q")
                assert (await running.ended()).code == 0

    assert ALTERNATE in terminal.seen
    assert not COLOUR.search(terminal.seen)


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, XTERM | {"CI": "true"}], ids=["dumb", "ci"]
)
async def test_p14_where_no_table_can_be_drawn_there_are_lines(
    shell: Shell, environ: dict[str, str]
) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, environ)
        with a_terminal() as terminal:
            async with shell.on_terminal(terminal, "watch", "BTCUSDT") as running:
                await terminal.shows(b"BTCUSDT long liquidations MEDIUM: ")
                running.process.send_signal(signal.SIGINT)
                assert (await running.ended()).code == 0

    assert b"\x1b" not in terminal.seen
