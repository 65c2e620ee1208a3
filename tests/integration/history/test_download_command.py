"""``liqmon download`` as a user runs it, in a process of its own."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from candles import calm, end_ms
from liqmon.archive.months import shelves
from recordings import to_file

COMMAND = (sys.executable, "-m", "liqmon")
DAYS = 6
RECORDED = calm(24.0 * DAYS, timeframe_ms=60_000)
GAP = slice(5_000, 5_030)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = np.ones(len(RECORDED), dtype=np.bool_)
    kept[GAP] = False
    path = to_file(tmp_path_factory.mktemp("sim"), RECORDED.rows(kept), "BTC")
    start_ms = end_ms(RECORDED) - 90_000
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, "sim", "--data", str(path), "--start", str(start_ms)],
        stdout=subprocess.PIPE,
        text=True,
    ) as sim:
        assert sim.stdout is not None
        yield str(json.loads(sim.stdout.readline())["base_url"])
        sim.terminate()


def environment(base_url: str) -> dict[str, str]:
    return {**os.environ, "LIQMON_EXCHANGE__BASE_URL": base_url, "TERM": "xterm"}


def downloaded(
    base_url: str, root: Path, *more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "download", "BTCUSDT", "--archive", str(root), *more],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env=environment(base_url),
    )


def test_it_says_what_it_has_and_which_gaps(base_url: str, tmp_path: Path) -> None:
    done = downloaded(base_url, tmp_path, "--since", "30h")

    assert done.returncode == 0, done.stderr
    first, gap, kept = done.stdout.splitlines()
    assert first.startswith("BTCUSDT 1m on bybit: ")
    assert first.endswith(", 1 gap")
    assert gap.endswith("on: 30 missing")
    assert kept == f"  kept in {tmp_path}/bybit/BTC-USDT_USDT/1m"
    # no terminal, no bar
    assert done.stderr == ""


def test_as_json_it_is_one_object_a_market(base_url: str, tmp_path: Path) -> None:
    done = downloaded(base_url, tmp_path, "--since", "30h", "--json")

    told = json.loads(done.stdout)
    assert (told["event"], told["symbol"]) == ("download", "BTC/USDT:USDT")
    assert told["candles"] == told["fetched"] > 30 * 60
    assert told["gaps"] == [{"start_ms": int(RECORDED.open_ms[5_000]), "candles": 30}]


def test_a_market_without_a_candle_in_that_time_says_so(
    base_url: str, tmp_path: Path
) -> None:
    done = downloaded(base_url, tmp_path, "--since", "2999-01-01")

    assert done.stdout.startswith("BTCUSDT 1m on bybit: no candles")


def test_on_a_terminal_there_is_a_bar(base_url: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, "download", "BTCUSDT", "--archive", str(tmp_path), "--since", "9h"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(base_url),
    ) as process:
        os.close(theirs)
        shown = _all_of(ours)
        os.close(ours)
        process.communicate(timeout=60)

    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert process.returncode == 0
    assert "BTCUSDT 1m" in text
    assert "candles" in text
    assert "100%" in text


def test_sigterm_ends_it_with_143(base_url: str, tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, "download", "BTCUSDT", "--archive", str(tmp_path), "--since", "90d"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(base_url) | {"LIQMON_EXCHANGE__IDS": '["binance"]'},
    ) as process:
        assert process.stderr is not None
        # the warning that binance is binanceusdm: from here on it downloads
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 143


def test_an_exchange_that_is_away_ends_with_3_and_how_to_go_on(tmp_path: Path) -> None:
    # port 9 is "discard": nothing listens there
    done = downloaded("http://127.0.0.1:9", tmp_path, "--since", "1h")

    assert done.returncode == 3
    assert "the same command goes on from there" in done.stderr
    assert "error: " in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--since", "soon"], "--since soon: no time that can be read"),
        (["--timeframe", "7m"], "watch.timeframe"),
        (["NOPEUSDT"], "NOPEUSDT"),
    ],
)
def test_what_cannot_be_understood_ends_with_2(
    base_url: str, tmp_path: Path, more: list[str], said: str
) -> None:
    done = downloaded(base_url, tmp_path, *more)

    assert done.returncode == 2
    assert said in done.stderr
    assert shelves(tmp_path) == []


def _all_of(terminal: int) -> str:
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            return shown.decode()
        if not part:
            return shown.decode()
        shown += part


def test_without_a_name_and_without_settings_there_is_nothing_to_do(
    base_url: str, tmp_path: Path
) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "download", "--archive", str(tmp_path)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment(base_url) | {"XDG_CONFIG_HOME": str(tmp_path)},
    )

    assert done.returncode == 2
    assert "no market to download" in done.stderr
