"""What the tests of the state on disk share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_NOBODY = 65_534


@pytest.fixture
def read_only() -> Iterator[Path]:
    """Return a directory in which nothing can be made, not even by root's tests."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        directory.chmod(0o555)
        if root:
            os.seteuid(_NOBODY)
        try:
            yield directory
        finally:
            if root:
                os.seteuid(0)
            directory.chmod(0o700)
