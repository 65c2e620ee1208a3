"""One market: fetch, read, judge, store, show.

Nothing is announced before it is on disk: a finding, the episode state that produced it
and its outbox row are committed together, and only then published. If the disk refuses,
the state in memory stays where it was, so the same bars are judged again at the next
poll and nothing is lost.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from liqmon.clock import Clock
from liqmon.core.board import Feed, MarketRow
from liqmon.core.breadth import Voice
from liqmon.core.detector import latest, readings, warmup
from liqmon.core.episode import EpisodePolicy, EpisodeState
from liqmon.core.events import FeedChanged, FeedState, FindingRaised
from liqmon.core.facts import finding_to_facts, state_to_facts
from liqmon.core.features import SCALES, Features, features
from liqmon.core.model import Candles, Finding, FloatArray, Market, Phase, Reading
from liqmon.errors import FeedError, FeedRejected, StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.company import Company
from liqmon.monitor.entries import finding_entry
from liqmon.monitor.history import CandleSource, History
from liqmon.monitor.judging import Judge, Verdict
from liqmon.monitor.past_hour import change_over, past_hour
from liqmon.store.outbox import OutboxEntry

__all__ = ["FindingStore", "Watcher"]

log = logging.getLogger(__name__)

FIRST_LOOK_MS = 15 * 60_000
"""How far back a market never seen before is judged: a cascade under way at the start
is worth telling, one that is over is not."""

CATCH_UP_MS = 12 * 3_600_000
"""How far back judging resumes after a stop."""

_KEEP_EVERY_MS = 15 * 60_000
"""A calm market's place is written down this often. Bars judged again after a crash
give the same findings, ids included, so nothing depends on the rest."""

_CHANGE_MS = 5 * 60_000
_SPARK_MS = 30 * 60_000
"""What the table's change column and sparkline look back over."""


class FindingStore(Protocol):
    """Where a finding and the state that produced it are kept together."""

    async def commit_findings(
        self,
        *,
        market_key: str,
        timeframe: str,
        state: Mapping[str, object],
        findings: Sequence[OutboxEntry],
        now_ms: int,
        told: Sequence[Mapping[str, object]] = (),
        progress: Mapping[str, object] | None = None,
    ) -> None:
        """Write all of it or, raising StoreUnavailable, nothing."""
        ...


def _by_default(_finding: Finding) -> Sequence[str]:
    return ("",)


