"""Where the recorded markets are, and the reason a test gives for doing without."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LIQMON_DATA", ROOT / "../shared/data"))


def candle_file(name: str) -> Path:
    """Return the path of a recorded candle file, or skip the test."""
    path = DATA / "candles" / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"recorded market {name} is not here; set LIQMON_DATA")
    return path
