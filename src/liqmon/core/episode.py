"""Readings to findings: one cascade is told once, again if it grows, and when it ends.

An episode opens at the first reading that fires and ends when what speaks for its side
falls below half of the threshold, or when the other side fires instead: a market never
has two opposite episodes. The longest window still remembers a move half an hour later
(``Reading.echo``), so no further patience is needed. After its end the same side keeps
silent for the cool-down, unless something graver comes.

If the policy asks for it there is a step before: what reaches a share of the threshold
is *building*. Half an hour later it has fired, which opens the episode under the same
id, or it is withdrawn, and its side is not said to be building again for a while. What
is told of episodes is otherwise the same with that step and without.

``judge`` is a pure step: what it returns goes to disk together, and the same readings
give the same episodes, ids included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from liqmon.core.model import Finding, Market, Phase, PositionSide, Reading, Severity
from liqmon.core.telling import Episode, Teller, grown

__all__ = [
    "BUILDING_MS",
    "Building",
    "Cooldown",
    "Episode",
    "EpisodePolicy",
    "EpisodeState",
    "Judgement",
    "Reason",
    "judge",
    "judge_early",
    "progress",
]

BUILDING_MS: Final = 30 * 60_000
"""How long what is building has to fire: as long as the longest window remembers."""

_REARM: Final = 0.5
"""Share of the threshold below which an episode is over (hysteresis)."""


@dataclass(frozen=True, slots=True)
class EpisodePolicy:
    """What fires, and for how long a side keeps silent after an episode.

    ``builds_from`` is the share of the threshold from which something is building;
    with 1 nothing ever is.
    """

    threshold: float
    cooldown_ms: int
    builds_from: float = 1.0


@dataclass(frozen=True, slots=True)
class Building:
    """What may become an episode until ``until_ms`` (exchange time)."""

    episode: Episode
    until_ms: int


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Silence until ``until_ms`` (exchange time), for all but graver episodes."""

    until_ms: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """Where one market stands; ``judged_ms`` is the end of the last bar judged.

    There is an episode, or something building, or neither. ``hushed`` says until when
    (exchange time) a side is not said to be building again.
    """

    judged_ms: int | None = None
    episode: Episode | None = None
    cooling: Mapping[PositionSide, Cooldown] = field(default_factory=dict)
    building: Building | None = None
    hushed: Mapping[PositionSide, int] = field(default_factory=dict)

    @property
    def told(self) -> Episode | None:
        """What people have been told of and is not over."""
        if self.building is not None:
            return self.building.episode
        return self.episode


class Reason(StrEnum):
    """Why a reading was told, or was not."""

    CALM = "calm"
    BUILDING = "building"
    WITHDRAWN = "withdrawn"
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
    teller = Teller(market, timeframe, reading, reading.end_ms)
    if state.episode is not None:
        return _ongoing(state, state.episode, teller, policy)
    if state.building is not None:
        return _waited(state, state.building, teller, policy)
    return _begun(state, teller, policy)


def judge_early(
    state: EpisodeState,
    reading: Reading,
    *,
    market: Market,
    timeframe: str,
    now_ms: int,
) -> Judgement:
    """Take in what the bar that forms says so far (``now_ms`` is exchange time).

    That can open an episode or make one graver, and nothing else: a bar that has just
    begun says little, so its silence ends nothing.
    """
    teller = Teller(market, timeframe, reading, now_ms)
    episode = state.episode
    if reading.nearness < 1.0:
        return Judgement(state, (), Reason.CALM)
    if episode is not None:
        return _continued(state, episode, episode.graver(reading), teller)
    building = state.building
    if building is not None and building.episode.liquidated is not reading.liquidated:
        # whether the move has turned is for the closed bar to say
        return Judgement(state, (), Reason.BUILDING)
    return _fired(state, teller)


def progress(
    state: EpisodeState,
    reading: Reading,
    *,
    market: Market,
    timeframe: str,
    now_ms: int,
) -> Finding | None:
    """Return what is going on as of a reading at ``now_ms``, None without anything.

    An episode is told as an onset; whether it has escalated since is known from its
    severity.
    """
    teller = Teller(market, timeframe, reading, min(reading.end_ms, now_ms))
    if state.building is not None:
        return teller.told(state.building.episode, Phase.BUILDING)
    if state.episode is not None:
        return teller.told(state.episode, Phase.ONSET)
    return None


