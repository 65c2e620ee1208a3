"""Mistakes of usage in the words of every other error; the rest: test_mistakes."""

import pytest
import typer
from typer.testing import CliRunner

from liqmon.cli.app import app as liqmon
from liqmon.cli.usage import Commands
from liqmon.errors import UserError

app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)


@app.command()
def odd() -> None:
    """Fail in a way that has no words of its own here."""
    raise typer.BadParameter("Something is odd.")


@app.command()
def even() -> None:
    """Do what was asked."""
    typer.echo("done")


def test_what_is_not_known_is_told_as_it_is() -> None:
    caught = CliRunner().invoke(app, ["odd"]).exception

    assert isinstance(caught, UserError)
    assert str(caught) == "Something is odd"
    assert caught.hint == "see root odd --help"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_is_no_mistake(arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments, prog_name="liqmon")

    assert "Usage: liqmon" in told.output
    assert not isinstance(told.exception, UserError)


def test_what_works_is_left_alone() -> None:
    assert CliRunner().invoke(app, ["even"]).output == "done\n"


def test_what_each_command_does_is_said_whole_in_eighty_columns() -> None:
    for group in ([], ["outbox"], ["config"]):
        told = CliRunner().invoke(liqmon, [*group, "--help"], env={"COLUMNS": "80"})
        assert "..." not in told.output.partition("Commands:")[2]
