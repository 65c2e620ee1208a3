"""Where the candles of a backtest come from: files, or the archive.

A source is small and can be sent to another process; its candles are read there, part
by part, so that a long history needs no more memory than a short one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from liqmon.archive.bars import Bars, aggregated
from liqmon.archive.months import Label, Shelf, shelves
from liqmon.archive.names import named
from liqmon.archive.reader import read
from liqmon.archive.timeframes import LENGTH_MS
from liqmon.core.model import TIMEFRAME_MS, Candles, Market
from liqmon.errors import UserError
from liqmon.settings.models import symbol_key

__all__ = [
    "ArchiveSource",
    "FileSource",
    "Source",
    "bars_of",
    "from_archive",
    "from_files",
    "larger",
    "market_of",
]

_QUOTES: Final = ("USDT", "USDC", "USD")
_SUFFIXES: Final = (".gz", ".csv", ".zip", ".npz")


class Source(Protocol):
    """One market's candles; ``key`` names it among others."""

    @property
    def market(self) -> Market:
        """Whose candles they are."""
        ...

    @property
    def timeframe(self) -> str:
        """How long a candle is: 1m or 5m."""
        ...

    @property
    def key(self) -> str:
        """Where they come from, in a word."""
        ...

    def parts(self, since_ms: int, until_ms: int) -> Iterator[Candles]:
        """Yield the candles that open in that time, oldest first and none twice."""
        ...

    def end_ms(self) -> int:
        """Return when the last candle closes."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """One market's candles in one or more files, in order of time.

    ``key`` names it among others. Finer candles are made into ``timeframe``.
    """

    market: Market
    timeframe: str
    key: str
    files: tuple[Path, ...]

    def parts(self, since_ms: int, until_ms: int) -> Iterator[Candles]:
        """Yield the candles that open in that time, oldest first.

        Raises:
            UserError: a file cannot be used.
        """
        last_ms = since_ms - 1
        for path in self.files:
            bars = _in_timeframe(path, read(path), self.timeframe)
            # of what two files both have, the earlier one's counts
            first, after = np.searchsorted(bars.open_ms, [last_ms + 1, until_ms])
            if after > first:
                last_ms = int(bars.open_ms[after - 1])
                yield candles_from(bars.rows(slice(int(first), int(after))))

    def end_ms(self) -> int:
        """Return when the last candle closes."""
        bars = read(self.files[-1])
        return int(bars.open_ms[-1]) + LENGTH_MS[bars.timeframe]


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """One market's candles in the archive at ``root``."""

    market: Market
    timeframe: str
    key: str
    root: Path
    label: Label

    def parts(self, since_ms: int, until_ms: int) -> Iterator[Candles]:
        """Yield the candles that open in that time, oldest first.

        Raises:
            UserError: a file of the archive cannot be used.
        """
        yield from map(
            candles_from, Shelf(self.root, self.label).parts(since_ms, until_ms)
        )

    def end_ms(self) -> int:
        """Return when the last candle closes."""
        span = Shelf(self.root, self.label).span()
        return 0 if span is None else span[1]


