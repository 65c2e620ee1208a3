"""A backtest: each market in a process of its own, its report back to this one."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from liqmon.backtest.crowds import Mapper, Trace, breadth_of, heard
from liqmon.backtest.followed import HORIZON_MS, Followed, followed
from liqmon.backtest.replay import SURGE, Judge, blocks, scored
from liqmon.backtest.sources import Source
from liqmon.core.episode import EpisodePolicy
from liqmon.core.model import TIMEFRAME_MS, Candles, Finding, Market, Phase

__all__ = ["Ask", "Report", "Told", "backtest", "run"]

_WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What to judge by, and from when until when (bar opens, exchange time).

    ``raw``: each bar that fires, without episodes and cool-downs. ``builds_from`` is
    the share of the threshold from which something is building; with 1 nothing is.
    """

    rule: str
    threshold: float
    cooldown_ms: int
    since_ms: int
    until_ms: int
    raw: bool = False
    builds_from: float = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """One finding; ``followed`` is known of those that open an episode."""

    finding: Finding
    followed: Followed | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one source. ``judged`` bars had a baseline, of ``bars`` in all."""

    market: Market
    key: str
    timeframe: str
    bars: int
    judged: int
    first_ms: int
    end_ms: int
    told: tuple[Told, ...]

    @property
    def onsets(self) -> tuple[Told, ...]:
        """The findings that open an episode."""
        return tuple(told for told in self.told if told.finding.phase is Phase.ONSET)

    @property
    def weeks(self) -> float:
        """How long the market was judged."""
        return self.judged * TIMEFRAME_MS[self.timeframe] / _WEEK_MS


def backtest(asked: Sequence[tuple[Source, Ask]], *, jobs: int) -> Iterator[Report]:
    """Yield the report of each source, in their order.

    Raises:
        UserError: a source cannot be used.
    """
    sources, asks = [source for source, _ in asked], [ask for _, ask in asked]
    traces: list[Trace | None] = [None] * len(asks)
    with (
        spread(min(jobs, len(asked))) as mapper,
        TemporaryDirectory(prefix="liqmon-") as place,
    ):
        if all(ask.rule == SURGE for ask in asks):
            spans = [(ask.since_ms, ask.until_ms) for ask in asks]
            traces = heard(sources, spans, mapper, Path(place))
        yield from mapper(run, sources, asks, traces)


@contextmanager
def spread(jobs: int) -> Iterator[Mapper]:
    """Yield a ``map`` over so many processes."""
    if jobs <= 1:
        yield map
        return
    # spawn: a fork of a process that has threads may hang
    with ProcessPoolExecutor(jobs, get_context("spawn"), _leave_signals) as pool:
        yield pool.map


def _leave_signals() -> None:
    """Let Ctrl-C end the parent, which ends this process in its own way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(source: Source, ask: Ask, trace: Trace | None = None) -> Report:
    """Judge one source; ``trace`` is what its companions say, if it has any."""
    return _Run(source, ask, trace).report()


@dataclass(slots=True)
class _Run:
    source: Source
    ask: Ask
    trace: Trace | None
    _told: list[Told] = field(default_factory=list)
    _waiting: list[Finding] = field(default_factory=list)

    def report(self) -> Report:
        ask, source = self.ask, self.source
        policy = EpisodePolicy(ask.threshold, ask.cooldown_ms, ask.builds_from)
        judge = Judge(source.market, source.timeframe, policy, raw=ask.raw)
        bars = judged = first_ms = end_ms = 0
        seen_bars: Candles | None = None
        for block in blocks(source, ask.since_ms, ask.until_ms):
            seen_bars = block.bars
            first_ms = first_ms or int(block.bars.open_ms[block.first])
            breadth = breadth_of(self.trace, block.ends)
            seen = scored(
                block, ask.rule, ask.threshold, breadth, told_from=ask.builds_from
            )
            bars += seen.known.size
            judged += int(seen.known.sum())
            end_ms = int(seen.end_ms[-1])
            for finding in judge.findings(seen):
                self._take(finding)
            self._look_back(block.bars, end_ms - HORIZON_MS)
        if seen_bars is not None:
            self._look_back(seen_bars, end_ms)
        return Report(
            source.market,
            source.key,
            source.timeframe,
            bars,
            judged,
            first_ms,
            end_ms,
            tuple(sorted(self._told, key=_decided_ms)),
        )

    def _take(self, finding: Finding) -> None:
        if finding.phase is Phase.ONSET and not self.ask.raw:
            self._waiting.append(finding)
        else:
            self._told.append(Told(finding))

    def _look_back(self, bars: Candles, until_ms: int) -> None:
        """Complete the findings whose hour is over by ``until_ms``."""
        due = [finding for finding in self._waiting if finding.decided_ms <= until_ms]
        self._told += [Told(finding, followed(finding, bars)) for finding in due]
        self._waiting = [one for one in self._waiting if one.decided_ms > until_ms]


def _decided_ms(told: Told) -> int:
    return told.finding.decided_ms
