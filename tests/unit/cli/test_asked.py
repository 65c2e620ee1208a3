"""What a call asked for, when its settings are read anew."""

from pathlib import Path

import pytest

from liqmon.cli.asked import Asked
from liqmon.errors import ConfigError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("LIQMON_CONFIG", raising=False)
    return tmp_path


def test_a_settings_file_that_is_gone_does_not_give_way_to_defaults(here: Path) -> None:
    file = here / "liqmon.toml"
    file.write_text("[watch]\npoll_interval_s = 7\n")
    asked = Asked(("BTCUSDT",), state_dir=here).pinned()
    assert asked.run().settings.watch.poll_interval_s == 7

    file.unlink()
    with pytest.raises(ConfigError, match=r"no such file: .*liqmon\.toml"):
        asked.run()


def test_a_settings_file_may_appear_later(here: Path) -> None:
    asked = Asked(("BTCUSDT",), state_dir=here).pinned()
    assert asked.run().settings.watch.poll_interval_s == 5

    (here / "liqmon.toml").write_text("[watch]\npoll_interval_s = 7\n")
    assert asked.run().settings.watch.poll_interval_s == 7
