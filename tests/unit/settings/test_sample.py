"""``sample_config.toml`` is the documentation of the settings."""

import re
from pathlib import Path

import pytest

from liqmon.settings.load import load
from liqmon.settings.models import NotifyTable, RouteTable, Settings

SAMPLE = Path(__file__).parents[3] / "sample_config.toml"
DEFAULTS = {
    f"{table}.{name}": getattr(field.default, name)
    for table, field in Settings.model_fields.items()
    if hasattr(type(field.default), "model_fields")
    for name in type(field.default).model_fields
    if name != "routes"
}


def test_it_loads_and_says_what_the_defaults_say() -> None:
    found = load(config=SAMPLE, environ={}, cwd=SAMPLE.parent, flags={})

    assert found.settings == Settings()
    assert found.warnings == ()


def test_an_editor_finds_the_schema() -> None:
    first = SAMPLE.read_text().partition("\n")[0]

    assert first == "#:schema ./liqmon.schema.json"
    assert "liqmon config schema > liqmon.schema.json" in SAMPLE.read_text()


@pytest.mark.parametrize("key", DEFAULTS)
def test_it_lists_every_key_under_its_table_with_a_comment(key: str) -> None:
    table, _, name = key.partition(".")
    body = SAMPLE.read_text().partition(f"\n[{table}]\n")[2]
    body = re.split(r"^# ?\[|^\[", body, flags=re.MULTILINE)[0]

    # what has no default is shown as an example, commented out
    mark = "# " if DEFAULTS[key] is None else ""
    assert re.search(rf"^# .+\n{mark}{name} = \S", body, re.MULTILINE)


@pytest.mark.parametrize("key", [k for k in DEFAULTS if DEFAULTS[k] is not None])
def test_each_value_in_it_is_set_and_equals_the_default(key: str) -> None:
    found = load(config=SAMPLE, environ={}, cwd=SAMPLE.parent, flags={})

    assert found.sources[key] == "file"


@pytest.mark.parametrize("name", RouteTable.model_fields)
def test_it_shows_every_key_of_a_route_with_a_comment(name: str) -> None:
    body = SAMPLE.read_text().partition("\n# [[discord.routes]]\n")[2]
    body = body.partition("\n\n")[0]

    # one comment may stand for both ways to name the webhook
    above = "" if name == "webhook_url_file" else r"^# .+\n"
    assert re.search(rf"{above}^# {name} = \S", body, re.MULTILINE)


@pytest.mark.parametrize("name", NotifyTable.model_fields)
def test_it_shows_every_key_of_a_receiver_with_a_comment(name: str) -> None:
    body = SAMPLE.read_text().partition("\n# [[notify]]\n")[2]
    body = body.partition("\n\n")[0]
    above = "" if name == "url_file" else r"^# .+\n"

    assert re.search(rf"{above}^# {name} = \S", body, re.MULTILINE)


def test_what_is_commented_out_is_valid_too(tmp_path: Path) -> None:
    commented = re.compile(r"^# (\w+ = |\[)", re.MULTILINE)
    examples = commented.sub(r"\1", SAMPLE.read_text())
    examples = re.sub(r"(?m)^(?:webhook_url|url_file).*\n", "", examples)
    file = tmp_path / "liqmon.toml"
    file.write_text(examples)
    file.chmod(0o600)
    found = load(config=file, environ={}, cwd=tmp_path, flags={})

    assert found.settings.threshold_for("BTCUSDT") == 15
    assert found.settings.discord.base_url == "http://127.0.0.1:8081"
    assert found.settings.log.file == Path("/var/log/liqmon.log")
    [route] = found.settings.discord.routes
    assert route.name == "phone"
    assert route.severity == ("high", "critical")
    [receiver] = found.settings.notify
    assert receiver.name == "telegram"
    assert receiver.url is not None