class Watcher:
    """Watches one market; ``step`` is one poll. Polls of one market never overlap.

    ``routes_of`` names the webhooks of a finding. ``on_finding`` is called when there
    is something new on disk, ``on_undurable`` with what the disk did not take; it is
    offered again at the next poll. With ``judges_forming`` the bar that forms is judged
    at each poll as well.
    """

    def __init__(
        self,
        market: Market,
        *,
        source: CandleSource,
        store: FindingStore,
        clock: Clock,
        bulletin: Bulletin,
        timeframe: str,
        policy: EpisodePolicy,
        state: EpisodeState,
        on_finding: Callable[[], None],
        on_undurable: Callable[[Sequence[OutboxEntry]], None] = lambda _: None,
        routes_of: Callable[[Finding], Sequence[str]] = _by_default,
        judges_forming: bool = False,
    ) -> None:
        self.market = market
        self.busy = False
        self.rejected = False
        self.failed = False
        self._history = History(source, market, timeframe)
        self._store = store
        self._clock = clock
        self._bulletin = bulletin
        self._timeframe = timeframe
        self._threshold = policy.threshold
        self._judge = Judge(market, timeframe, policy)
        self._state = self._kept = state
        self._on_finding = on_finding
        self._on_undurable = on_undurable
        self._routes_of = routes_of
        self._judges_forming = judges_forming

    @property
    def has_open_episode(self) -> bool:
        """Whether a cascade is under way on this market."""
        return self._state.episode is not None

    @property
    def candles(self) -> Candles:
        """The bars that were judged last, and the one that forms."""
        return self._history.bars

    async def step(
        self, now_ms: int, *, deadline_mono: float, company: Company | None = None
    ) -> None:
        """Poll once; trouble with the feed or the disk is told, never raised.

        ``company`` are the markets of the same cycle, by default none.
        """
        self.busy = True
        self.failed = True
        company = company or Company([self.market.key], {}, now_ms=now_ms)
        try:
            await self._poll(now_ms, deadline_mono, company)
            self.failed = False
        except FeedRejected as error:
            self._reject(error)
        except FeedError:
            # Whoever raised it has already told the bulletin: a market that gave up,
            # or, once for all its markets, an exchange that cools down or is blocked.
            pass
        except StoreUnavailable as error:
            self._bulletin.show_banner("disk", f"not durable: {error}")
        finally:
            company.leave(self.market.key)
            self.busy = False

    async def _poll(self, now_ms: int, deadline_mono: float, company: Company) -> None:
        judged_ms = self._judged_ms(now_ms)
        await self._history.refresh(
            now_ms, judged_ms=judged_ms, deadline_mono=deadline_mono
        )
        bars = _not_older(self._history.bars, judged_ms)
        seen = features(bars, self._history.baseline)
        breadth = await self._breadth(seen, bars, company)
        newest = latest(
            seen,
            bars,
            threshold=self._threshold,
            now_ms=now_ms,
            breadth=breadth,
        )
        self._show(seen, bars, newest, now_ms)
        read = readings(
            seen,
            bars,
            threshold=self._threshold,
            since_ms=judged_ms,
            now_ms=now_ms,
            breadth=breadth,
        )
        if self._judges_forming and newest is not None and newest.early:
            read.append(newest)
        if read:
            await self._take(read, now_ms)

    async def _breadth(
        self, seen: Features, bars: Candles, company: Company
    ) -> FloatArray:
        """Say what was read, and return what the others say of the same bars."""
        voice = Voice(self.market.base, seen.end_ms, seen.strength)
        # before that, the windows reach back to bars that were left out
        whole = bars.open_ms >= bars.open_ms[0] + seen.scale.longest_ms
        company.speak(
            self.market.key,
            Voice(voice.base, voice.end_ms[whole], voice.strength[whole]),
        )
        return (await company.crowd()).around(voice)

    def _judged_ms(self, now_ms: int) -> int:
        if self._state.judged_ms is None:
            return now_ms - FIRST_LOOK_MS
        return max(self._state.judged_ms, now_ms - CATCH_UP_MS)

    async def _take(self, read: Sequence[Reading], now_ms: int) -> None:
        verdict = self._judge.verdict(self._state, read, now_ms)
        if verdict.findings or _is_worth_keeping(self._kept, verdict.state):
            await self._commit(verdict)
        self._state = verdict.state

    async def _commit(self, verdict: Verdict) -> None:
        await self._keep(verdict)
        self._kept = verdict.state
        self._bulletin.show_banner("disk", "")
        for finding in verdict.findings:
            self._bulletin.publish(FindingRaised(self._clock.now_ms(), finding))
        if verdict.findings or verdict.progress is not None:
            self._on_finding()

    async def _keep(self, verdict: Verdict) -> None:
        findings, now = verdict.findings, verdict.progress
        routes = {finding: self._routes(finding) for finding in findings}
        entries = [
            finding_entry(one, route) for one in findings for route in routes[one]
        ]
        try:
            await self._store.commit_findings(
                market_key=self.market.key,
                timeframe=self._timeframe,
                state=state_to_facts(verdict.state),
                findings=entries,
                now_ms=self._clock.now_ms(),
                told=[finding_to_facts(one) for one in findings if not routes[one]],
                progress=None if now is None else finding_to_facts(now),
            )
        except StoreUnavailable:
            self._on_undurable(entries)
            raise

    def _routes(self, finding: Finding) -> Sequence[str]:
        # what came to nothing is told by an edit of the message that announced it
        return () if finding.phase is Phase.WITHDRAWN else self._routes_of(finding)

    def _show(
        self, seen: Features, bars: Candles, newest: Reading | None, now_ms: int
    ) -> None:
        known = self._bulletin.snapshot.rows.get(self.market.key)
        warming = warmup(seen)
        self._note_unit(is_warm=warming is None)
        if known is not None and known.feed.state is FeedState.STALE:
            self._tell(FeedState.OK)
        now_mono = self._clock.monotonic()
        row = MarketRow(
            self.market,
            feed=Feed(FeedState.OK, now_mono),
            price=float(bars.close[-1]),
            change=change_over(bars, _CHANGE_MS),
            nearness=None if newest is None else newest.nearness,
            liquidated=None if newest is None else newest.liquidated,
            warmup=warming,
            spark=tuple(bars.since(now_ms - _SPARK_MS).close.tolist()),
            updated_mono=now_mono,
            finding=None if known is None else known.finding,
            hour=past_hour(self._history.bars, self._history.baseline, now_ms),
        )
        self._bulletin.show_row(row, exchange_ms=now_ms)

    def _note_unit(self, *, is_warm: bool) -> None:
        topic = f"unit of {self.market.key}"
        if self._history.has_new_unit:
            self._bulletin.show_banner(
                topic,
                f"{self.market.name}: the price jumped, which is a new unit and no "
                "move; what is usual is learnt anew",
            )
        elif is_warm:
            self._bulletin.show_banner(topic, "")

    def _reject(self, error: FeedRejected) -> None:
        self.rejected = True
        log.warning("%s is no longer watched: %s", self.market.name, error)
        self._tell(FeedState.REJECTED, str(error))

    def _tell(self, state: FeedState, reason: str = "") -> None:
        market, now_ms = self.market, self._clock.now_ms()
        self._bulletin.publish(
            FeedChanged(now_ms, market.exchange, market.symbol, state, reason)
        )


def _not_older(bars: Candles, judged_ms: int) -> Candles:
    """Return what judging from ``judged_ms`` on, and the newest bar, take.

    As much again is told to companions that have fallen behind.
    """
    since_ms = min(judged_ms, int(bars.open_ms[-1]))
    longest_ms = SCALES[bars.timeframe_ms].longest_ms
    return bars.since(since_ms - 2 * longest_ms - bars.timeframe_ms)


def _is_worth_keeping(kept: EpisodeState, state: EpisodeState) -> bool:
    if replace(kept, judged_ms=None) != replace(state, judged_ms=None):
        return True
    ahead_ms = (state.judged_ms or 0) - (kept.judged_ms or 0)
    return ahead_ms >= _KEEP_EVERY_MS
