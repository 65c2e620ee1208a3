"""One candle file to arrays: ``.csv``, ``.csv.gz`` or a ``.zip`` with one ``.csv``.

A file of liqmon's own archive (``.npz``) will do as well.
Columns are found by the header, whose names are those of Binance's files; a file
without a header must have Binance's twelve columns. Both are described at
https://github.com/binance/binance-public-data. Rows may stand in any order: they are
sorted, and of two rows with the same time the later one in the file counts.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from liqmon.archive.bars import Bars, FloatArray, IntArray, in_order
from liqmon.archive.months import SUFFIX, read_month
from liqmon.archive.names import named
from liqmon.archive.timeframes import LENGTH_MS, bar_opens, timeframe_of
from liqmon.errors import UserError

__all__ = ["read"]

Columns: TypeAlias = Mapping[str, int]

_BINANCE: Final = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
_NEEDED: Final = _BINANCE[:6]
_OPTIONAL: Final = ("quote_volume", "taker_buy_volume")

# Binance's spot files count microseconds from 2025 on; milliseconds reach this
# number in the year 5138, and seconds have not reached the other since 1970.
_MICROSECONDS_FROM: Final = 1e14
_MILLISECONDS_FROM: Final = 1e11


@dataclass(frozen=True, slots=True)
class _Text:
    """A file's rows as text, and where they are."""

    path: Path
    body: bytes
    columns: Columns
    first_line: int

    def wrong(self, line: int, problem: str) -> UserError:
        return UserError(
            f"{self.path}:{line}: {problem}",
            hint="mend or delete that line, or download the file again",
        )

    def line_of(self, row: int) -> int:
        """Return the line of a row, counted without the blank lines in between."""
        lines = self.body.splitlines()
        filled = [number for number, line in enumerate(lines) if line.strip()]
        return self.first_line + filled[row]


def read(
    path: Path, *, symbol: str | None = None, timeframe: str | None = None
) -> Bars:
    """Read a candle file; ``symbol`` and ``timeframe`` default to what its name says.

    Raises:
        UserError: it cannot be read or understood; says which line.
    """
    if path.suffix == SUFFIX:
        return read_month(path)
    text = _text(path)
    table = _table(text)
    open_ms = _times_ms(text, table["open_time"])
    _check_prices(text, table)
    name = named(path)
    symbol = symbol or name.symbol
    if symbol is None:
        raise UserError(
            f"{path}: the name of the file does not say which market it is",
            hint="name it like BTCUSDT-1m-2024-01.csv or BTCUSDT_1m.csv.gz",
        )
    bars = in_order(
        Bars(
            symbol=symbol,
            timeframe="",
            open_ms=open_ms,
            **{key: table[key] for key in _NEEDED[1:]},
            quote_volume=table.get("quote_volume"),
            taker_buy=table.get("taker_buy_volume"),
        )
    )
    return _of_timeframe(path, bars, timeframe or name.timeframe)


# from bytes to numbers


def _text(path: Path) -> _Text:
    content = _content(path).removeprefix(b"\xef\xbb\xbf")
    first, _, rest = content.partition(b"\n")
    words = [
        word.strip().lower() for word in first.decode("ascii", "replace").split(",")
    ]
    if not content.strip():
        raise UserError(f"{path}: the file is empty", hint="download it again")
    if not _is_number(words[0]):
        columns = {word: place for place, word in enumerate(words)}
        missing = [name for name in _NEEDED if name not in columns]
        if missing:
            raise UserError(
                f"{path}:1: the header has no column {', '.join(missing)}",
                hint=f"the columns needed are {', '.join(_NEEDED)}",
            )
        return _Text(path, rest, columns, 2)
    if len(words) != len(_BINANCE):
        raise UserError(
            f"{path}:1: {len(words)} columns and no header",
            hint=f"add a header line: {','.join(_NEEDED)}",
        )
    return _Text(path, content, {n: i for i, n in enumerate(_BINANCE)}, 1)


