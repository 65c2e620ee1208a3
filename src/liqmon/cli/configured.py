"""The settings of this process. Import it inside a command: it brings pydantic."""

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from liqmon.settings.load import Loaded, load
from liqmon.settings.models import Settings

__all__ = ["check_receivers", "loaded"]


def loaded(config: Path | None, flags: Mapping[str, object] | None = None) -> Loaded:
    """Read the settings as ``load`` does, and write its warnings to standard error.

    Raises:
        ConfigError: every problem of every source, at once.
    """
    found = load(config=config, environ=os.environ, cwd=Path.cwd(), flags=flags or {})
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return found


def check_receivers(settings: Settings) -> None:
    """See whether receivers other than Discord can be used, if there are any.

    Raises:
        ConfigError: apprise is not installed, or cannot use one of them.
    """
    if settings.notify:
        # not above: it brings apprise
        from liqmon.app.receivers import opened_receivers
        from liqmon.clock import SystemClock

        opened_receivers(settings.notify, SystemClock())
