"""What ``watch`` and ``check`` were asked for, and the run that follows from it.

Import it inside a command: it brings the settings, and with them pydantic.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from liqmon.app.run import Run
from liqmon.cli.configured import check_receivers, loaded
from liqmon.errors import ConfigError
from liqmon.logs import Tail, configure
from liqmon.settings.models import Settings
from liqmon.settings.places import cache_dir, find_file, state_dir

__all__ = ["Asked", "logging_as_asked", "overrides", "selecting"]

_VERBOSE: tuple[Literal["info", "debug"], ...] = ("info", "debug")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of one call; ``flags`` are settings that it overrides."""

    symbols: tuple[str, ...] = ()
    config: Path | None = None
    state_dir: Path | None = None
    dry_run: bool = False
    allow_volatile: bool = False
    flags: Mapping[str, object] = field(default_factory=dict)
    verbose: int = 0
    quiet: bool = False

    def pinned(self) -> "Asked":
        """Return the same with the settings file of now named.

        So one that is gone when it is read anew is missed, and its markets and its
        webhook do not give way to defaults.
        """
        found = find_file(self.config, environ=os.environ, cwd=Path.cwd())
        return replace(self, config=found)

    def run(self) -> Run:
        """Read the settings, now, and return the run.

        Raises:
            ConfigError: the settings cannot be used, or name no market.
        """
        settings = self.settings()
        symbols = self.symbols or settings.watch.symbols
        if not (symbols or settings.watch.top or settings.watch.all):
            raise ConfigError(
                "no market to watch",
                hint="name some (liqmon watch BTCUSDT ETHUSDT), say --top 20, or set "
                "[watch] symbols",
            )
        if not self.dry_run:
            # now: after a reload that fails here the old settings stay in force
            check_receivers(settings)
        kept = None if self.dry_run else state_dir(self.state_dir, os.environ)
        return Run(
            settings,
            symbols,
            kept,
            self.dry_run,
            self.allow_volatile,
            None if self.dry_run else cache_dir(os.environ),
        )

    def settings(self) -> Settings:
        """Read the settings; markets that are named replace what they select.

        Raises:
            ConfigError: they cannot be used.
        """
        settings = loaded(self.config, self.flags).settings
        is_asked = any(self.flags.get(f"watch.{name}") for name in ("top", "all"))
        if not self.symbols or is_asked:
            return settings
        watch = settings.watch.model_copy(update={"top": None, "all": False})
        return settings.model_copy(update={"watch": watch})


def selecting(
    *,
    top: int | None,
    by: str | None,
    all_markets: bool,
    exclude: list[str] | None,
) -> dict[str, object]:
    """Return what the options that select markets set; None says nothing."""
    return {
        "watch.top": top,
        "watch.by": None if by is None else str(by),
        "watch.all": all_markets or None,
        "watch.exclude": exclude or None,
    }


def overrides(
    *,
    exchange: list[str] | None,
    timeframe: str | None,
    threshold: float | None,
    log_file: Path | None,
) -> dict[str, object]:
    """Return what these options set; None says nothing."""
    return {
        "exchange.ids": exchange or None,
        "watch.timeframe": timeframe,
        "detector.threshold": threshold,
        "log.file": log_file,
    }


def logging_as_asked(
    asked: Asked,
    settings: Settings,
    *,
    to_terminal: bool,
    least: str | None = None,
    tail: Tail | None = None,
) -> AbstractContextManager[None]:
    """Return the logging of this call; ``least`` replaces the level of the settings."""
    level = least or settings.log.level
    if asked.verbose:
        level = _VERBOSE[min(asked.verbose, len(_VERBOSE)) - 1]
    if asked.quiet:
        level = "error"
    return configure(
        level,
        file=settings.log.file,
        fmt=settings.log.format,
        stream=sys.stderr,
        to_terminal=to_terminal,
        tail=tail,
    )
