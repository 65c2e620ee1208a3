"""``liqmon healthcheck`` as a container asks it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liqmon.cli.app import app
from liqmon.clock import SystemClock
from liqmon.monitor.lastscan import Mark, written

Asked = Callable[..., tuple[int, str]]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("LIQMON_STATE_DIR", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["healthcheck", *arguments])
        return done.exit_code, done.output

    return run


def leave(directory: Path, age_s: float, interval_s: float = 5.0) -> None:
    at_ms = SystemClock().now_ms() - round(age_s * 1000)
    written(Mark(at_ms, at_ms, interval_s), directory)


def test_without_a_mark_it_is_unhealthy(asked: Asked, tmp_path: Path) -> None:
    code, told = asked()

    assert code == 1
    assert told.startswith(f"unhealthy: no scan has left its mark in {tmp_path}; ")


def test_young_data_are_healthy(asked: Asked, tmp_path: Path) -> None:
    leave(tmp_path, 20.0)
    code, out = asked()

    assert code == 0
    assert out.startswith("healthy: the newest data came 2")


def test_old_data_are_not(asked: Asked, tmp_path: Path) -> None:
    leave(tmp_path, 150.0)

    assert asked() == (1, "unhealthy: the last scan was over 2 min ago\n")


def test_who_polls_seldom_may_be_older_and_so_may_who_is_told_so(
    asked: Asked, tmp_path: Path
) -> None:
    leave(tmp_path, 150.0, interval_s=60.0)
    assert asked()[0] == 0
    assert asked("--max-age", "1m")[0] == 1
    assert asked("--max-age", "5m")[0] == 0


def test_another_directory_can_be_named(asked: Asked, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    leave(other, 1.0)

    assert asked("--state-dir", str(other))[0] == 0
