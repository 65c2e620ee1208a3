"""The README's picture of a backtest is what the command draws."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from liqmon.cli.app import app
from liqmon.sim.generated import START_MS, generated
from recordings import archived

GOLDEN = Path(__file__).parents[2] / "golden" / "backtest.png"


def test_the_picture_in_the_readme_is_what_backtest_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    markets = generated(3)
    archived(markets, tuple(markets.by_symbol), tmp_path / "archive")
    made = tmp_path / "backtest.png"
    since = ["--since", str(START_MS), "--exchange", "bybit", "--threshold", "12"]
    done = CliRunner().invoke(
        app,
        [
            *("backtest", "BTCUSDT", "--archive", str(tmp_path / "archive")),
            *since,
            *("--chart", str(made)),
        ],
        catch_exceptions=False,
    )

    assert done.exit_code == 0
    with Image.open(made) as ours, Image.open(GOLDEN) as golden:
        assert ours.size == golden.size
        # another version of Pillow may smooth an edge in another way
        off = np.abs(np.asarray(ours).astype(int) - np.asarray(golden).astype(int))
    assert off.mean() < 0.5
