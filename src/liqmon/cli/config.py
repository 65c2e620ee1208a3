"""``liqmon config``: which settings count, and where they come from."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liqmon.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from liqmon.settings.models import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Show and check the settings.")


@app.command()
def path(*, config: ConfigOption = None) -> None:
    """Print the settings file in use."""
    import os

    from liqmon.errors import UserError
    from liqmon.settings.places import candidates, find_file

    cwd = Path.cwd()
    found = find_file(config, environ=os.environ, cwd=cwd)
    if found is None:
        places = " or ".join(map(str, candidates(os.environ, cwd)))
        raise UserError(
            "there is no settings file",
            hint=f"liqmon init makes one; looked for {places}",
        )
    typer.echo(found)


@app.command()
def show(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print every setting with its value and where it comes from."""
    from liqmon.cli.configured import loaded
    from liqmon.webhook import scrubbed

    found = loaded(config)
    rows = {
        key: {"value": _shown(found.settings, key), "source": source}
        for key, source in found.sources.items()
    }
    file = None if found.path is None else str(found.path)
    thresholds = _thresholds(found.settings)
    if as_json:
        whole = {
            "schema": 1,
            "file": file,
            "settings": rows,
            "thresholds": thresholds,
        }
        lines = [json.dumps(whole, allow_nan=False, indent=2)]
    else:
        lines = [f"file: {file or 'none'}", *_table(rows), *_spoken(thresholds)]
    # scrubbed: a path or any other text may be a webhook that was put there by mistake
    typer.echo(scrubbed("\n".join(lines)))


@app.command()
def validate(
    file: Annotated[
        Path | None, typer.Argument(help="The file to check.", metavar="FILE")
    ] = None,
    *,
    config: ConfigOption = None,
) -> None:
    """Check the settings, and name every problem at once."""
    from liqmon.cli.configured import check_receivers, loaded

    found = loaded(file or config)
    check_receivers(found.settings)
    typer.echo(f"{found.path or 'no settings file; the defaults'}: ok")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    from liqmon.settings.models import schema as settings_schema

    json.dump(settings_schema(), sys.stdout, indent=2)
    typer.echo()


def _table(rows: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    width = max(map(len, rows))
    for key, row in rows.items():
        value = "-" if row["value"] is None else json.dumps(row["value"])
        yield f"{key:<{width}}  {value:<24}  {row['source']}"


def _thresholds(settings: "Settings") -> dict[str, dict[str, object]]:
    """Return what decides the threshold of the markets that have a say, and the rest.

    The rest goes by ``*``.
    """
    decided = {"*": settings.decided_for()}
    decided |= {name: settings.decided_for(name) for name in settings.overrides}
    return {
        name: {"threshold": one.threshold, "decided_by": one.by}
        for name, one in decided.items()
    }


def _spoken(thresholds: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for name, one in thresholds.items():
        whose = "threshold" if name == "*" else f"threshold of {name}"
        yield f"{whose}: {one['threshold']:g}, from {one['decided_by']}"


def _shown(settings: object, key: str) -> object:
    """Return the value of a dotted key as JSON can say it, a secret as stars."""
    head, _, name = key.rpartition(".")
    if not head:
        return _plain(getattr(settings, name))
    table, _, symbol = head.partition(".")
    holder = getattr(settings, table)
    return _plain(getattr(holder[symbol] if symbol else holder, name))


def _plain(value: object) -> object:
    from pydantic import BaseModel

    from liqmon.credential import Credential

    match value:
        case BaseModel():
            names = sorted(value.model_fields_set)
            return {name: _plain(getattr(value, name)) for name in names}
        case Credential():
            return "***"
        case Path():
            return str(value)
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return value
