"""Recorded markets in memory, in an archive, and in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from candles import end_ms
from factories import MARKET
from liqmon.archive.bars import Bars
from liqmon.archive.months import Label, Shelf
from liqmon.archive.timeframes import LENGTH_MS
from liqmon.core.model import Candles, Market
from liqmon.sim.markets import Markets


@dataclass(frozen=True, slots=True)
class Recording:
    """In memory; ``cuts`` are the bars at which a new part begins."""

    candles: Candles
    cuts: Sequence[int] = ()
    market: Market = MARKET
    timeframe: str = "5m"
    key: str = ""
    asked: list[tuple[int, int]] = field(default_factory=list)

    def parts(self, since_ms: int, until_ms: int) -> Iterator[Candles]:
        self.asked.append((since_ms, until_ms))
        opens = self.candles.open_ms
        wanted = (opens >= since_ms) & (opens < until_ms)
        edges = [0, *sorted(self.cuts), len(self.candles)]
        for start, stop in pairwise(edges):
            part = self.candles.rows(np.flatnonzero(wanted[start:stop]) + start)
            if len(part):
                yield part

    def end_ms(self) -> int:
        return end_ms(self.candles)


def to_archive(root: Path, candles: Candles, base: str) -> None:
    """Keep the candles as bybit's perpetual of a coin against USDT."""
    timeframe = _name(candles)
    label = Label(
        exchange="bybit",
        symbol=f"{base}/USDT:USDT",
        base=base,
        quote="USDT",
        timeframe=timeframe,
    )
    columns = dict(
        zip(("open", "high", "low", "close", "volume"), candles.columns(), strict=True)
    )
    bars = Bars(
        symbol=label.name, timeframe=timeframe, open_ms=candles.open_ms, **columns
    )
    Shelf(root, label).add(bars, (int(candles.open_ms[0]), end_ms(candles)))


def to_file(folder: Path, candles: Candles, base: str) -> Path:
    """Write the candles as a csv whose name tells the market."""
    path = folder / f"{base}USDT_{_name(candles)}.csv"
    rows = zip(candles.open_ms.tolist(), *candles.columns(), strict=True)
    lines = ["open_time,open,high,low,close,volume"]
    lines += [",".join(repr(float(cell)) for cell in row) for row in rows]
    path.write_text("\n".join(lines))
    return path


def archived(markets: Markets, symbols: tuple[str, ...], root: Path) -> None:
    """Keep markets of the embedded exchange as bybit has them."""
    for symbol in symbols:
        market = markets.by_symbol[symbol]
        bars = market.tape.bars
        label = Label(
            exchange="bybit",
            symbol=f"{market.base}/{market.quote}:{market.quote}",
            base=market.base,
            quote=market.quote,
            timeframe=bars.timeframe,
        )
        end_ms = int(bars.open_ms[-1]) + LENGTH_MS[bars.timeframe]
        Shelf(root, label).add(bars, (int(bars.open_ms[0]), end_ms))


def _name(candles: Candles) -> str:
    return {60_000: "1m", 300_000: "5m"}[candles.timeframe_ms]
