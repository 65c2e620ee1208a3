"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ConfigOption", "JsonOption", "StateDirOption"]

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings file; replaces the usual places.", metavar="FILE"
    ),
]

StateDirOption = Annotated[
    Path | None,
    typer.Option(
        "--state-dir", help="Where findings and cool-downs are kept.", metavar="DIR"
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
