"""Shells for the commands that look back, and for the one that tests the webhook."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loopback_discord import URL, Loopback, loopback_discord
from shells import Typed, a_shell, go_home


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def looking(state: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Return a shell whose state is ``state``: code and both streams out."""
    return a_shell(capsys, after=("--state-dir", str(state)))


@pytest.fixture
def tested(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Return ``liqmon test-webhook`` in an empty home: code and both streams out."""
    go_home(tmp_path, monkeypatch)
    return a_shell(capsys, "test-webhook")


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    """Serve the Discord that the environment names."""
    async with loopback_discord() as loopback:
        monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", URL)
        monkeypatch.setenv("LIQMON_DISCORD__BASE_URL", loopback.root)
        yield loopback
