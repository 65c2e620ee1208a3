"""What the user types: parse, load, run, and say how it ended."""

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line that this process was started with."""
    from liqmon.cli.app import app
    from liqmon.cli.errors import guarded
    from liqmon.cli.streams import fill_closed_streams

    fill_closed_streams()
    sys.exit(guarded(lambda: app(prog_name="liqmon")))
