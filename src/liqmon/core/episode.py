"""Readings to findings: one cascade is told once, again if it grows, and when it ends.

An episode opens at the first reading that fires and ends when what speaks for its side
falls below half of the threshold, or when the other side fires instead: a market never
has two opposite episodes. The longest window still remembers a move half an hour later
(``Reading.echo``), so no further patience is needed. After its end the same side keeps
silent for the cool-down, unless something graver comes.

``judge`` is a pure step: what it returns goes to disk together, and the same readings
give the same episodes, ids included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from liqmon.core.confidence import severity_of
from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Reading,
    Severity,
)

__all__ = [
    "Cooldown",
    "Episode",
    "EpisodePolicy",
    "EpisodeState",
    "Judgement",
    "Reason",
    "judge",
    "progress",
]

_REARM = 0.5
"""Share of the threshold below which an episode is over (hysteresis)."""


@dataclass(frozen=True, slots=True)
class EpisodePolicy:
    """What fires, and for how long a side keeps silent after an episode."""

    threshold: float
    cooldown_ms: int


@dataclass(frozen=True, slots=True)
class Episode:
    """A cascade that is going on. ``score`` to ``confidence`` are of its worst bar."""

    id: str
    liquidated: PositionSide
    severity: Severity
    onset_ms: int
    price_from: float
    price_extreme: float
    extreme_ms: int
    volume_usd: float
    score: float
    nearness: float
    conditions: tuple[Condition, ...]
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Silence until ``until_ms`` (exchange time), for all but graver episodes."""

    until_ms: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """Where one market stands; ``judged_ms`` is the end of the last bar judged."""

    judged_ms: int | None = None
    episode: Episode | None = None
    cooling: Mapping[PositionSide, Cooldown] = field(default_factory=dict)


class Reason(StrEnum):
    """Why a reading was told, or was not."""

    CALM = "calm"
    ONSET = "onset"
    COOLING = "cooling"
    ONGOING = "ongoing"
    ESCALATION = "escalation"
    END = "end"
    TURNED = "turned"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state after a reading, what is to be told of it, and why."""

    state: EpisodeState
    findings: tuple[Finding, ...]
    reason: Reason


def judge(
    state: EpisodeState,
    reading: Reading,
    *,
    market: Market,
    timeframe: str,
    policy: EpisodePolicy,
) -> Judgement:
    """Take the next closed bar of a market in."""
    state = replace(state, judged_ms=reading.end_ms)
    teller = _Teller(market, timeframe, reading)
    episode = state.episode
    if episode is None:
        return _begun(state, teller)
    turned = reading.nearness >= 1.0 and reading.liquidated is not episode.liquidated
    left = reading.speaks_for(episode.liquidated)
    if not turned and left >= _REARM * reading.threshold:
        return _continued(state, episode, teller)
    end = teller.told(episode, Phase.END)
    begun = _begun(_closed(state, episode, policy), teller)
    reason = Reason.TURNED if turned else Reason.END
    return Judgement(begun.state, (end, *begun.findings), reason)


def progress(
    state: EpisodeState, reading: Reading, *, market: Market, timeframe: str
) -> Finding | None:
    """Return the episode that is going on as of a reading, None without one.

    It is told as an onset; whether it has escalated since is known from its severity.
    """
    if state.episode is None:
        return None
    return _Teller(market, timeframe, reading).told(state.episode, Phase.ONSET)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts an episode into the words of a finding, as of one reading."""

    market: Market
    timeframe: str
    reading: Reading

    def told(self, episode: Episode, phase: Phase) -> Finding:
        reading = self.reading
        return Finding(
            episode=episode.id,
            market=self.market,
            timeframe=self.timeframe,
            phase=phase,
            liquidated=episode.liquidated,
            basis=Basis.INFERRED,
            severity=episode.severity,
            early=reading.early,
            onset_ms=episode.onset_ms,
            decided_ms=reading.end_ms,
            price_from=episode.price_from,
            price_to=reading.price_to,
            price_extreme=episode.price_extreme,
            volume_usd=episode.volume_usd,
            score=episode.score,
            nearness=episode.nearness,
            conditions=episode.conditions,
            ended_ms=episode.extreme_ms if phase is Phase.END else None,
            confidence=episode.confidence,
        )

    def opened(self) -> Episode:
        reading = self.reading
        return Episode(
            id=self._new_id(),
            liquidated=reading.liquidated,
            severity=severity_of(reading.confidence),
            onset_ms=reading.end_ms - reading.window_ms,
            price_from=reading.price_from,
            price_extreme=reading.extreme,
            extreme_ms=reading.end_ms,
            volume_usd=reading.volume_usd,
            score=reading.score,
            nearness=reading.nearness,
            conditions=reading.conditions,
            confidence=reading.confidence,
        )

    def _new_id(self) -> str:
        reading = self.reading
        name = f"{self.market.key} {self.timeframe} {reading.liquidated}"
        return sha256(f"{name} {reading.end_ms}".encode()).hexdigest()[:8]


def _begun(state: EpisodeState, teller: _Teller) -> Judgement:
    reading = teller.reading
    if reading.nearness < 1.0:
        return Judgement(state, (), Reason.CALM)
    episode = teller.opened()
    cooling = state.cooling.get(reading.liquidated)
    if (
        cooling is not None
        and reading.end_ms < cooling.until_ms
        and episode.severity <= cooling.severity
    ):
        return Judgement(state, (), Reason.COOLING)
    onset = teller.told(episode, Phase.ONSET)
    return Judgement(replace(state, episode=episode), (onset,), Reason.ONSET)


def _continued(state: EpisodeState, episode: Episode, teller: _Teller) -> Judgement:
    reading = teller.reading
    grown = _grown(episode, reading)
    state = replace(state, episode=grown)
    if grown.severity <= episode.severity:
        return Judgement(state, (), Reason.ONGOING)
    told = teller.told(grown, Phase.ESCALATION)
    return Judgement(state, (told,), Reason.ESCALATION)


def _grown(episode: Episode, reading: Reading) -> Episode:
    grown = replace(episode, volume_usd=episode.volume_usd + reading.bar_volume_usd)
    worst = (
        min(episode.price_extreme, reading.bar_low)
        if episode.liquidated is PositionSide.LONG
        else max(episode.price_extreme, reading.bar_high)
    )
    if worst != episode.price_extreme:
        grown = replace(grown, price_extreme=worst, extreme_ms=reading.end_ms)
    if reading.liquidated is not episode.liquidated or reading.score <= episode.score:
        return grown
    return replace(
        grown,
        severity=max(episode.severity, severity_of(reading.confidence)),
        score=reading.score,
        nearness=reading.nearness,
        conditions=reading.conditions,
        confidence=reading.confidence,
    )


def _closed(
    state: EpisodeState, episode: Episode, policy: EpisodePolicy
) -> EpisodeState:
    now_ms = state.judged_ms or 0
    cooling = {
        side: cooldown
        for side, cooldown in state.cooling.items()
        if cooldown.until_ms > now_ms
    }
    cooling[episode.liquidated] = Cooldown(
        now_ms + policy.cooldown_ms, episode.severity
    )
    return replace(state, episode=None, cooling=cooling)
