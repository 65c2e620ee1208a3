"""What each threshold would have cost and caught on one market's own history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from liqmon.backtest.crowds import Span, Trace, breadth_of, heard
from liqmon.backtest.moves import KNOWN_AFTER_MS, Move, moves
from liqmon.backtest.replay import SURGE, Judge, blocks, scored
from liqmon.backtest.sources import Source, larger
from liqmon.core.episode import EpisodePolicy
from liqmon.core.model import Candles, Finding, Market, Phase

__all__ = ["Outcome", "Tuning", "tune"]

THRESHOLDS: Final = tuple(step / 2 for step in range(8, 61))
"""4 to 30 in halves."""

_AFTER_MS: Final = 60 * 60_000
"""For this long after a move an alert is about its end: neither earned nor false."""

_BAR_MS: Final = 300_000
"""Moves are measured in bars this long, and the one before the onset still counts."""

_WEEK_MS: Final = 7 * 86_400_000
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One threshold. ``first`` has each large move's first alert, None if missed."""

    threshold: float
    alerts: int
    false: int
    first: tuple[Finding | None, ...]

    @property
    def caught(self) -> int:
        """How many of the large moves had an alert before they were over."""
        return sum(finding is not None for finding in self.first)


@dataclass(frozen=True, slots=True)
class Tuning:
    """A market's outcomes, lowest threshold first, and its large moves."""

    market: Market
    timeframe: str
    weeks: float
    large: tuple[Move, ...]
    outcomes: tuple[Outcome, ...]

    def outcome(self, threshold: float) -> Outcome | None:
        """Return what this threshold would have done, if it was tried."""
        return next((one for one in self.outcomes if one.threshold == threshold), None)

    def chosen(self, false_per_week: float) -> Outcome:
        """Return the lowest threshold from which on false alerts are rare enough.

        The highest one tried, if none is.
        """
        chosen = self.outcomes[-1]
        for outcome in reversed(self.outcomes):
            if outcome.false > false_per_week * self.weeks:
                break
            chosen = outcome
        return chosen

    def in_time(self, outcome: Outcome) -> int:
        """Return how many moves were caught with half of them still to come."""
        pairs = zip(self.large, outcome.first, strict=True)
        return sum(
            first is not None and move.left_at(first.price_to) >= _HALF
            for move, first in pairs
        )


def tune(
    source: Source,
    companions: Sequence[Source] = (),
    *,
    since_ms: int,
    until_ms: int,
    cooldown_ms: int,
    also: Sequence[float] = (),
) -> Tuning:
    """Judge the history once for each threshold, and those in ``also``.

    ``companions`` are the other markets of the watch that is tuned for.

    Raises:
        UserError: the source cannot be used.
    """
    thresholds = sorted({*THRESHOLDS, *also})
    span = (since_ms - KNOWN_AFTER_MS, until_ms)
    everybody = [source, *companions]
    with TemporaryDirectory(prefix="liqmon-") as place:
        trace, *_ = heard(everybody, [span] * len(everybody), map, Path(place))
        return _tuned(source, trace, span, thresholds, cooldown_ms)


def _tuned(
    source: Source,
    trace: Trace | None,
    span: Span,
    thresholds: Sequence[float],
    cooldown_ms: int,
) -> Tuning:
    judges = [
        Judge(source.market, source.timeframe, EpisodePolicy(threshold, cooldown_ms))
        for threshold in thresholds
    ]
    told: list[list[Finding]] = [[] for _ in thresholds]
    judged_ms = counted_ms = 0
    coarse = Candles.empty(_BAR_MS)
    for block in blocks(source, *span):
        if not counted_ms:
            first_ms = int(block.bars.open_ms[0])
            counted_ms = max(span[0], first_ms) + KNOWN_AFTER_MS
        breadth = breadth_of(trace, block.ends)
        seen = scored(block, SURGE, thresholds[0], breadth)
        for judge, onsets in zip(judges, told, strict=True):
            onsets.extend(_onsets(judge.findings(seen.at(judge.policy.threshold))))
        counted = seen.known & (seen.end_ms[block.first :] > counted_ms)
        judged_ms += int(counted.sum()) * block.bars.timeframe_ms
        coarse = coarse.merged(larger(block.bars, "5m"))
    found = [move for move in moves(coarse) if move.onset_ms > counted_ms]
    large = tuple(move for move in found if move.large)
    outcomes = [
        _outcome(
            threshold, [one for one in findings if one.decided_ms > counted_ms], found
        )
        for threshold, findings in zip(thresholds, told, strict=True)
    ]
    return Tuning(
        source.market, source.timeframe, judged_ms / _WEEK_MS, large, tuple(outcomes)
    )


def _onsets(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.phase is Phase.ONSET]


def _outcome(
    threshold: float,
    findings: Sequence[Finding],
    found: Sequence[Move],
) -> Outcome:
    return Outcome(
        threshold,
        len(findings),
        sum(not any(_excuses(move, one) for move in found) for one in findings),
        tuple(_first(move, findings) for move in found if move.large),
    )


def _first(move: Move, findings: Sequence[Finding]) -> Finding | None:
    """Return the first alert of the move's side between its onset and its end."""
    for finding in findings:
        if finding.liquidated is move.liquidated and (
            move.onset_ms - _BAR_MS <= finding.decided_ms <= move.extreme_ms
        ):
            return finding
    return None


def _excuses(move: Move, finding: Finding) -> bool:
    """Tell whether the move is what the alert is about."""
    over_ms = move.extreme_ms + _AFTER_MS
    if finding.liquidated is move.liquidated:
        return move.start_ms <= finding.decided_ms <= over_ms
    return move.extreme_ms < finding.decided_ms <= over_ms
