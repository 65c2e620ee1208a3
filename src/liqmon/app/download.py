"""Candles of some markets into the archive: only what it does not have yet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from liqmon.app.exchanges import exchange_from
from liqmon.app.pages import Page, Pages
from liqmon.app.selecting import watched
from liqmon.archive.months import Label, Shelf
from liqmon.archive.spans import Span, missing
from liqmon.backtest.sources import bars_of
from liqmon.clock import Clock
from liqmon.core.events import Event
from liqmon.core.features import LOOKBACK_MS
from liqmon.core.model import TIMEFRAME_MS, IntArray, Market
from liqmon.exchange.client import Exchange
from liqmon.exchange.selection import Wanted
from liqmon.settings.models import Settings

__all__ = ["Download", "Gap", "Held", "Progress", "download"]

_PAGES_KEPT: Final = 20
"""Pages between two writes: what a kill costs, some seconds of fetching."""


@dataclass(frozen=True, slots=True)
class Download:
    """What is wanted: ``span_ms`` back from now, and what judging that far back takes.

    ``start_ms`` names the beginning instead, if it is not None.
    """

    selection: Wanted
    exchange: str
    timeframe: str
    span_ms: int
    start_ms: int | None
    root: Path


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one market is, in bars."""

    market: Market
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which the exchange has no candles."""

    start_ms: int
    bars: int


@dataclass(frozen=True, slots=True)
class Held:
    """What the archive has of a market's wanted time when all is done.

    ``first_ms`` is None if it has nothing. ``fetched`` bars are new.
    """

    market: Market
    timeframe: str
    folder: Path
    first_ms: int | None
    bars: int
    fetched: int
    gaps: tuple[Gap, ...]


async def download(
    wanted: Download,
    settings: Settings,
    *,
    clock: Clock,
    tell: Callable[[Progress], None],
    emit: Callable[[Event], None],
) -> list[Held]:
    """Fetch what is missing; ``tell`` hears of every page.

    Whatever ends it, what has been fetched is kept, and the same call goes on there.

    Raises:
        UserError: a symbol does not exist, or the archive cannot be written.
        FeedError: the exchange does not answer any more.
    """
    async with exchange_from(settings, wanted.exchange, clock, emit) as exchange:
        await exchange.open()
        markets = watched(await exchange.select(wanted.selection))
        return [await _Fetch(wanted, exchange, clock, tell).of(one) for one in markets]


@dataclass(frozen=True, slots=True)
class _Fetch:
    wanted: Download
    exchange: Exchange
    clock: Clock
    tell: Callable[[Progress], None]

    async def of(self, market: Market) -> Held:
        timeframe, step_ms = self.wanted.timeframe, TIMEFRAME_MS[self.wanted.timeframe]
        now_ms = await self.exchange.now_ms()
        span = self._span(now_ms, step_ms)
        shelf = Shelf(self.wanted.root, _label(market, timeframe))
        absent = missing(span, shelf.asked())
        total = (span[1] - span[0]) // step_ms
        done = total - sum(end - start for start, end in absent) // step_ms
        self.tell(Progress(market, done, total))
        pages = Pages(self.exchange, market, timeframe, now_ms=now_ms, clock=self.clock)
        fetched = 0
        for start_ms, end_ms in reversed(absent):
            with _Keeping(shelf) as keeping:
                async for page in pages.back(start_ms, end_ms):
                    keeping.add(page)
                    fetched += len(page.candles)
                    done += (page.end_ms - page.start_ms) // step_ms
                    self.tell(Progress(market, done, total))
        return _held(market, shelf, span, fetched)

    def _span(self, now_ms: int, step_ms: int) -> Span:
        start_ms = self.wanted.start_ms
        if start_ms is None:
            start_ms = now_ms - self.wanted.span_ms
        # LOOKBACK_MS: the first wanted bar is judged by the days before it
        return (
            start_ms - LOOKBACK_MS
        ) // step_ms * step_ms, now_ms // step_ms * step_ms


class _Keeping:
    """Collects pages that follow each other backwards, and writes them now and then."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._pages: list[Page] = []

    def __enter__(self) -> "_Keeping":
        return self

    def __exit__(self, *_: object) -> None:
        self._write()

    def add(self, page: Page) -> None:
        self._pages.append(page)
        if len(self._pages) >= _PAGES_KEPT:
            self._write()

    def _write(self) -> None:
        if not self._pages:
            return
        pages = self._pages[::-1]
        whole = pages[0].candles
        for page in pages[1:]:
            whole = whole.merged(page.candles)
        label = self._shelf.label
        asked = (pages[0].start_ms, pages[-1].end_ms)
        self._shelf.add(bars_of(whole, symbol=label.name), asked)
        self._pages = []


def _label(market: Market, timeframe: str) -> Label:
    return Label(
        exchange=market.exchange,
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        timeframe=timeframe,
        inverse=market.inverse,
        contract_size=market.contract_size,
    )


def _held(market: Market, shelf: Shelf, span: Span, fetched: int) -> Held:
    step_ms = TIMEFRAME_MS[shelf.label.timeframe]
    gaps: list[Gap] = []
    last_ms: int | None = None
    first_ms: int | None = None
    count = 0
    for bars in shelf.parts(*span):
        # before the first candle the market did not exist: that is no gap
        opens = bars.open_ms if last_ms is None else np.append(last_ms, bars.open_ms)
        first_ms = int(opens[0]) if first_ms is None else first_ms
        gaps += _gaps(opens, step_ms)
        last_ms, count = int(opens[-1]), count + len(bars)
    return Held(
        market,
        shelf.label.timeframe,
        shelf.folder,
        first_ms,
        count,
        fetched,
        tuple(gaps),
    )


def _gaps(open_ms: IntArray, step_ms: int) -> list[Gap]:
    steps = np.diff(open_ms)
    return [
        Gap(int(open_ms[at]) + step_ms, int(steps[at]) // step_ms - 1)
        for at in np.flatnonzero(steps > step_ms)
    ]
