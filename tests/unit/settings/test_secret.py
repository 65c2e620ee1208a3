"""Where the webhook may stand, who may read it, and that no refusal shows it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from liqmon.errors import ConfigError
from liqmon.settings.load import Loaded, load
from liqmon.webhook import WebhookUrl
from webhooks import HOSTILE, TOKEN, URL

OTHER = URL.replace("345678/", "345679/")


def read(folder: Path, environ: Mapping[str, str] | None = None) -> Loaded:
    return load(config=None, environ=environ or {}, cwd=folder, flags={})


def write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def config(folder: Path, text: str, mode: int = 0o600) -> Path:
    return write(folder / "liqmon.toml", f"[discord]\n{text}\n", mode)


def refusal(folder: Path, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, environ)
    said = f"{caught.value}{caught.value.hint}"
    assert TOKEN not in said
    assert TOKEN[:40] not in said
    return str(caught.value)


def test_the_webhook_may_stand_in_the_settings_file(tmp_path: Path) -> None:
    config(tmp_path, f"webhook_url = '{URL}'")
    found = read(tmp_path)

    assert found.settings.discord.webhook == WebhookUrl(URL)
    assert found.sources["discord.webhook_url"] == "file"
    assert TOKEN not in repr(found)


def test_the_webhook_may_stand_in_the_environment(tmp_path: Path) -> None:
    found = read(tmp_path, {"LIQMON_DISCORD__WEBHOOK_URL": URL})

    assert found.settings.discord.webhook == WebhookUrl(URL)
    assert found.sources["discord.webhook_url"] == "environment"


def test_the_webhook_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    config(tmp_path, "webhook_url_file = 'hook'", 0o644)
    write(tmp_path / "hook", f"{URL}\r\n")
    found = read(tmp_path)

    assert found.settings.discord.webhook == WebhookUrl(URL)
    assert found.sources["discord.webhook_url"] == "webhook_url_file"
    assert found.sources["discord.webhook_url_file"] == "file"


def test_the_webhook_may_be_a_credential_of_systemd(tmp_path: Path) -> None:
    # systemd shows an access list in the group's place: the mode says nothing here
    write(tmp_path / "webhook", URL, 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = read(tmp_path, environ)

    assert found.settings.discord.webhook == WebhookUrl(URL)
    assert found.sources["discord.webhook_url"] == "credential"

    config(tmp_path, f"webhook_url_file = '{tmp_path}/webhook'")
    assert read(tmp_path, environ).settings.discord.webhook == WebhookUrl(URL)

    config(tmp_path, f"webhook_url = '{OTHER}'")
    assert read(tmp_path, environ).settings.discord.webhook == WebhookUrl(OTHER)


def test_a_later_source_displaces_both_ways_of_naming_it(tmp_path: Path) -> None:
    config(tmp_path, "webhook_url_file = 'gone'")
    found = read(tmp_path, {"LIQMON_DISCORD__WEBHOOK_URL": OTHER})
    assert found.settings.discord.webhook == WebhookUrl(OTHER)
    assert found.settings.discord.webhook_url_file is None

    config(tmp_path, f"webhook_url = '{URL}'")
    hook = write(tmp_path / "hook", OTHER)
    found = read(tmp_path, {"LIQMON_DISCORD__WEBHOOK_URL_FILE": str(hook)})
    assert found.settings.discord.webhook == WebhookUrl(OTHER)


def test_both_ways_in_one_source_are_refused(tmp_path: Path) -> None:
    config(tmp_path, f"webhook_url = '{URL}'\nwebhook_url_file = 'hook'")
    write(tmp_path / "hook", URL)

    assert (
        refusal(tmp_path)
        == """\
