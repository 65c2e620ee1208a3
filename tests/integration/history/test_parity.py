"""A watch of the embedded exchange and a backtest of its candles tell the same."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fakes import FakeClock
from liqmon.app.run import Run
from liqmon.cli.app import app
from liqmon.core.events import FindingRaised
from liqmon.settings.models import DetectorTable, ExchangeTable, Settings
from liqmon.sim.generated import START_MS, generated
from liqmon.sim.markets import Markets
from liqmon.sim.server import SimServer
from liqmon.ui.ndjson import record
from recordings import archived
from scanning import scanning

MINUTES = 240
END_MS = START_MS + MINUTES * 60_000
Record = Mapping[str, Any]


async def watched(
    markets: Markets, symbols: tuple[str, ...], detector: DetectorTable
) -> list[Record]:
    """Return the findings of a watch that polls once a minute, without its waits."""
    exchange_clock, clock = FakeClock(), FakeClock()
    async with SimServer(markets=markets, clock=exchange_clock) as sim:
        settings = Settings(
            exchange=ExchangeTable(base_url=sim.base_url),
            detector=detector,
        )
        run = Run(settings, symbols, None, dry_run=True)
        async with scanning(run, clock) as watch:
            for _ in range(MINUTES):
                await watch.scans()
                exchange_clock.push(60)
            events = watch.events
    return [record(one) for one in events if isinstance(one, FindingRaised)]


def told(root: Path, symbols: tuple[str, ...]) -> list[Record]:
    done = CliRunner().invoke(
        app,
        [
            *("backtest", *symbols, "--archive", str(root), "--exchange", "bybit"),
            *("--since", str(START_MS - 15 * 60_000), "--json", "--jobs", "1"),
        ],
    )
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def upto(findings: list[Record], last_ms: int) -> list[Record]:
    """Return the findings until then, each market's in order."""
    kept = [one for one in findings if START_MS < one["decided_ms"] <= last_ms]
    return sorted(kept, key=lambda one: (one["symbol"], one["decided_ms"]))


@pytest.mark.parametrize(
    ("symbols", "detector"),
    [
        (("BTCUSDT",), DetectorTable()),
        # so high that one of them comes to nothing
        (
            ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"),
            DetectorTable(building="silent", threshold=30.0),
        ),
    ],
)
async def test_a_watch_and_a_backtest_of_the_same_candles_tell_the_same(
    symbols: tuple[str, ...],
    detector: DetectorTable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # no settings of whoever runs this
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name, value in detector.model_dump(exclude_unset=True).items():
        monkeypatch.setenv(f"LIQMON_DETECTOR__{name.upper()}", str(value))
    markets = generated(3)
    archived(markets, symbols, tmp_path)

    live = await watched(markets, symbols, detector)
    history = await asyncio.to_thread(told, tmp_path, symbols)

    last_ms = END_MS - 60_000
    live, history = upto(live, last_ms), upto(history, last_ms)
    assert len(live) >= len(symbols)
    assert len(live) == len(history)
    steps = {one["phase"] for one in live} & {"building", "withdrawn"}
    assert len(steps) == (0 if detector.building == "off" else 2)
    for seen, same in zip(live, history, strict=True):
        assert seen.keys() <= same.keys()
        for key in seen.keys() - {"at_ms"}:  # this host's clock
            value = seen[key]
            # what went over the wire was rounded to the digits of a price
            expected = pytest.approx(value) if isinstance(value, float) else value
            assert same[key] == expected, key
        assert (same["ts_ms"], same["side"]) == (seen["decided_ms"], seen["liquidated"])
