"""``liqmon outbox``: what is not delivered, why, and what to do about it.

Works beside a running watch.
"""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liqmon.cli.options import ConfigOption, JsonOption, StateDirOption
from liqmon.cli.stored import state_dir as state_dir_of, width

if TYPE_CHECKING:
    from liqmon.app.undelivered import Item, Outbox

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="What is not delivered, why, and what to do about it."
)


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
    typer.echo(_as_json(outbox) if as_json else "\n".join(_table(outbox, width())))


@app.command()
def show(
    row: Annotated[int, typer.Argument(help="The id that list shows.", metavar="ID")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Print one message with all its facts, as JSON."""
    from liqmon.errors import UserError

    # facts have no other form; the option is there because every command has it
    del as_json

    outbox = _looked(config, state_dir, list(_State))
    found = [item for item in outbox.items if item.id == row]
    if not found:
        raise UserError(
            f"there is no message {row} in the outbox", hint="see liqmon outbox list"
        )
    typer.echo(_json({"schema": 1} | _record(found[0])))


@app.command()
def retry(
    rows: Annotated[
        list[int] | None,
        typer.Argument(help="The ids that list shows.", metavar="ID"),
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All dead ones, instead of ids.")
    ] = False,
    as_json: JsonOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Send dead or expired messages after all.

    A running watch does so within a minute.
    """
    import asyncio

    from liqmon.app.undelivered import retry as retried
    from liqmon.clock import SystemClock
    from liqmon.errors import UserError

    if bool(rows) is every:
        raise UserError(
            "retry what? either ids or --all", hint="see liqmon outbox list for the ids"
        )
    again = asyncio.run(
        retried(rows or (), state_dir=state_dir_of(state_dir), clock=SystemClock())
    )
    told = {"schema": 1, "retried": list(again)}
    typer.echo(_json(told) if as_json else f"to be sent again: {_count(len(again))}")


@app.command()
def purge(
    *,
    state: Annotated[
        list[_State] | None,
        typer.Option("--state", help="Instead of dead; may be given more than once."),
    ] = None,
    as_json: JsonOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Delete dead messages for good, or those in other states."""
    import asyncio

    from liqmon.app.undelivered import purge as purged
    from liqmon.store.outbox import RowState

    states = [RowState(one.value) for one in state or (_State.DEAD,)]
    count = asyncio.run(purged(states, state_dir=state_dir_of(state_dir)))
    told = {"schema": 1, "purged": count}
    typer.echo(_json(told) if as_json else f"deleted: {_count(count)}")


def _count(messages: int) -> str:
    return "1 message" if messages == 1 else f"{messages} messages"


def _looked(
    config: Path | None, state_dir: Path | None, states: Sequence[_State]
) -> "Outbox":
    import asyncio

    from liqmon.app.undelivered import look
    from liqmon.cli.configured import loaded
    from liqmon.clock import SystemClock
    from liqmon.store.outbox import RowState

    return asyncio.run(
        look(
            loaded(config).settings,
            state_dir=state_dir_of(state_dir),
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
