"""The perpetuals of each exchange as they were last seen, kept in the cache directory.

For shell completion, and for a word about a wrong name when an exchange cannot be
asked. Importing this costs nothing: a shell waits for a completion. Whatever is wrong
with a list, it is as if there were none.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from liqmon.exchange.catalogue import ALIASES

__all__ = ["Kept", "KeptList", "keep_list", "kept_list", "kept_names", "list_path"]

_FOLDER: Final = "markets"
_SCHEMA: Final = 1
_LARGEST: Final = 4 << 20

_SAFE: Final = re.compile(r"[\w.:/-]+")
"""What a shell takes for nothing but a word: zsh evaluates what it is offered."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One perpetual; ``name`` is what people type, the rest what tells it apart."""

    name: str
    symbol: str
    base: str
    quote: str
    settle: str
    id: str
    inverse: bool
    active: bool


@dataclass(frozen=True, slots=True)
class KeptList:
    """What an exchange listed at ``at_ms``, wall clock."""

    exchange: str
    at_ms: int
    markets: tuple[Kept, ...]


def list_path(cache_dir: Path, exchange: str, *, embedded: bool) -> Path:
    """Return the file of an exchange's list; one on this machine has its own."""
    name = ALIASES.get(exchange, exchange)
    return cache_dir / _FOLDER / f"{name}{'.local' if embedded else ''}.json"


def keep_list(path: Path, kept: KeptList) -> None:
    """Write the list, as a whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = {"schema": _SCHEMA, **asdict(kept)}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".liqmon-") as place:
        part = Path(place, path.name)
        part.write_text(json.dumps(whole), encoding="utf-8")
        part.replace(path)


def kept_list(path: Path) -> KeptList | None:
    """Return the list in a file, None if there is none that can be used."""
    told = _told(path)
    try:
        return KeptList(
            str(told["exchange"]),
            int(told["at_ms"]),
            tuple(Kept(**market) for market in told["markets"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def kept_names(cache_dir: Path, exchanges: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of all active markets that any list has, each once.

    Only of these ``exchanges``, if some are named.
    """
    wanted = {ALIASES.get(exchange, exchange) for exchange in exchanges}
    found: dict[str, None] = {}
    for path in sorted((cache_dir / _FOLDER).glob("*.json")):
        if not wanted or path.name.partition(".")[0] in wanted:
            found |= dict.fromkeys(_names(_told(path)))
    return tuple(found)


def _names(told: Mapping[str, Any]) -> Iterator[str]:
    markets = told.get("markets")
    for market in markets if isinstance(markets, list) else ():
        if isinstance(market, dict) and market.get("active") is True:
            name = str(market.get("name"))
            if _SAFE.fullmatch(name):
                yield name


def _told(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    known = isinstance(told, dict) and told.get("schema") == _SCHEMA
    return told if known else {}
