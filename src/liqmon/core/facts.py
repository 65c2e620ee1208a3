"""Findings and episode states as plain facts for the disk, and back.

Facts are what JSON can say. ``v`` is the form they were written in; a reader of a later
liqmon keeps reading older forms. Whatever cannot be read raises, so that the caller can
fall back on general words instead of losing the row.
"""

from collections.abc import Mapping
from typing import TypeVar

from liqmon.core.episode import Building, Cooldown, Episode, EpisodeState
from liqmon.core.model import (
    Basis,
    Condition,
    Finding,
    Market,
    Phase,
    PositionSide,
    Severity,
)

__all__ = [
    "finding_from_facts",
    "finding_to_facts",
    "state_from_facts",
    "state_to_facts",
]

_FORM = 1

T = TypeVar("T", str, int, float, bool)
Facts = Mapping[str, object]


def finding_to_facts(finding: Finding) -> dict[str, object]:
    """Return the finding as facts."""
    market = finding.market
    return {
        "v": _FORM,
        "episode": finding.episode,
        "exchange": market.exchange,
        "symbol": market.symbol,
        "base": market.base,
        "quote": market.quote,
        "inverse": market.inverse,
        "contract_size": market.contract_size,
        "timeframe": finding.timeframe,
        "phase": finding.phase.value,
        "liquidated": finding.liquidated.value,
        "basis": finding.basis.name,
        "severity": finding.severity.name,
        "early": finding.early,
        "onset_ms": finding.onset_ms,
        "decided_ms": finding.decided_ms,
        "ended_ms": finding.ended_ms,
        "price_from": finding.price_from,
        "price_to": finding.price_to,
        "price_extreme": finding.price_extreme,
        "volume_usd": finding.volume_usd,
        "score": finding.score,
        "nearness": finding.nearness,
        "conditions": _conditions_to_facts(finding.conditions),
        "confidence": finding.confidence,
    }


def finding_from_facts(facts: Facts) -> Finding:
    """Return what ``finding_to_facts`` was given.

    Raises:
        KeyError, TypeError, ValueError: facts of a form this liqmon does not know.
    """
    _check_form(facts)
    ended_ms = facts["ended_ms"]
    return Finding(
        episode=_of(str, facts, "episode"),
        market=Market(
            exchange=_of(str, facts, "exchange"),
            symbol=_of(str, facts, "symbol"),
            base=_of(str, facts, "base"),
            quote=_of(str, facts, "quote"),
            inverse=_of(bool, facts, "inverse"),
            contract_size=_number(facts, "contract_size"),
        ),
        timeframe=_of(str, facts, "timeframe"),
        phase=Phase(_of(str, facts, "phase")),
        liquidated=PositionSide(_of(str, facts, "liquidated")),
        basis=Basis[_of(str, facts, "basis")],
        severity=Severity[_of(str, facts, "severity")],
        early=_of(bool, facts, "early"),
        onset_ms=_of(int, facts, "onset_ms"),
        decided_ms=_of(int, facts, "decided_ms"),
        ended_ms=None if ended_ms is None else _of(int, facts, "ended_ms"),
        price_from=_number(facts, "price_from"),
        price_to=_number(facts, "price_to"),
        price_extreme=_number(facts, "price_extreme"),
        volume_usd=_number(facts, "volume_usd"),
        score=_number(facts, "score"),
        nearness=_number(facts, "nearness"),
        conditions=_conditions_from_facts(facts),
        confidence=_confidence(facts),
    )


def state_to_facts(state: EpisodeState) -> dict[str, object]:
    """Return where a market stands as facts."""
    episode, building = state.episode, state.building
    return {
        "v": _FORM,
        "judged_ms": state.judged_ms,
        "episode": None if episode is None else _episode_to_facts(episode),
        "building": None if building is None else _building_to_facts(building),
        "hushed": {side.value: until_ms for side, until_ms in state.hushed.items()},
        "cooling": {
            side.value: {
                "until_ms": cooldown.until_ms,
                "severity": cooldown.severity.name,
            }
            for side, cooldown in state.cooling.items()
        },
    }


