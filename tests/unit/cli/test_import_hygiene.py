"""What a quick command must not pay for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from liqmon.clock import SystemClock
from liqmon.monitor.lastscan import Mark, written

PROBE = """
import json, sys
sys.argv = ["liqmon", *sys.argv[1:]]
from liqmon.cli import main
try:
    main()
except SystemExit as stop:
    json.dump([stop.code, sorted(sys.modules)], sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert done.stdout
    return set(modules)


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(argument: str) -> None:
    heavy = {"ccxt", "aiohttp", "numpy", "pydantic", "rich", "tenacity", "asyncio"}

    assert modules_after(argument) & heavy == set()


@pytest.mark.parametrize("command", ["download", "backtest", "explain", "tune"])
def test_the_help_of_what_works_on_history_imports_no_arrays(command: str) -> None:
    heavy = {"ccxt", "aiohttp", "numpy", "rich", "PIL", "asyncio"}

    assert modules_after(command, "--help") & heavy == set()


@pytest.mark.parametrize("arguments", [["show"], ["validate"], ["schema"]])
def test_config_imports_no_exchange_and_no_arrays(arguments: list[str]) -> None:
    modules = modules_after("config", *arguments)

    assert modules & {"ccxt", "aiohttp", "numpy", "rich", "tenacity"} == set()
    assert "liqmon.core.model" not in modules


@pytest.mark.parametrize("arguments", [["stats"], ["mute"]])
def test_looking_back_imports_no_exchange_and_no_http(
    arguments: list[str], tmp_path: Path
) -> None:
    modules = modules_after(*arguments, "--state-dir", str(tmp_path))

    assert modules & {"ccxt", "aiohttp", "tenacity", "rich", "PIL"} == set()


def test_the_version_is_one_line_for_a_bug_report() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "liqmon", "--version"],
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )

    assert done.stdout.startswith("liqmon 0.1.0 (Python 3.")
    assert ", ccxt 4." in done.stdout
    assert done.stdout.count("\n") == 1


def test_what_a_container_asks_every_half_minute_is_cheap(tmp_path: Path) -> None:
    at_ms = SystemClock().now_ms()
    written(Mark(at_ms, at_ms, 5.0), tmp_path)
    heavy = {"ccxt", "aiohttp", "numpy", "rich", "tenacity"}

    assert modules_after("healthcheck", "--state-dir", str(tmp_path)) & heavy == set()
    assert modules_after("packaging", "systemd") & heavy == set()