liqmon.toml: 1 problem
  --> liqmon.toml:3 discord.webhook_url_file: stands beside webhook_url
     3 | webhook_url_file = ***
       hint: keep one of the two"""
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_f03_a_hostile_form_is_refused_from_every_source(
    tmp_path: Path, text: str
) -> None:
    assert len(HOSTILE) == 17
    said = refusal(tmp_path, {"LIQMON_DISCORD__WEBHOOK_URL": text})
    assert "LIQMON_DISCORD__WEBHOOK_URL discord.webhook_url: " in said

    quoted = text.replace("\\", "\\\\").replace("\n", "\\n")
    config(tmp_path, f'webhook_url = "{quoted}"')
    said = refusal(tmp_path)
    assert "liqmon.toml:2 discord.webhook_url: " in said
    assert "     2 | webhook_url = ***\n" in said

    config(tmp_path, "webhook_url_file = 'hook'")
    write(tmp_path / "hook", text)
    assert "liqmon.toml:2 discord.webhook_url_file: " in refusal(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f'webhook_url = "{URL}',
        f"webhook_url = {URL}",
        f"webhook_url = ['{URL}']",
        f'"webhook_url" = """\n{URL}\n"""',
        f"{URL}",
        f"'{URL}' = 1",
        f"'{URL}' = '''",
        f"webhook = '{URL}'",
        f"url = '{URL}'",
        f"url = '{TOKEN}'",
        f"webhook_url_file = '{URL}'",
        f"[{URL}]",
        f"['{URL}']",
        f"timeout_s = '{URL}'",
        f"when_open = '{URL}'",
        f"base_url = '{URL}'",
        f"x = {{ webhook_url = '{URL}' }}",
    ],
)
def test_f03_no_slip_of_the_pen_shows_the_token(tmp_path: Path, text: str) -> None:
    config(tmp_path, text)

    assert "liqmon.toml" in refusal(tmp_path)


@pytest.mark.parametrize(
    "name", ["DISCORD__WEBHOOK_URL_FILE", "DISCORD__WEBHOOK", "DISCORD__TIMEOUT_S"]
)
def test_f03_no_slip_in_the_environment_shows_the_token(
    tmp_path: Path, name: str
) -> None:
    assert f"LIQMON_{name}" in refusal(tmp_path, {f"LIQMON_{name}": URL})


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_f04_a_settings_file_with_a_webhook_is_private(
    tmp_path: Path, mode: int
) -> None:
    file = config(tmp_path, f"webhook_url = '{URL}'", mode)

    assert (
        refusal(tmp_path)
        == f"""\
liqmon.toml: 1 problem
  --> liqmon.toml:2 discord.webhook_url: holds the webhook and is open to others \
(mode {mode:04o})
     2 | webhook_url = ***
       hint: chmod 600 {file}"""
    )


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_f04_a_private_mode_is_fine(tmp_path: Path, mode: int) -> None:
    config(tmp_path, f"webhook_url = '{URL}'", mode)

    assert read(tmp_path).settings.discord.webhook is not None


def test_f04_an_exposed_webhook_is_refused_even_where_another_one_wins(
    tmp_path: Path,
) -> None:
    config(tmp_path, f"webhook_url = '{URL}'", 0o644)

    assert "open to others" in refusal(tmp_path, {"LIQMON_DISCORD__WEBHOOK_URL": OTHER})


def test_f04_a_settings_file_without_a_secret_may_be_open(tmp_path: Path) -> None:
    config(tmp_path, "timeout_s = 5", 0o644)

    assert read(tmp_path).settings.discord.timeout_s == 5


def test_f04_the_webhooks_own_file_is_private(tmp_path: Path) -> None:
    config(tmp_path, "webhook_url_file = 'a hook'", 0o644)
    write(tmp_path / "a hook", URL, 0o644)

    said = refusal(tmp_path)

    assert "webhook_url_file: holds the webhook and is open to others (mode 0644)" in (
        said
    )
    assert said.endswith(f"hint: chmod 600 '{tmp_path}/a hook'")


def test_a_webhook_file_that_is_missing_is_named_by_its_key(tmp_path: Path) -> None:
    config(tmp_path, "webhook_url_file = 'gone'")

    assert (
        "liqmon.toml:2 discord.webhook_url_file: "
        "the file cannot be read: No such file or directory"
    ) in refusal(tmp_path)


def test_f05_a_flag_can_never_carry_the_webhook(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="never taken from the command line"):
        load(config=None, environ={}, cwd=tmp_path, flags={"discord.webhook_url": URL})
