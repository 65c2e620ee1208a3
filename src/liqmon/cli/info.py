"""``liqmon info``: which liqmon this is, and where it keeps what."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from liqmon.cli.options import ArchiveOption, ConfigOption, JsonOption, StateDirOption

__all__ = ["info"]


def info(
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    archive: ArchiveOption = None,
) -> None:
    """Show versions, and where settings and state are kept."""
    import os

    from liqmon.settings import places
    from liqmon.webhook import scrubbed

    facts = {
        **_versions(),
        **_settings(config),
        **_state(places.state_dir(state_dir, os.environ)),
        "archive": _folder(places.archive_dir(archive, os.environ)),
        "cache": _folder(places.cache_dir(os.environ)),
    }
    if as_json:
        lines = [json.dumps({"schema": 1} | facts, indent=2)]
    else:
        lines = list(_lines(facts))
    typer.echo(scrubbed("\n".join(lines)))


def _versions() -> dict[str, Any]:
    import platform
    from importlib.metadata import version

    import liqmon

    # the number alone: importing ccxt takes half a second
    return {
        "liqmon": liqmon.__version__,
        "python": platform.python_version(),
        "ccxt": version("ccxt"),
        "platform": platform.platform(),
    }


def _settings(config: Path | None) -> dict[str, Any]:
    import os

    from liqmon.errors import ConfigError
    from liqmon.settings.load import load

    try:
        found = load(config=config, environ=os.environ, cwd=Path.cwd(), flags={})
    except ConfigError as error:
        return {"settings": f"not usable: {str(error).splitlines()[0]}", "log": None}
    log = found.settings.log.file
    return {
        "settings": None if found.path is None else str(found.path),
        "log": None if log is None else str(log),
    }


def _state(directory: Path) -> dict[str, Any]:
    from liqmon.store.files import DATABASE
    from liqmon.store.lock import running_pid

    database = directory / DATABASE
    size = database.stat().st_size if database.exists() else None
    return {
        "state": _folder(directory),
        "database_bytes": size,
        "running_pid": running_pid(directory),
    }


def _folder(directory: Path) -> dict[str, Any]:
    return {"path": str(directory), "exists": directory.is_dir()}


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    size, pid = facts["database_bytes"], facts["running_pid"]
    database = "none yet" if size is None else f"state.db, {size / 1024**2:.1f} MiB"
    shown = {
        "liqmon": facts["liqmon"],
        "python": f"{facts['python']} on {facts['platform']}",
        "ccxt": facts["ccxt"],
        "settings": facts["settings"] or "no file: the defaults, and the environment",
        "state": _place(facts["state"]),
        "database": database,
        "running": "nothing" if pid is None else f"process {pid}",
        "archive": _place(facts["archive"]),
        "cache": _place(facts["cache"]),
        "log": facts["log"] or "standard error",
    }
    for name, text in shown.items():
        yield f"{name:<9} {text}"


def _place(folder: Mapping[str, Any]) -> str:
    return folder["path"] if folder["exists"] else f"{folder['path']} (not there yet)"
