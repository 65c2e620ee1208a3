"""The README says what CI runs, what the models know and what the help prints."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from liqmon.cli.app import app
from liqmon.cli.errors import ExitCode
from liqmon.core import events
from liqmon.settings.discord import RouteTable
from liqmon.settings.models import NotifyTable, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CI = (ROOT / ".ci" / "run").read_text()

TABLES = {
    name: type(field.default)
    for name, field in Settings.model_fields.items()
    if hasattr(type(field.default), "model_fields")
}


def commands(text: str) -> list[str]:
    """Return the commands of a shell script or of the README's shell blocks."""
    return [
        line
        for line in text.splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]


def shell_blocks() -> list[list[str]]:
    return [
        commands(block) for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    ]


def test_ci_runs_the_commands_that_the_readme_prints() -> None:
    test_command, *gate = commands(CI)

    assert [test_command] in shell_blocks()
    assert gate in shell_blocks()


def test_the_first_screen_has_the_demo_and_the_tests() -> None:
    first, second = shell_blocks()[:2]

    for block in (first, second):
        (command,) = block
        assert command.startswith("python3 -m venv .venv && ")
        assert "-c tests/constraints.txt" in command
    assert first[0].endswith("liqmon demo")
    assert second[0].endswith("-m pytest")


def test_every_key_stands_in_the_readme_with_its_default_and_meaning() -> None:
    for table, model in TABLES.items():
        for name, field in model.model_fields.items():
            default = field.default
            if isinstance(default, tuple):
                default = list(default)
            shown = "" if default is None else f"`{json.dumps(default)}`"
            row = f"| `{table}.{name}` | {shown} | {field.description} |"
            assert row in README, row


def test_every_key_of_a_route_stands_in_the_readme() -> None:
    for name, field in RouteTable.model_fields.items():
        assert f"| `discord.routes.{name}` |" in README, name
        assert str(field.description) in README, name


def test_every_key_of_another_receiver_stands_in_the_readme() -> None:
    for name, field in NotifyTable.model_fields.items():
        assert f"| `notify.{name}` |" in README, name
        assert str(field.description) in README, name


def test_the_readme_names_no_key_that_does_not_exist() -> None:
    tables = TABLES | {"notify": NotifyTable}
    known = {
        f"{table}.{name}" for table in tables for name in tables[table].model_fields
    }
    named = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", README, re.MULTILINE))

    assert named == known


def test_the_exit_codes_are_the_same_in_readme_help_and_code() -> None:
    table = re.search(
        r"\| exit code \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)", README
    )
    assert table is not None
    rows = [line.strip("|").split("|") for line in table[1].splitlines()]
    codes = {int(code) for row in rows for code in row[0].split(",")}
    text = CliRunner().invoke(app, ["--help"]).output

    assert codes == {int(code) for code in ExitCode}
    for row in rows:
        meaning = row[1].strip().replace("`", "")
        assert re.sub(r"\s+", " ", meaning) in re.sub(r"\s+", " ", text)


def test_every_command_of_the_readme_exists() -> None:
    blocks = [line for block in shell_blocks() for line in block]
    code = "\n".join([*blocks, *re.findall(r"`(liqmon [^`\n]*)`", README)])
    named = set(re.findall(r"(?:^|/|\")liqmon ([a-z][a-z-]+)", code, re.MULTILINE))
    text = CliRunner().invoke(app, ["--help"]).output
    known = set(re.findall(r"^  ([a-z-]+)  ", text, re.MULTILINE))

    assert {"watch", "demo", "test-webhook"} <= named <= known


def test_f13_that_two_webhooks_of_a_channel_share_its_rate_is_documented() -> None:
    assert "Two webhooks of one channel share that allowance" in README


def test_every_picture_and_file_that_the_readme_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_event_key_is_in_the_readme() -> None:
    for event in (
        events.Retrying,
        events.Healed,
        events.FeedChanged,
        events.BreakerChanged,
        events.Delivery,
        events.Summary,
    ):
        for key in event.__slots__:
            assert re.search(rf"\b{key}\b", README), key
