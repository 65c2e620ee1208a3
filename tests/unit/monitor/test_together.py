"""Several markets watched bar by bar find what their history finds, to the last bit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from candles import calm, from_closes, with_move
from factories import MARKET
from fakes import FakeClock
from histories import findings_of
from liqmon.core.board import BoardSnapshot
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.events import Event, FindingRaised
from liqmon.core.model import Candles, Finding, Market
from liqmon.core.sensitivity import Sensitivity, threshold_of
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scanner
from liqmon.monitor.watcher import Watcher
from liqmon.store.database import Store

MINUTE_MS = 60_000
POLICY = EpisodePolicy(threshold_of(Sensitivity.NORMAL, "1m"), 1_800_000)
FALLS = {"BTC": -0.02, "ETH": -0.03, "SOL": -0.045}
AT = 80 * 60 - 60


def minutes(base: str, fall: float) -> Candles:
    """Return eighty hours whose last one has a fall that begins and halts twice."""
    bars = calm(80, timeframe_ms=MINUTE_MS, seed=sum(map(ord, base)))
    once = with_move(bars, AT, bars=4, change=fall, times=12)
    return with_move(once, AT + 20, bars=3, change=fall / 2, times=9)


def fives(bars: Candles) -> Candles:
    made = from_closes(
        bars.close[4::5],
        timeframe_ms=5 * MINUTE_MS,
        volume=bars.volume.reshape(-1, 5).sum(axis=1),
    )
    return replace(made, open_ms=bars.open_ms[::5])


@dataclass
class FakeVenue:
    """Knows all markets' candles; answers with what has begun by now."""

    id: str
    clock: FakeClock
    series: Mapping[tuple[str, str], Candles]
    call_s: float = 0.0

    async def now_ms(self) -> int:
        return self.clock.now_ms()

    async def candles(
        self,
        market: Market,
        timeframe: str,
        *,
        limit: int,
        now_ms: int,
        since_ms: int | None = None,
        deadline_mono: float | None = None,
    ) -> Candles:
        series = self.series[market.base, timeframe]
        begun = int(np.searchsorted(series.open_ms, now_ms))
        known = series.rows(slice(0, begun))
        if since_ms is not None:
            return known.since(since_ms).rows(slice(0, limit))
        return known.rows(slice(max(begun - limit, 0), None))


async def watched(bars: Mapping[str, Candles], first: int) -> list[Finding]:
    """Return what a scanner's watchers raise, polled at the close of every bar."""
    series = {(base, "1m"): one for base, one in bars.items()}
    series |= {(base, "5m"): fives(one) for base, one in bars.items()}
    clock = FakeClock(wall_ms=int(bars["BTC"].open_ms[first]))
    bulletin = Bulletin(clock, BoardSnapshot("1", "1m", 0.0))
    venue, events = FakeVenue("bybit", clock, series), list[Event]()
    store = await Store.in_memory()
    markets = tuple(
        replace(MARKET, symbol=f"{base}/USDT:USDT", base=base) for base in bars
    )
    bulletin.show_markets("bybit", markets)
    watchers = [
        Watcher(
            market,
            source=venue,
            store=store,
            clock=clock,
            bulletin=bulletin,
            timeframe="1m",
            policy=POLICY,
            state=EpisodeState(judged_ms=clock.now_ms()),
            on_finding=lambda: None,
        )
        for market in markets
    ]
    scanner = Scanner(
        venue, watchers, clock=clock, bulletin=bulletin, poll_interval_s=60.0
    )
    with bulletin.listening(events.append):
        for _ in range(len(bars["BTC"]) - first):
            clock.push(60.0)
            await scanner.once()
    await store.close()
    return [event.finding for event in events if isinstance(event, FindingRaised)]


async def test_live_and_history_find_the_same_in_company() -> None:
    bars = {base: minutes(base, fall) for base, fall in FALLS.items()}
    first = AT - 5
    since_ms = int(bars["BTC"].open_ms[first])

    live = await watched(bars, first)
    history = findings_of(
        {base: (one, fives(one)) for base, one in bars.items()},
        timeframe="1m",
        since_ms=since_ms,
    )

    for base in bars:
        found = [finding for finding in live if finding.market.base == base]
        assert found == history[base]
        assert found


async def test_a_fall_that_is_no_cascade_alone_is_one_in_company() -> None:
    """BTC falls the least; what the others do decides."""
    bars = {base: minutes(base, fall) for base, fall in FALLS.items()}

    alone = await watched({"BTC": bars["BTC"]}, AT - 5)
    together = await watched(bars, AT - 5)

    first = next(finding for finding in together if finding.market.base == "BTC")
    assert not alone or first.decided_ms < alone[0].decided_ms