def state_from_facts(facts: Facts) -> EpisodeState:
    """Return what ``state_to_facts`` was given.

    Raises:
        KeyError, TypeError, ValueError: facts of a form this liqmon does not know.
    """
    _check_form(facts)
    judged_ms, episode = facts["judged_ms"], facts["episode"]
    cooling = _table(facts["cooling"])
    # Facts written before there was a first step do not have these two.
    building, hushed = facts.get("building"), _table(facts.get("hushed", {}))
    return EpisodeState(
        judged_ms=None if judged_ms is None else _of(int, facts, "judged_ms"),
        episode=None if episode is None else _episode_from_facts(_table(episode)),
        cooling={
            PositionSide(side): _cooldown_from_facts(_table(cooldown))
            for side, cooldown in cooling.items()
        },
        building=None if building is None else _building_from_facts(_table(building)),
        hushed={PositionSide(side): _of(int, hushed, side) for side in hushed},
    )


def _building_to_facts(building: Building) -> dict[str, object]:
    episode = _episode_to_facts(building.episode)
    return {"until_ms": building.until_ms, "episode": episode}


def _building_from_facts(facts: Facts) -> Building:
    episode = _episode_from_facts(_table(facts["episode"]))
    return Building(episode, _of(int, facts, "until_ms"))


def _episode_to_facts(episode: Episode) -> dict[str, object]:
    return {
        "id": episode.id,
        "liquidated": episode.liquidated.value,
        "severity": episode.severity.name,
        "onset_ms": episode.onset_ms,
        "price_from": episode.price_from,
        "price_extreme": episode.price_extreme,
        "extreme_ms": episode.extreme_ms,
        "volume_usd": episode.volume_usd,
        "score": episode.score,
        "nearness": episode.nearness,
        "conditions": _conditions_to_facts(episode.conditions),
        "confidence": episode.confidence,
        "early_ms": episode.early_ms,
    }


def _episode_from_facts(facts: Facts) -> Episode:
    return Episode(
        id=_of(str, facts, "id"),
        liquidated=PositionSide(_of(str, facts, "liquidated")),
        severity=Severity[_of(str, facts, "severity")],
        onset_ms=_of(int, facts, "onset_ms"),
        price_from=_number(facts, "price_from"),
        price_extreme=_number(facts, "price_extreme"),
        extreme_ms=_of(int, facts, "extreme_ms"),
        volume_usd=_number(facts, "volume_usd"),
        score=_number(facts, "score"),
        nearness=_number(facts, "nearness"),
        conditions=_conditions_from_facts(facts),
        confidence=_confidence(facts),
        # Facts written before forming bars were judged do not have it.
        early_ms=None if facts.get("early_ms") is None else _of(int, facts, "early_ms"),
    )


def _cooldown_from_facts(facts: Facts) -> Cooldown:
    severity = Severity[_of(str, facts, "severity")]
    return Cooldown(_of(int, facts, "until_ms"), severity)


def _conditions_to_facts(conditions: tuple[Condition, ...]) -> list[object]:
    return [
        {
            "name": condition.name,
            "value": condition.value,
            "threshold": condition.threshold,
        }
        for condition in conditions
    ]


def _conditions_from_facts(facts: Facts) -> tuple[Condition, ...]:
    listed = facts["conditions"]
    if not isinstance(listed, list):
        raise TypeError("conditions are no list")
    return tuple(
        Condition(
            _of(str, condition, "name"),
            _number(condition, "value"),
            _number(condition, "threshold"),
        )
        for condition in map(_table, listed)
    )


def _confidence(facts: Facts) -> float | None:
    # Facts written before there was one do not have it.
    if facts.get("confidence") is None:
        return None
    return _number(facts, "confidence")


def _check_form(facts: Facts) -> None:
    if facts["v"] != _FORM:
        raise ValueError("facts in a form of another version")


def _of(kind: type[T], facts: Facts, name: str) -> T:
    value = facts[name]
    # exactly: True would pass for a number
    if type(value) is not kind:
        raise TypeError(f"{name} is no {kind.__name__}")
    return value


def _number(facts: Facts, name: str) -> float:
    value = facts[name]
    return float(value) if type(value) is int else _of(float, facts, name)


def _table(value: object) -> Facts:
    if not isinstance(value, dict):
        raise TypeError("not a table")
    return value
