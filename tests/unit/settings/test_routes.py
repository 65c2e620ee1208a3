"""``[[discord.routes]]``, from the file to the settings."""

from pathlib import Path

import pytest

from liqmon.errors import ConfigError
from liqmon.settings.load import Loaded, load
from webhooks import ID, TOKEN, URL

OTHER = URL.replace(ID, "876543210987654321")
DEFAULT = f'[discord]\nwebhook_url = "{URL}"\n'
PHONE = '[[discord.routes]]\nname = "phone"\n'


def read(folder: Path, text: str, *, mode: int = 0o600, folders: str = "") -> Loaded:
    file = folder / "liqmon.toml"
    file.write_text(text)
    file.chmod(mode)
    environ = {"HOME": str(folder)}
    if folders:
        environ["CREDENTIALS_DIRECTORY"] = folders
    return load(config=None, environ=environ, cwd=folder, flags={})


def refusal(folder: Path, text: str, *, mode: int = 0o600) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, mode=mode)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def secret(folder: Path, *, url: str = OTHER, mode: int = 0o600) -> Path:
    file = folder / "hook"
    file.write_text(url)
    file.chmod(mode)
    return file


def test_a_route_is_read_with_all_its_keys(tmp_path: Path) -> None:
    text = (
        DEFAULT
        + PHONE
        + (
            'severity = ["HIGH", "critical"]\nsymbols = ["BTCUSDT"]\n'
            'exchanges = ["Bybit"]\nhealth = true\n'
            f'webhook_url = "{OTHER}"\nmention_role = "123456789012345678"\n'
            'mode = "silent"\nquiet_hours = "23:00-07:00"\n'
        )
    )
    [route] = read(tmp_path, text).settings.discord.routes

    assert route.name == "phone"
    assert route.severity == ("high", "critical")
    assert route.symbols == ("BTCUSDT",)
    assert route.exchanges == ("bybit",)
    assert route.health
    assert route.webhook is not None
    assert "4321" in repr(route.webhook)
    assert route.mention_role == "123456789012345678"
    assert (route.mode, route.quiet_hours) == ("silent", "23:00-07:00")
    assert route.is_filtered


def test_a_bare_route_takes_everything_aloud(tmp_path: Path) -> None:
    found = read(tmp_path, DEFAULT + PHONE)
    [route] = found.settings.discord.routes

    assert (route.mode, route.health, route.is_filtered) == ("on", False, False)
    assert route.webhook is None
    assert found.sources["discord.routes"] == "file"
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["hook", "./hook", "~/hook"])
def test_each_route_may_have_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    secret(tmp_path)
    text = f'{DEFAULT}{PHONE}webhook_url_file = "{name}"\n[[discord.routes]]\nname="b"'
    first, second = read(tmp_path, text).settings.discord.routes

    assert first.webhook is not None
    assert "4321" in repr(first.webhook)
    assert second.webhook is None


def test_a_file_that_others_may_read_is_refused_on_its_line(tmp_path: Path) -> None:
    secret(tmp_path, mode=0o644)
    text = f'{DEFAULT}{PHONE}webhook_url_file = "hook"\n'
    told = refusal(tmp_path, text)

    assert "liqmon.toml:5 discord.routes[0].webhook_url_file: holds the webhook" in told
    assert "chmod 600" in told


def test_a_secret_of_systemd_may_look_open(tmp_path: Path) -> None:
    secret(tmp_path, mode=0o440)
    text = f'{DEFAULT}{PHONE}webhook_url_file = "hook"\n'
    [route] = read(tmp_path, text, folders=str(tmp_path)).settings.discord.routes

    assert route.webhook is not None


def test_a_settings_file_with_a_routes_webhook_must_be_private(tmp_path: Path) -> None:
    text = f'{PHONE}webhook_url = "{OTHER}"\n'
    told = refusal(tmp_path, text, mode=0o640)

    assert "liqmon.toml:3 discord.routes[0].webhook_url: holds the webhook" in told


def test_a_route_names_its_webhook_in_one_way_only(tmp_path: Path) -> None:
    secret(tmp_path)
    text = f'{PHONE}webhook_url = "{OTHER}"\nwebhook_url_file = "hook"\n'

    assert "webhook_url_file: stands beside webhook_url" in refusal(tmp_path, text)


