"""How the table was left: order and bell, kept beside the state from run to run.

Nothing depends on it, so trouble with the file is no trouble.
"""

import json
import logging
from pathlib import Path
from typing import Any

from liqmon.ui.look import Look, Sort

__all__ = ["remember", "remembered"]

log = logging.getLogger(__name__)


def remembered(path: Path | None) -> Look:
    """Return the look that was left, or the usual one."""
    try:
        kept = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        return _look(kept)
    except FileNotFoundError:
        return Look()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.info("the order of the table is the usual one: %s", error)
        return Look()


def _look(kept: dict[str, Any]) -> Look:
    return Look(
        sort=Sort(kept.get("sort", Sort.SEVERITY)),
        is_reversed=kept.get("reversed") is True,
        has_bell=kept.get("bell") is not False,
    )


def remember(look: Look, path: Path | None) -> None:
    """Keep what a user would have to set anew."""
    if path is None:
        return
    kept = {"sort": look.sort, "reversed": look.is_reversed, "bell": look.has_bell}
    try:
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    except OSError as error:
        log.info("the order of the table is not remembered: %s", error)
