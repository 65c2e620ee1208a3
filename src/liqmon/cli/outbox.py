"""``liqmon outbox``: what is not delivered, and why. Works beside a running watch."""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liqmon.cli.options import ConfigOption, JsonOption, StateDirOption

if TYPE_CHECKING:
    from liqmon.app.undelivered import Item, Outbox

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Show what is not delivered, and why.")


class _State(StrEnum):
    """The names on the command line; the store's own enum would import sqlite3."""

    PENDING = "pending"
    SENT = "sent"
    DIGESTED = "digested"
    EXPIRED = "expired"
    DEAD = "dead"


_UNDELIVERED = (_State.PENDING, _State.EXPIRED, _State.DEAD)


@app.command(name="list")
def list_rows(
    *,
    state: Annotated[
        list[_State] | None,
        typer.Option("--state", help="Only these; may be given more than once."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """List what is pending, expired or dead, one line each, oldest first."""
    outbox = _looked(config, state_dir, state or _UNDELIVERED)
    typer.echo(_as_json(outbox) if as_json else "\n".join(_table(outbox, _width())))


@app.command()
def show(
    row: Annotated[int, typer.Argument(help="The id that list shows.", metavar="ID")],
    *,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Print one message with all its facts, as JSON."""
    from liqmon.errors import UserError

    outbox = _looked(config, state_dir, list(_State))
    found = [item for item in outbox.items if item.id == row]
    if not found:
        raise UserError(
            f"there is no message {row} in the outbox", hint="see liqmon outbox list"
        )
    typer.echo(_json({"schema": 1} | _record(found[0])))


def _looked(
    config: Path | None, state_dir: Path | None, states: Sequence[_State]
) -> "Outbox":
    import asyncio
    import os

    from liqmon.app.undelivered import look
    from liqmon.cli.configured import loaded
    from liqmon.clock import SystemClock
    from liqmon.settings import places
    from liqmon.store.outbox import RowState

    return asyncio.run(
        look(
            loaded(config).settings,
            state_dir=places.state_dir(state_dir, os.environ),
            states=[RowState(state.value) for state in states],
            clock=SystemClock(),
        )
    )


def _as_json(outbox: "Outbox") -> str:
    return _json(
        {
            "schema": 1,
            "held": outbox.held or None,
            "rows": [_record(item) for item in outbox.items],
        }
    )


def _record(item: "Item") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(item)


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, indent=2)


def _width() -> int | None:
    """Return how wide a line may be; a file or a pipe takes any."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _table(outbox: "Outbox", width: int | None) -> Iterator[str]:
    if outbox.held:
        yield _cut(f"nothing is sent: {outbox.held}", width)
    if not outbox.items:
        yield "no such messages in the outbox"
        return
    head = ("id", "state", "severity", "age", "tries", "what", "why")
    rows = [head, *map(_cells, outbox.items)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head) - 1)]
    for row in rows:
        yield _cut(_aligned(row, widths), width)


def _cells(item: "Item") -> tuple[str, ...]:
    from liqmon.ui.figures import name_of, plain, span

    what = (
        f"{name_of(item.symbol)} {item.liquidated} {item.phase}" if item.symbol else ""
    )
    return (
        str(item.id),
        item.state,
        item.severity,
        span(item.age_s),
        str(item.attempts),
        plain(what) or item.kind,
        plain(item.why),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[-1]])


def _cut(line: str, width: int | None) -> str:
    if width is None or len(line) <= width:
        return line
    return line[: width - 1] + "…"
