"""What a shell offers, and what it must not pay for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from liqmon.app.market_lists import Kept, KeptList, keep_list, list_path
from liqmon.cli import (
    backtest,
    check,
    explain,
    history,
    mute,
    symbols,
    tune,
    watch,
)
from liqmon.cli.completion import markets_like

PROBE = """
import json, sys
sys.argv = ["liqmon"]
from liqmon.cli import main
try:
    main()
except SystemExit:
    json.dump(sorted(sys.modules), sys.stderr)
"""


def kept(cache: Path, exchange: str, *names: str) -> None:
    markets = tuple(
        Kept(name, name, name, "USDT", "USDT", name, inverse=False, active=True)
        for name in names
    )
    path = list_path(cache, exchange, embedded=False)
    keep_list(path, KeptList(exchange, 0, markets))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    kept(tmp_path / "liqmon", "bybit", "BTCUSDT", "BNBUSDT", "ETHUSDT")
    kept(tmp_path / "liqmon", "okx", "BTCUSDT", "OKBUSDT")
    return tmp_path


def completed(home: Path, words: str) -> tuple[list[str], set[str]]:
    """Return what is offered for the last word, and the modules it took."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", PROBE],
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(home),
            "_LIQMON_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
    )
    return done.stdout.split(), set(json.loads(done.stderr))


def test_a_shell_completes_markets_without_anything_heavy(home: Path) -> None:
    offered, modules = completed(home, "liqmon watch --exchange okx O")

    assert offered == ["OKBUSDT"]
    heavy = {"ccxt", "aiohttp", "numpy", "rich", "tenacity", "asyncio"}
    assert modules & heavy == set()


class Context:
    """As much of typer's context as a completion looks at."""

    def __init__(self, **params: object) -> None:
        self.params = params


@pytest.mark.parametrize(
    ("begun", "exchange", "offered"),
    [
        ("B", None, ["BTCUSDT", "BNBUSDT"]),
        ("bt", None, ["btcusdt"]),
        ("", ["okx"], ["BTCUSDT", "OKBUSDT"]),
        ("", "okx", ["BTCUSDT", "OKBUSDT"]),
        ("X", None, []),
    ],
)
def test_names_are_offered_in_the_case_that_is_typed(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun: str,
    exchange: object,
    offered: list[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))

    assert markets_like(Context(exchange=exchange), begun) == offered  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [
        watch.watch,
        check.check,
        symbols.symbols,
        explain.explain,
        backtest.backtest,
        tune.tune,
        history.history,
        mute.mute,
        mute.unmute,
        mute.ack,
    ],
)
def test_every_command_that_takes_markets_offers_them(command: object) -> None:
    hints = getattr(command, "__annotations__", {})

    completions = [
        getattr(part, "autocompletion", None)
        for hint in hints.values()
        for part in getattr(hint, "__metadata__", ())
    ]
    assert markets_like in completions
