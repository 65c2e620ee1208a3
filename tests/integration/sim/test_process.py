"""``liqmon sim`` as a user runs it."""

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

COMMAND = (sys.executable, "-m", "liqmon", "sim")


def started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


def refused(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return done.stderr


def candles(path: Path, symbol: str) -> Path:
    rows = ["open_time,open,high,low,close,volume"]
    rows += [f"{1_704_067_200_000 + n * 60_000},1,2,1,2,5" for n in range(4_500)]
    where = path / f"{symbol}_1m.csv.gz"
    where.write_bytes(gzip.compress("\n".join(rows).encode()))
    return where


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_it_prints_one_line_serves_and_stops(sent: signal.Signals, code: int) -> None:
    with started("--seed", "5", "--speed", "60", "--start", "2026-02-03T04:05Z") as one:
        ready = first_line(one)
        where = f"{ready['base_url']}/fapi/v1/time"
        with urlopen(where, timeout=5) as answer:  # noqa: S310 - our own server
            now_ms = json.load(answer)["serverTime"]
        one.send_signal(sent)
        out, err = one.communicate(timeout=10)

    assert (one.returncode, out, err) == (code, "", "")
    assert ready["event"] == "ready"
    assert ready["start_ms"] == 1_770_091_500_000 <= now_ms
    assert ready["speed"] == 60
    assert ready["symbols"] == ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]


@pytest.mark.parametrize("start", ["1704326400", "1704326400000", "2024-01-04"])
def test_it_replays_files(tmp_path: Path, start: str) -> None:
    files = [str(candles(tmp_path, symbol)) for symbol in ("BTCUSDT", "ETHUSDT")]
    with started("--data", *files, "--start", start) as one:
        ready = first_line(one)
        one.terminate()

    assert ready["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert ready["start_ms"] == 1_704_326_400_000
    assert ready["end_ms"] == 1_704_067_200_000 + 4_500 * 60_000


def test_a_port_in_use_is_a_usage_error() -> None:
    with started() as one:
        port = first_line(one)["base_url"].rpartition(":")[2]
        complaint = refused("--port", port)
        one.terminate()

    assert f"error: cannot listen on port {port}: address already in use" in complaint


def test_a_closed_session_is_for_the_demonstration_only() -> None:
    complaint = refused("--fault", "session-closed@3")

    assert "only liqmon demo can do that" in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--fault", "htp-503"), "did you mean http-503?"),
        (("--data", "nowhere.csv", "--seed", "1"), "either recorded or generated"),
        (("--data", "nowhere_BTCUSDT_1m.csv"), "No such file"),
        (("--start", "noon"), "no time that can be read"),
        (("--speed", "0"), "--speed"),
    ],
)
def test_mistakes_are_explained(arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in refused(*arguments)


def test_help_imports_neither_server_nor_arrays() -> None:
    code = (
        "import sys\n"
        "from liqmon.cli.app import app\n"
        "try:\n    app(['sim', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'aiohttp', 'numpy', 'ccxt', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "--fault" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