def test_a_mistake_is_shown_on_the_line_of_its_own_route(tmp_path: Path) -> None:
    text = (
        f'{PHONE}mode = "on"\n[[discord.routes]]\nname = "b"\nmode = "loud"\n'
        '[watch]\ntimeframe = "1m"\n[[discord.routes]]\nname = "c"\nseverty = ["low"]\n'
    )
    told = refusal(tmp_path, text)

    assert "liqmon.toml:6 discord.routes[1].mode" in told
    assert "liqmon.toml:11 discord.routes[2].severty: unknown key" in told
    assert "did you mean `severity`?" in told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mention_role = 123456789012345678", "15 to 22 digits in quotes"),
        ('mention_role = "everyone"', "15 to 22 digits in quotes"),
        ('mention_role = "12345"', "15 to 22 digits in quotes"),
        ("mention_role = true", "15 to 22 digits in quotes"),
    ],
)
def test_f14_a_role_that_is_no_id_is_refused(
    tmp_path: Path, line: str, said: str
) -> None:
    told = refusal(tmp_path, f"{PHONE}{line}\n")

    assert "liqmon.toml:3 discord.routes[0].mention_role" in told
    assert said in told
    assert "Copy ID" in told


@pytest.mark.parametrize(
    "hours", ["23-7", "23:00", "24:00-07:00", "23:60-07:00", "7:00-9:00", "09:00-09:00"]
)
def test_quiet_hours_are_two_times_of_the_day(tmp_path: Path, hours: str) -> None:
    told = refusal(tmp_path, f'{PHONE}quiet_hours = "{hours}"\n')

    assert 'two times of the day: "23:00-07:00"' in told


@pytest.mark.parametrize("name", ["", "Über", "a b", "x" * 41, "a/b"])
def test_a_name_is_short_and_plain(tmp_path: Path, name: str) -> None:
    told = refusal(tmp_path, f'[[discord.routes]]\nname = "{name}"\n')

    assert "short name" in told


def test_default_is_taken(tmp_path: Path) -> None:
    told = refusal(tmp_path, '[[discord.routes]]\nname = "default"\n')

    assert "the route of [discord] itself" in told


def test_a_name_is_needed_and_given_once(tmp_path: Path) -> None:
    assert "name: is missing" in refusal(tmp_path, "[[discord.routes]]\n")
    assert "two routes of one name" in refusal(tmp_path, PHONE + PHONE)


@pytest.mark.parametrize(
    "line",
    ['severity = ["grave"]', "symbols = [5]", 'exchanges = ["a b"]', 'health = "yes"'],
)
def test_a_filter_of_the_wrong_kind_is_refused(tmp_path: Path, line: str) -> None:
    assert "discord.routes[0]" in refusal(tmp_path, f"{PHONE}{line}\n")


@pytest.mark.parametrize(
    "text", ["discord.routes = 5", 'discord.routes = ["x"]', "[discord.routes]\na = 1"]
)
def test_routes_of_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    assert "discord.routes" in refusal(tmp_path, text)


@pytest.mark.parametrize(("mode", "warned"), [("on", True), ("off", False)])
def test_a_route_that_leads_nowhere_is_warned_of(
    tmp_path: Path, mode: str, warned: bool
) -> None:
    found = read(tmp_path, f'{PHONE}mode = "{mode}"\n')

    assert (
        "route phone has no webhook, and [discord] has none either" in found.warnings
    ) is warned


def test_the_environment_can_give_routes_as_json(tmp_path: Path) -> None:
    secret(tmp_path)
    routes = '[{"name": "phone", "webhook_url_file": "hook"}]'
    environ = {"HOME": str(tmp_path), "LIQMON_DISCORD__ROUTES": routes}
    found = load(config=None, environ=environ, cwd=tmp_path, flags={})

    [route] = found.settings.discord.routes
    assert route.webhook is not None


def test_group_wait_has_a_default_and_bounds(tmp_path: Path) -> None:
    assert read(tmp_path, "").settings.discord.group_wait_s == 1.5
    assert "group_wait_s" in refusal(tmp_path, "[discord]\ngroup_wait_s = 61\n")
