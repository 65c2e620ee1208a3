"""An address that is a secret: taken when it is one, and never shown."""

import copy
import pickle
from pathlib import Path

import pytest

from liqmon.errors import ConfigError
from liqmon.settings.hidden_url import HiddenUrl
from liqmon.settings.load import load
from liqmon.settings.models import HealthTable, schema
from liqmon.settings.problems import masked

URL = "https://hc-ping.com/0f3c1a52-secret"


@pytest.mark.parametrize(
    "url", [URL, "http://127.0.0.1:8080/push", "https://[::1]/x?token=abc"]
)
def test_a_whole_http_address_is_taken_as_it_is(url: str) -> None:
    assert HiddenUrl(url).reveal() == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hc-ping.com/0f3c1a52",
        "ftp://hc-ping.com/0f3c1a52",
        "https:///0f3c1a52",
        "https://host:99999/0f3c1a52",
        "https://host:0/0f3c1a52",
        "https://[::1/0f3c1a52",
        "https://host/0f3c1a52\nHost: evil.io",
        "https://host/0f3c1a52 ",
    ],
)
def test_anything_else_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        HiddenUrl(url)

    assert "0f3c1a52" not in str(refused.value)


def test_no_way_of_printing_it_shows_it() -> None:
    hidden = HiddenUrl(URL)
    table = HealthTable(heartbeat_url=hidden)

    shown = [repr(hidden), str(hidden), f"{hidden}", f"{hidden:>9}", repr(table)]
    assert all("***" in text and "hc-ping" not in text for text in shown)


@pytest.mark.parametrize("way_out", [pickle.dumps, copy.deepcopy])
def test_it_cannot_be_written_down_or_copied(way_out: object) -> None:
    with pytest.raises(TypeError, match="secret"):
        way_out(HiddenUrl(URL))  # type: ignore[operator]


def test_two_are_equal_when_their_addresses_are() -> None:
    assert HiddenUrl(URL) == HiddenUrl(URL) != HiddenUrl(f"{URL}2")
    assert HiddenUrl(URL) != URL
    assert len({HiddenUrl(URL), HiddenUrl(URL)}) == 1


def test_a_wrong_line_of_the_file_is_shown_without_it() -> None:
    assert masked(f'heartbeat_url = "{URL}"') == "heartbeat_url = ***"


def test_an_editor_is_told_to_hide_it() -> None:
    field = schema()["$defs"]["HealthTable"]["properties"]["heartbeat_url"]

    assert {"type": "string", "format": "uri", "writeOnly": True} in field["anyOf"]


def test_a_wrong_one_in_the_environment_is_named_and_not_repeated(
    tmp_path: Path,
) -> None:
    environ = {"LIQMON_HEALTH__HEARTBEAT_URL": "ftp://host/0f3c1a52"}
    with pytest.raises(ConfigError) as refused:
        load(config=None, environ=environ, cwd=tmp_path, flags={})

    assert "not of the form https://host/path" in str(refused.value)
    assert "0f3c1a52" not in str(refused.value)


def test_a_file_that_holds_it_must_be_private(tmp_path: Path) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text(f'[health]\nheartbeat_url = "{URL}"\n')
    file.chmod(0o644)
    with pytest.raises(ConfigError) as refused:
        load(config=file, environ={}, cwd=tmp_path, flags={})

    said = str(refused.value)
    assert "liqmon.toml:2 health.heartbeat_url: holds the heartbeat's address" in said
    assert "chmod 600" in said
    assert "hc-ping" not in said

    file.chmod(0o600)
    found = load(config=file, environ={}, cwd=tmp_path, flags={})
    assert found.settings.health.heartbeat_url == HiddenUrl(URL)


def test_it_is_never_taken_from_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        load(
            config=None,
            environ={},
            cwd=tmp_path,
            flags={"health.heartbeat_url": URL},
        )


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (
            "metrics.listen",
            ["", "9464", ":9464", "127.0.0.1:9464", "[::1]:9464", "my-host.lan:0"],
            ["here", "127.0.0.1", "host:99999", "http://host:80", "a b:1", ":\u0663"],
        ),
        (
            "health.daily_digest",
            ["", "00:00", "08:00", "23:59"],
            ["8:00", "24:00", "08:60", "08:00:00", "morning"],
        ),
    ],
)
def test_an_address_and_an_hour_have_a_form(
    key: str, good: list[str], bad: list[str], tmp_path: Path
) -> None:
    for value in good:
        load(config=None, environ={}, cwd=tmp_path, flags={key: value})
    for value in bad:
        with pytest.raises(ConfigError, match="Input should be a"):
            load(config=None, environ={}, cwd=tmp_path, flags={key: value})
