"""What the readings of one poll come to, taken in one after the other."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from liqmon.core.episode import (
    EpisodePolicy,
    EpisodeState,
    Judgement,
    Reason,
    judge,
    judge_early,
    progress,
)
from liqmon.core.model import Finding, Market, Phase, Reading

__all__ = ["Judge", "Verdict"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a market stands after a poll, what is to be told, and what goes on."""

    state: EpisodeState
    findings: tuple[Finding, ...]
    progress: Finding | None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one market's readings by one policy."""

    market: Market
    timeframe: str
    policy: EpisodePolicy

    def verdict(
        self, before: EpisodeState, read: Sequence[Reading], now_ms: int
    ) -> Verdict:
        """Return what at least one reading comes to; ``now_ms`` is exchange time."""
        state, findings = before, list[Finding]()
        for reading in read:
            judgement = self._judged(state, reading, now_ms)
            state = judgement.state
            findings.extend(judgement.findings)
            if judgement.findings or judgement.reason is Reason.COOLING:
                log.info("%s: %s", self.market.name, judgement.reason)
        if before.judged_ms is None:
            findings = _still_on(findings, state)
        market, timeframe = self.market, self.timeframe
        return Verdict(
            state,
            tuple(_without_old_steps(findings)),
            progress(
                state, read[-1], market=market, timeframe=timeframe, now_ms=now_ms
            ),
        )

    def _judged(self, state: EpisodeState, reading: Reading, now_ms: int) -> Judgement:
        market, timeframe = self.market, self.timeframe
        if reading.early:
            return judge_early(
                state, reading, market=market, timeframe=timeframe, now_ms=now_ms
            )
        return judge(
            state, reading, market=market, timeframe=timeframe, policy=self.policy
        )


def _still_on(findings: Sequence[Finding], state: EpisodeState) -> list[Finding]:
    """Return the findings of what is going on."""
    episode = state.told
    return [
        finding
        for finding in findings
        if episode is not None and finding.episode == episode.id
    ]


def _without_old_steps(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what was building but is known by now to have fired, or not."""
    newest = {finding.episode: finding for finding in findings}
    begun = [one.episode for one in findings if one.phase is Phase.BUILDING]
    return [
        finding
        for finding in findings
        if finding.phase is not Phase.BUILDING or newest[finding.episode] is finding
        if finding.phase is not Phase.WITHDRAWN or finding.episode not in begun
    ]
