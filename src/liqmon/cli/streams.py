"""Standard streams that were closed by whoever started the command (``>&-``)."""

import os
import sys
from typing import Final

__all__ = ["fill_closed_streams"]

_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def fill_closed_streams() -> None:
    """Put the null device wherever Python found no standard stream at its start.

    Otherwise every write would fail, and the next file to be opened, the database for
    one, would get the number and what anything prints there.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            # the lowest number that is free: the one that was closed
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