def from_files(
    files: Sequence[Path], *, exchange: str, timeframe: str | None
) -> list[FileSource]:
    """Return a source for each file; Binance's monthly and daily files are one.

    Raises:
        UserError: a file's name does not say which market it is.
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path in files:
        groups.setdefault(_group(path), []).append(path)
    return [
        _file_source(paths, exchange=exchange, timeframe=timeframe)
        for paths in groups.values()
    ]


def from_archive(
    root: Path,
    symbols: Iterable[str],
    *,
    exchange: str,
    timeframe: str,
    lenient: bool = False,
) -> list[ArchiveSource]:
    """Return the named markets of the archive; all of them if none is named.

    ``lenient``: of those named as many as there are, and none if none is named.

    Raises:
        UserError: the archive has no such market.
    """
    held = {
        symbol_key(shelf.label.symbol): shelf.label
        for shelf in shelves(root)
        if (shelf.label.exchange, shelf.label.timeframe) == (exchange, timeframe)
    }
    wanted = list(dict.fromkeys(map(symbol_key, symbols)))
    if lenient:
        wanted = [key for key in wanted if key in held]
    elif not wanted:
        wanted = sorted(held)
    absent = [key for key in wanted if key not in held]
    if absent or not (wanted or lenient):
        names = " ".join(absent) or "SYMBOL"
        raise UserError(
            f"the archive has no {timeframe} candles of "
            f"{', '.join(absent) or 'any market'} on {exchange}",
            hint=f"liqmon download {names} --exchange {exchange} "
            f"--timeframe {timeframe}, or name files with --data",
        )
    return [
        ArchiveSource(
            _market_from(held[key]), timeframe, held[key].name, root, held[key]
        )
        for key in wanted
    ]


def larger(candles: Candles, timeframe: str) -> Candles:
    """Return larger bars made of these; candles of that timeframe as they are."""
    length_ms = TIMEFRAME_MS[timeframe]
    if candles.timeframe_ms == length_ms:
        return candles
    made = aggregated(bars_of(candles), timeframe)
    return replace(candles_from(made), timeframe_ms=length_ms)


def market_of(name: str, *, exchange: str) -> Market:
    """Return the market that a file's name means: ``BTCUSDT`` or ``BTC-PERP``.

    Raises:
        UserError: it ends in no quote currency that is known.
    """
    name = name.replace("-PERP", "USD").replace("_", "").replace("-", "")
    for quote in _QUOTES:
        base = name.removesuffix(quote)
        if base not in (name, ""):
            return Market(exchange, f"{base}/{quote}:{quote}", base, quote)
    raise UserError(
        f"{name}: cannot tell the quote currency of this market",
        hint=f"name the file for a pair that ends in {', '.join(_QUOTES)}",
    )


def candles_from(bars: Bars) -> Candles:
    """Return the core's form of the archive's rows."""
    return Candles(
        LENGTH_MS[bars.timeframe],
        bars.open_ms,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
    )


def bars_of(candles: Candles, *, symbol: str = "") -> Bars:
    """Return candles as the archive keeps them."""
    names = {length_ms: name for name, length_ms in TIMEFRAME_MS.items()}
    return Bars(
        symbol=symbol,
        timeframe=names[candles.timeframe_ms],
        open_ms=candles.open_ms,
        open=candles.open,
        high=candles.high,
        low=candles.low,
        close=candles.close,
        volume=candles.volume,
    )


def _market_from(label: Label) -> Market:
    return Market(
        label.exchange,
        label.symbol,
        label.base,
        label.quote,
        inverse=label.inverse,
        contract_size=label.contract_size,
    )


def _in_timeframe(path: Path, bars: Bars, wanted: str) -> Bars:
    held_ms, wanted_ms = LENGTH_MS[bars.timeframe], TIMEFRAME_MS.get(wanted)
    if wanted_ms is None or wanted_ms % held_ms:
        raise UserError(
            f"{path}: candles of {bars.timeframe} cannot be judged as {wanted}",
            hint=f"the detector reads candles of {' or '.join(TIMEFRAME_MS)}",
        )
    return bars if wanted_ms == held_ms else aggregated(bars, wanted)


# files and their names


def _group(path: Path) -> tuple[str, ...]:
    """Return the same for all files that are one history."""
    name = named(path)
    if path.suffix == ".npz":
        return ("archive", str(path.parent))
    if name.is_part and name.symbol is not None:
        return ("parts", name.symbol, name.timeframe or "")
    return ("file", str(path))


def _file_source(
    paths: Sequence[Path], *, exchange: str, timeframe: str | None
) -> FileSource:
    files = tuple(sorted(paths, key=lambda path: path.name))
    name = named(files[0])
    symbol, held, key = name.symbol, name.timeframe, _key(files[0])
    if files[0].suffix == ".npz" or held is None:
        bars = read(files[0])
        symbol, held = bars.symbol, bars.timeframe
    if symbol is None:
        raise UserError(
            f"{files[0]}: the name of the file does not say which market it is",
            hint="name it like BTCUSDT-1m-2024-01.csv or BTCUSDT_1m.csv.gz",
        )
    if len(files) > 1 or files[0].suffix == ".npz":
        key = f"{symbol}_{held}"
    market = market_of(symbol, exchange=exchange)
    return FileSource(market, timeframe or held, key, files)


def _key(path: Path) -> str:
    """Return the file's name without what all of them have."""
    key = path.name
    for suffix in _SUFFIXES:
        key = key.removesuffix(suffix)
    return key.removeprefix("binance_")