def _content(path: Path) -> bytes:
    try:
        match path.suffix.lower():
            case ".gz":
                return gzip.decompress(path.read_bytes())
            case ".zip":
                return _only_member(path)
            case _:
                return path.read_bytes()
    except OSError as error:
        # gzip.BadGzipFile is one of these
        reason = error.strerror or "it is no gzip file"
        raise UserError(
            f"{path}: cannot be read: {reason}", hint="check the path and the file"
        ) from error
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: the file is damaged: {error}", hint="download it again"
        ) from error


def _only_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".csv")]
        if len(members) != 1:
            raise UserError(
                f"{path}: {len(members)} .csv files in it instead of one",
                hint="unpack it and give the files one by one",
            )
        return archive.read(members[0])


def _table(text: _Text) -> dict[str, FloatArray]:
    wanted = [*_NEEDED, *(name for name in _OPTIONAL if name in text.columns)]
    if not text.body.strip():
        raise UserError(f"{text.path}: a header and no rows", hint="download it again")
    try:
        numbers = np.loadtxt(
            io.BytesIO(text.body),
            delimiter=",",
            comments=None,
            usecols=[text.columns[name] for name in wanted],
            ndmin=2,
            encoding="ascii",
        )
    except ValueError:
        raise _not_a_row(text, wanted) from None
    return {name: numbers[:, place].copy() for place, name in enumerate(wanted)}


def _not_a_row(text: _Text, wanted: list[str]) -> UserError:
    """Return the error that names the first line that is none.

    Searched for line by line: only a broken file pays for it.
    """
    for number, line in enumerate(text.body.split(b"\n")):
        cells = line.decode("ascii", "replace").split(",")
        if line.strip() and len(cells) <= max(text.columns[name] for name in wanted):
            return text.wrong(text.first_line + number, f"only {len(cells)} columns")
        for name in wanted if line.strip() else ():
            if not _is_number(cells[text.columns[name]]):
                cell = cells[text.columns[name]]
                return text.wrong(
                    text.first_line + number, f"{name} is not a number: {cell[:40]!r}"
                )
    return text.wrong(text.first_line, "the rows below cannot be read")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# from numbers to bars


def _times_ms(text: _Text, times: FloatArray) -> IntArray:
    divisor = np.where(times >= _MICROSECONDS_FROM, 1000, 1)
    bad = ~(times >= _MILLISECONDS_FROM) | ~np.isfinite(times)
    if bad.any():
        row = int(bad.argmax())
        raise text.wrong(
            text.line_of(row), f"open_time {times[row]:g} is not in epoch milliseconds"
        )
    return times.astype(np.int64) // divisor


def _check_prices(text: _Text, table: Mapping[str, FloatArray]) -> None:
    low, high, volume = table["low"], table["high"], table["volume"]
    # written so that a NaN is bad
    good = (low > 0.0) & (high < np.inf) & (volume >= 0.0) & (volume < np.inf)
    for name in ("open", "close"):
        good &= (table[name] >= low) & (table[name] <= high)
    if not good.all():
        row = int(good.argmin())
        cells = ", ".join(f"{name} {table[name][row]:g}" for name in _NEEDED[1:])
        raise text.wrong(text.line_of(row), f"no candle has {cells}")


def _of_timeframe(path: Path, bars: Bars, expected: str | None) -> Bars:
    """Return the bars with their timeframe, which must be what ``expected`` says."""
    steps = np.diff(bars.open_ms)
    shortest_ms = int(steps.min()) if steps.size else None
    if expected is None and shortest_ms is not None:
        expected = timeframe_of(shortest_ms)
    length_ms = LENGTH_MS.get(expected or "")
    if expected is None or length_ms is None:
        raise UserError(
            f"{path}: cannot tell its timeframe",
            hint=f"put it into the name: {', '.join(LENGTH_MS)}",
        )
    if shortest_ms is not None and shortest_ms != length_ms:
        raise UserError(
            f"{path}: rows {shortest_ms / 1000:g} s apart are no {expected} candles",
            hint="rename the file, or give one timeframe per file",
        )
    off_grid = bar_opens(bars.open_ms, expected) != bars.open_ms
    if off_grid.any():
        raise UserError(
            f"{path}: no {expected} bar opens at {bars.open_ms[off_grid][0]}",
            hint="is it the time of the bar's close, or another time zone's?",
        )
    return replace(bars, timeframe=expected)
