"""The archive that ``liqmon download`` fills: one file per market and month.

``ROOT/bybit/BTC-USDT_USDT/1m/2024-01.npz`` holds a month of plain numpy arrays, not
compressed: a month of minutes is 2 MB and is read in about a millisecond, where the
same month as csv.gz takes a hundred. A file is replaced as a whole, so a kill leaves
the old one or the new one. It also says which time was asked for: a bar that is missing
there was asked for and does not exist, and all other time is still to be fetched.
"""

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.npyio import NpzFile

from liqmon.archive.bars import Bars, joined
from liqmon.archive.spans import Span, united
from liqmon.archive.timeframes import LENGTH_MS, bar_opens, next_open
from liqmon.errors import UserError

__all__ = ["SUFFIX", "Label", "Shelf", "read_month", "shelves"]

SUFFIX: Final = ".npz"

_FORM: Final = 1
_COLUMNS: Final = ("open_ms", "open", "high", "low", "close", "volume")
_LONGEST_MONTH_MS: Final = 31 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Whose candles these are; ``symbol`` is ccxt's unified one, volume in base units.

    ``contract_size`` counts base units (linear) or quote units (inverse) per contract.
    """

    exchange: str
    symbol: str
    base: str
    quote: str
    timeframe: str
    inverse: bool = False
    contract_size: float = 1.0

    @property
    def name(self) -> str:
        """The short form people type: ``BTCUSDT``."""
        return f"{self.base}{self.quote}"

    @property
    def folder(self) -> Path:
        """Where its months lie, below the archive's root."""
        plain = self.symbol.replace("/", "-").replace(":", "_")
        return Path(self.exchange, re.sub(r"[^\w.-]", "_", plain), self.timeframe)


@dataclass(frozen=True, slots=True)
class _Month:
    label: Label
    bars: Bars
    asked: list[Span]


class Shelf:
    """The months of one market and timeframe; not for two writers at a time."""

    def __init__(self, root: Path, label: Label) -> None:
        self.label = label
        self.folder = root / label.folder

    def asked(self) -> list[Span]:
        """Return the time that needs no more asking."""
        return united(span for path in self._files() for span in _asked(path))

    def parts(self, since_ms: int, until_ms: int) -> Iterator[Bars]:
        """Yield the bars that open in that time, month by month, oldest first."""
        for path in self._files():
            month_ms = _month_ms(path)
            if not since_ms - _LONGEST_MONTH_MS < month_ms < until_ms:
                continue
            bars = _load(path).bars
            first, after = np.searchsorted(bars.open_ms, [since_ms, until_ms])
            if after > first:
                yield bars.rows(slice(int(first), int(after)))

    def span(self) -> Span | None:
        """Return the time from the first bar to the end of the last; None if empty."""
        files = self._files()
        first = next((bars for bars in map(read_month, files) if len(bars)), None)
        last = next((bars for bars in map(read_month, files[::-1]) if len(bars)), None)
        if first is None or last is None:
            return None
        length_ms = LENGTH_MS[self.label.timeframe]
        return int(first.open_ms[0]), int(last.open_ms[-1]) + length_ms

    def add(self, bars: Bars, asked: Span) -> None:
        """Keep what came of asking for that time; it replaces what was there.

        Raises:
            UserError: the archive cannot be written.
        """
        month_ms = _opened(asked[0])
        while month_ms < asked[1]:
            end_ms = next_open(month_ms, "1M")
            within = (max(asked[0], month_ms), min(asked[1], end_ms))
            first, after = np.searchsorted(bars.open_ms, within)
            self._add(month_ms, bars.rows(slice(int(first), int(after))), within)
            month_ms = end_ms

    def _add(self, month_ms: int, bars: Bars, asked: Span) -> None:
        path = self.folder / f"{_written(month_ms)}{SUFFIX}"
        spans = [asked]
        if path.exists():
            held = _load(path)
            kept = (held.bars.open_ms < asked[0]) | (held.bars.open_ms >= asked[1])
            bars = joined([held.bars.rows(np.flatnonzero(kept)), bars])
            spans += held.asked
        _save(path, _Month(self.label, bars, united(spans)))

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"????-??{SUFFIX}"))


def shelves(root: Path) -> list[Shelf]:
    """Return everything that the archive holds, in order of its folders.

    Raises:
        UserError: a file in it is no part of an archive.
    """
    firsts: dict[Path, Path] = {}
    for path in sorted(root.glob(f"*/*/*/????-??{SUFFIX}")):
        firsts.setdefault(path.parent, path)
    return [Shelf(root, _label(path)) for path in firsts.values()]


def read_month(path: Path) -> Bars:
    """Return the bars of one file of an archive.

    Raises:
        UserError: it is none, or cannot be read.
    """
    return _load(path).bars


# months and their files


def _opened(at_ms: int) -> int:
    return int(bar_opens(np.array([at_ms], dtype=np.int64), "1M")[0])


def _month_ms(path: Path) -> int:
    return int(np.datetime64(path.stem, "ms").astype(np.int64))


def _written(month_ms: int) -> str:
    return str(np.datetime64(month_ms, "ms").astype("datetime64[M]"))


@contextmanager
def _opened_file(path: Path) -> Iterator[tuple[Label, NpzFile]]:
    """Open a file and yield its label and its arrays, none of which is read yet."""
    try:
        # opened here: numpy leaves the file of a damaged archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            about = json.loads(str(held["about"]))
            if about.pop("form") != _FORM:
                raise UserError(
                    f"{path}: written by another version of liqmon",
                    hint="install that version, or delete the file and download again",
                )
            yield Label(**about), held
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror or error}",
            hint="check the path and the file",
        ) from error
    except (
        AttributeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        raise UserError(
            f"{path}: the file is damaged, or no part of an archive",
            hint="delete it and run liqmon download again",
        ) from error


def _spans(held: NpzFile) -> list[Span]:
    return [(int(start), int(end)) for start, end in held["asked"]]


def _label(path: Path) -> Label:
    with _opened_file(path) as (label, _):
        return label


def _asked(path: Path) -> list[Span]:
    with _opened_file(path) as (_, held):
        return _spans(held)


def _load(path: Path) -> _Month:
    with _opened_file(path) as (label, held):
        columns: dict[str, Any] = {name: held[name] for name in _COLUMNS}
        bars = Bars(symbol=label.name, timeframe=label.timeframe, **columns)
        return _Month(label, bars, _spans(held))


def _save(path: Path, month: _Month) -> None:
    """Replace the file as a whole."""
    about = json.dumps({"form": _FORM, **asdict(month.label)})
    columns = {name: getattr(month.bars, name) for name in _COLUMNS}
    asked = np.array(month.asked, dtype=np.int64).reshape(-1, 2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as place:
            part = Path(place, path.name)
            with part.open("wb") as file:
                np.savez(file, about=np.array(about), asked=asked, **columns)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="make room, or name another place with --archive",
        ) from error
