"""A shell for the commands that look back."""

from pathlib import Path

import pytest

from lookbacks import Typed, typed_in


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def looking(state: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Return a shell whose state is ``state``: code and both streams out."""
    return typed_in(state, capsys)
