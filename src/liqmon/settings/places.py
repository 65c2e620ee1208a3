"""Where liqmon looks for its settings file and keeps its state."""

from collections.abc import Mapping
from pathlib import Path

import platformdirs

from liqmon.errors import ConfigError

__all__ = [
    "absolute",
    "archive_dir",
    "cache_dir",
    "candidates",
    "find_file",
    "state_dir",
]


def find_file(
    config: Path | None, *, environ: Mapping[str, str], cwd: Path
) -> Path | None:
    """Return the one settings file that counts, None if there is none.

    A file that was named (``--config``, ``$LIQMON_CONFIG``) must exist; of the usual
    places the first that exists wins. Files are never merged.

    Raises:
        ConfigError: the file that was named does not exist.
    """
    named = config or environ.get("LIQMON_CONFIG")
    if not named:
        found = (path for path in candidates(environ, cwd) if path.exists())
        return next(found, None)
    path = absolute(named, base=cwd, environ=environ)
    if not path.exists():
        by = "the command line" if config else "$LIQMON_CONFIG"
        raise ConfigError(
            f"no such file: {path}", hint=f"it was named by {by}: check the path"
        )
    return path


def candidates(environ: Mapping[str, str], cwd: Path) -> tuple[Path, Path]:
    """Return the usual places, the nearest first."""
    return cwd / "liqmon.toml", _config_home(environ) / "config.toml"


def state_dir(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the directory of the state; it need not exist yet.

    ``--state-dir``, ``$LIQMON_STATE_DIR``, ``$STATE_DIRECTORY`` (set by systemd),
    else the user's own.
    """
    named = flag or environ.get("LIQMON_STATE_DIR")
    if named:
        return absolute(named, base=Path.cwd(), environ=environ)
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    if home := environ.get("XDG_STATE_HOME"):
        return Path(home) / "liqmon"
    return platformdirs.user_state_path("liqmon", appauthor=False)


def archive_dir(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the directory of downloaded candles; it need not exist yet.

    ``--archive``, ``$LIQMON_ARCHIVE``, else below the user's own data.
    """
    named = flag or environ.get("LIQMON_ARCHIVE")
    if named:
        return absolute(named, base=Path.cwd(), environ=environ)
    if home := environ.get("XDG_DATA_HOME"):
        return Path(home) / "liqmon" / "candles"
    return platformdirs.user_data_path("liqmon", appauthor=False) / "candles"


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Return the directory of what can be fetched again; it need not exist yet."""
    if home := environ.get("XDG_CACHE_HOME"):
        return Path(home) / "liqmon"
    return platformdirs.user_cache_path("liqmon", appauthor=False)


def absolute(path: Path | str, *, base: Path, environ: Mapping[str, str]) -> Path:
    """Return the path seen from ``base``, with a leading ``~`` for the home."""
    parts = Path(path).parts
    if parts[:1] == ("~",):
        return _home(environ).joinpath(*parts[1:])
    return base / path


def _config_home(environ: Mapping[str, str]) -> Path:
    if named := environ.get("XDG_CONFIG_HOME"):
        return Path(named) / "liqmon"
    # on macOS too, when it is there: users keep their files where they know them
    usual = _home(environ) / ".config" / "liqmon"
    if usual.is_dir():
        return usual
    return platformdirs.user_config_path("liqmon", appauthor=False)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()
