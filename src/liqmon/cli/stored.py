"""What the commands that read or write the state share."""

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "CsvOption",
    "as_csv",
    "as_json",
    "one_form",
    "since_ms",
    "spoken",
    "state_dir",
    "table",
    "width",
]

CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV with a header.")]


def state_dir(named: Path | None) -> Path:
    """Return the state directory: the one that is named, else the usual one."""
    import os

    from liqmon.settings import places

    return places.state_dir(named, os.environ)


def since_ms(text: str) -> int:
    """Return what ``--since`` says as of now.

    Raises:
        UserError: it is neither a span nor a time.
    """
    from liqmon.cli.moments import since
    from liqmon.clock import SystemClock

    return since(text).before(SystemClock().now_ms())


def spoken(text: str) -> str:
    """Return what ``--since`` says, as part of a sentence."""
    from liqmon.cli.moments import since

    return (
        f"since {text}" if since(text).start_ms is not None else f"in the last {text}"
    )


def one_form(*, json: bool, csv: bool) -> None:
    """Refuse to write JSON and CSV at once.

    Raises:
        UserError: both are asked for.
    """
    from liqmon.errors import UserError

    if json and csv:
        raise UserError(
            "--json and --csv exclude each other", hint="leave out one of them"
        )


def as_json(value: Mapping[str, object]) -> str:
    """Return a JSON object with the number of its form."""
    return json.dumps({"schema": 1, **value}, allow_nan=False, indent=2)


def as_csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return CSV; None is an empty cell, truth is spelled as in JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def width() -> int | None:
    """Return how wide a line may be; a file or a pipe takes any."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int,
    within: int | None,
    dispensable: Sequence[str] = (),
    alike: Sequence[str] = (),
    write: Callable[[str], str] = str,
) -> Iterator[str]:
    """Yield the lines of a table; what is too wide loses ``dispensable`` columns.

    One of ``alike`` that is the same in all rows is left out; not even a pipe needs it.
    The first ``left`` columns are words, the others numbers. ``write``
    puts a cell into the alphabet of the terminal.
    """
    cells = [[write(cell) for cell in row] for row in (head, *rows)]
    kept = [
        place
        for place, name in enumerate(head)
        if name not in alike or len({row[place] for row in rows}) > 1
    ]
    lines = _aligned(cells, kept, left)
    for name in dispensable:
        if within is None or max(map(len, lines)) <= within:
            break
        if head.index(name) not in kept:
            continue
        kept.remove(head.index(name))
        lines = _aligned(cells, kept, left)
    yield from (line[:within] for line in lines)


def _aligned(
    cells: Sequence[Sequence[str]], kept: Sequence[int], left: int
) -> list[str]:
    from liqmon.ui.columns import columns

    chosen = [[row[place] for place in kept] for row in cells]
    words = sum(place < left for place in kept)
    return list(columns(chosen[0], chosen[1:], left=words))
