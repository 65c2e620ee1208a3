"""Which file is read, and where the state lies."""

from pathlib import Path

import platformdirs
import pytest

from liqmon.errors import ConfigError
from liqmon.settings.places import archive_dir, find_file, state_dir


def touch(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_the_first_of_the_usual_places_wins(tmp_path: Path) -> None:
    cwd = tmp_path / "here"
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    by_variable = touch(tmp_path / "named.toml")
    by_option = touch(tmp_path / "option.toml")
    assert find_file(None, environ=environ, cwd=cwd) is None

    in_home = touch(tmp_path / "xdg/liqmon/config.toml")
    assert find_file(None, environ=environ, cwd=cwd) == in_home

    nearby = touch(cwd / "liqmon.toml")
    assert find_file(None, environ=environ, cwd=cwd) == nearby

    environ["LIQMON_CONFIG"] = "../named.toml"
    found = find_file(None, environ=environ, cwd=cwd)
    assert found is not None
    assert found.resolve() == by_variable

    assert find_file(by_option, environ=environ, cwd=cwd) == by_option


def test_a_folder_in_the_home_is_honoured_on_every_system(tmp_path: Path) -> None:
    usual = touch(tmp_path / ".config/liqmon/config.toml")

    assert find_file(None, environ={"HOME": str(tmp_path)}, cwd=tmp_path) == usual


def test_a_file_named_by_the_environment_must_exist(tmp_path: Path) -> None:
    environ = {"LIQMON_CONFIG": "~/no.toml", "HOME": str(tmp_path)}
    with pytest.raises(ConfigError) as caught:
        find_file(None, environ=environ, cwd=tmp_path)

    assert str(caught.value) == f"no such file: {tmp_path}/no.toml"
    assert caught.value.hint == "it was named by $LIQMON_CONFIG: check the path"


def test_the_state_lies_where_the_nearest_source_says() -> None:
    environ = {"HOME": "/home/u"}
    assert state_dir(None, environ) == Path(
        platformdirs.user_state_path("liqmon", appauthor=False)
    )

    environ["XDG_STATE_HOME"] = "/xdg"
    assert state_dir(None, environ) == Path("/xdg/liqmon")

    environ["STATE_DIRECTORY"] = "/var/lib/liqmon:/var/lib/other"
    assert state_dir(None, environ) == Path("/var/lib/liqmon")

    environ["LIQMON_STATE_DIR"] = "~/state"
    assert state_dir(None, environ) == Path("/home/u/state")

    assert state_dir(Path("/given"), environ) == Path("/given")


def test_the_archive_lies_where_the_nearest_source_says() -> None:
    environ = {"HOME": "/home/u"}
    assert archive_dir(None, environ) == (
        Path(platformdirs.user_data_path("liqmon", appauthor=False)) / "candles"
    )

    environ["XDG_DATA_HOME"] = "/xdg"
    assert archive_dir(None, environ) == Path("/xdg/liqmon/candles")

    environ["LIQMON_ARCHIVE"] = "~/candles"
    assert archive_dir(None, environ) == Path("/home/u/candles")

    assert archive_dir(Path("/given"), environ) == Path("/given")