# before an episode


def _begun(state: EpisodeState, teller: Teller, policy: EpisodePolicy) -> Judgement:
    if teller.reading.nearness >= 1.0:
        return _fired(state, teller)
    if teller.reading.nearness >= policy.builds_from:
        return _built(state, teller)
    return Judgement(state, (), Reason.CALM)


def _fired(state: EpisodeState, teller: Teller) -> Judgement:
    """Open an episode; of what is building, only its own side may be."""
    episode, building = teller.opened(), state.building
    if _is_cooling(state, episode):
        return Judgement(state, (), Reason.COOLING)
    if building is not None:
        episode = replace(episode, id=building.episode.id)
    onset = teller.told(episode, Phase.ONSET)
    state = replace(state, episode=episode, building=None)
    return Judgement(state, (onset,), Reason.ONSET)


def _built(state: EpisodeState, teller: Teller) -> Judgement:
    episode = _not_grave(teller.opened())
    hushed_ms = state.hushed.get(episode.liquidated, teller.decided_ms)
    if teller.decided_ms < hushed_ms or _is_cooling(state, episode):
        return Judgement(state, (), Reason.CALM)
    building = Building(episode, teller.decided_ms + BUILDING_MS)
    told = teller.told(episode, Phase.BUILDING)
    return Judgement(replace(state, building=building), (told,), Reason.BUILDING)


def _waited(
    state: EpisodeState, building: Building, teller: Teller, policy: EpisodePolicy
) -> Judgement:
    """Confirm what is building, withdraw it, or wait on."""
    reading, episode = teller.reading, building.episode
    fires, until_ms = reading.nearness >= 1.0, building.until_ms
    if (
        fires
        and reading.liquidated is episode.liquidated
        and reading.end_ms <= until_ms
    ):
        return _fired(state, teller)
    episode = _not_grave(grown(episode, teller))
    if not fires and reading.end_ms < until_ms:
        waiting = replace(state, building=Building(episode, until_ms))
        return Judgement(waiting, (), Reason.BUILDING)
    withdrawn = teller.told(episode, Phase.WITHDRAWN)
    begun = _begun(_hushed(state, episode.liquidated, policy), teller, policy)
    return Judgement(begun.state, (withdrawn, *begun.findings), Reason.WITHDRAWN)


def _not_grave(episode: Episode) -> Episode:
    return replace(episode, severity=Severity.LOW)


def _hushed(
    state: EpisodeState, side: PositionSide, policy: EpisodePolicy
) -> EpisodeState:
    now_ms = state.judged_ms or 0
    hushed = {one: end_ms for one, end_ms in state.hushed.items() if end_ms > now_ms}
    hushed[side] = now_ms + max(policy.cooldown_ms, BUILDING_MS)
    return replace(state, building=None, hushed=hushed)


def _is_cooling(state: EpisodeState, episode: Episode) -> bool:
    cooling = state.cooling.get(episode.liquidated)
    return (
        cooling is not None
        and (state.judged_ms or 0) < cooling.until_ms
        and episode.severity <= cooling.severity
    )


# during an episode


def _ongoing(
    state: EpisodeState, episode: Episode, teller: Teller, policy: EpisodePolicy
) -> Judgement:
    reading = teller.reading
    turned = reading.nearness >= 1.0 and reading.liquidated is not episode.liquidated
    left = reading.speaks_for(episode.liquidated)
    if not turned and left >= _REARM * reading.threshold:
        return _continued(state, episode, grown(episode, teller), teller)
    end = teller.told(episode, Phase.END)
    begun = _begun(_closed(state, episode, policy), teller, policy)
    reason = Reason.TURNED if turned else Reason.END
    return Judgement(begun.state, (end, *begun.findings), reason)


def _continued(
    state: EpisodeState, before: Episode, now: Episode, teller: Teller
) -> Judgement:
    state = replace(state, episode=now)
    if now.severity <= before.severity:
        return Judgement(state, (), Reason.ONGOING)
    told = teller.told(now, Phase.ESCALATION)
    return Judgement(state, (told,), Reason.ESCALATION)


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
