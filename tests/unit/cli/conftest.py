"""A shell for the commands that look back."""

from pathlib import Path

import pytest

from shells import Typed, a_shell


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def looking(state: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Return a shell whose state is ``state``: code and both streams out."""
    return a_shell(capsys, after=("--state-dir", str(state)))
