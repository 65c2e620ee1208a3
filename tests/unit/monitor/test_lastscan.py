"""The mark that a scan leaves, and what a healthcheck makes of it."""

import asyncio
import os
from pathlib import Path

import pytest

from fakes import FakeClock
from liqmon.monitor.lastscan import LastScan, Mark, mark_in, written
from liqmon.monitor.scanner import Scan
from processes import until

NOW_MS = 1_700_000_000_000
GOOD = Scan("bybit", asked=2, answered=1, took_s=0.1, interval_s=5.0)
EMPTY = Scan("bybit", asked=2, answered=0, took_s=0.1, interval_s=50.0)


async def test_a_scan_leaves_a_mark(tmp_path: Path) -> None:
    clock = FakeClock()
    last = LastScan(tmp_path, clock)
    last.scanned(GOOD)
    await last.finish()
    clock.push(50.0)
    last.scanned(EMPTY)
    await last.finish()
    await last.finish()

    first_ms = clock.wall_ms
    assert mark_in(tmp_path) == Mark(first_ms + 50_000, first_ms, 50.0)
    assert os.listdir(tmp_path) == ["last-scan.json"]  # noqa: PTH208 - of a test


async def test_marks_are_written_as_long_as_it_runs(tmp_path: Path) -> None:
    last = LastScan(tmp_path, FakeClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(last.run())
        last.scanned(GOOD)
        await until(lambda: mark_in(tmp_path), lambda: "no mark")
        running.cancel()


async def test_a_directory_that_takes_nothing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "gone"
    last = LastScan(place, FakeClock())
    for _ in range(2):
        last.scanned(GOOD)
        await last.finish()
    assert len(caplog.records) == 1

    place.mkdir()
    last.scanned(GOOD)
    await last.finish()
    assert mark_in(place) is not None

    (place / "last-scan.json").unlink()
    place.rmdir()
    last.scanned(GOOD)
    await last.finish()
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"scan_ms": "soon"}',
        "\xff",
        '{"scan_ms": 1e999, "data_ms": 0, "interval_s": 5}',
        "[" * 100_000,
    ],
    ids=range(7),
)
def test_a_mark_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "last-scan.json").write_text(content, encoding="latin-1")

    assert mark_in(tmp_path) is None


@pytest.mark.parametrize(
    ("scan_s", "data_s", "is_good", "said"),
    [
        (2, 2, True, "healthy: the newest data came 2 s ago"),
        (60, 60, True, "healthy: the newest data came 1 min ago"),
        (90, 90, False, "unhealthy: the last scan was over 1 min ago"),
        (2, 300, False, "unhealthy: scans go on, but none gave data for 5 min"),
        (2, None, False, "unhealthy: scans go on, but no market has given data yet"),
        (-10, -10, True, "healthy: the newest data came 0 s ago"),
        (
            -3_600,
            -3_600,
            False,
            "unhealthy: the last scan lies in the future, by this clock",
        ),
        # the clock was set back, and no data have come since
        (
            2,
            -3_600,
            False,
            "unhealthy: the last scan lies in the future, by this clock",
        ),
    ],
)
def test_data_must_be_young_and_scans_too(
    scan_s: int, data_s: int | None, is_good: bool, said: str, tmp_path: Path
) -> None:
    data_ms = 0 if data_s is None else NOW_MS - data_s * 1000
    written(Mark(NOW_MS - scan_s * 1000, data_ms, 5.0), tmp_path)
    mark = mark_in(tmp_path)

    assert mark is not None
    assert mark.verdict(now_ms=NOW_MS, limit_s=60.0) == (is_good, said)
