from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mistyped import Mistake, Street, a_street, typed
from processes import Shell
from webhooks import TOKEN


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with a_street() as street:
        yield street


@pytest.fixture
def assert_told(
    street: Street,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[[Mistake], None]:
    """Return the check that a mistake is told in its words, and no secret with it."""

    def check(mistake: Mistake) -> None:
        code, out, err = typed(mistake, tmp_path, street, monkeypatch, capfd)

        assert err == mistake.says
        assert (code, out) == (mistake.code, mistake.out)
        assert "Traceback" not in err
        assert TOKEN not in out + err

    return check
