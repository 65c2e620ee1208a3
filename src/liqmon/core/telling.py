"""An episode, and how a reading and an episode become a finding."""

from dataclasses import dataclass, replace
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

__all__ = ["Episode", "Teller", "grown"]


@dataclass(frozen=True, slots=True)
class Episode:
    """A cascade that is going on. ``score`` to ``confidence`` are of its worst bar.

    ``early_ms`` is the end of the bar that was still forming when it opened; None once
    that bar has been judged closed.
    """

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
    early_ms: int | None = None

    def graver(self, reading: Reading) -> "Episode":
        """Return it with what a reading adds to how grave it is."""
        if reading.liquidated is not self.liquidated or reading.score <= self.score:
            return self
        return replace(
            self,
            severity=max(self.severity, severity_of(reading.confidence)),
            score=reading.score,
            nearness=reading.nearness,
            conditions=reading.conditions,
            confidence=reading.confidence,
        )


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts an episode into the words of a finding, as of one reading.

    ``decided_ms`` is the end of its bar, or an earlier moment while that forms.
    """

    market: Market
    timeframe: str
    reading: Reading
    decided_ms: int

    def told(self, episode: Episode, phase: Phase) -> Finding:
        """Return what is told of the episode."""
        return Finding(
            episode=episode.id,
            market=self.market,
            timeframe=self.timeframe,
            phase=phase,
            liquidated=episode.liquidated,
            basis=Basis.INFERRED,
            severity=episode.severity,
            early=self.reading.early,
            onset_ms=episode.onset_ms,
            decided_ms=self.decided_ms,
            price_from=episode.price_from,
            price_to=self.reading.price_to,
            price_extreme=episode.price_extreme,
            volume_usd=episode.volume_usd,
            score=episode.score,
            nearness=episode.nearness,
            conditions=episode.conditions,
            ended_ms=episode.extreme_ms if phase is Phase.END else None,
            confidence=episode.confidence,
        )

    def opened(self) -> Episode:
        """Return the episode that begins with the reading."""
        reading = self.reading
        return Episode(
            id=self._new_id(),
            liquidated=reading.liquidated,
            severity=severity_of(reading.confidence),
            onset_ms=reading.end_ms - reading.window_ms,
            price_from=reading.price_from,
            price_extreme=reading.extreme,
            extreme_ms=self.decided_ms,
            volume_usd=reading.volume_usd,
            score=reading.score,
            nearness=reading.nearness,
            conditions=reading.conditions,
            confidence=reading.confidence,
            early_ms=reading.end_ms if reading.early else None,
        )

    def _new_id(self) -> str:
        # by the bar's end: the same whether it was judged forming or closed
        reading = self.reading
        name = f"{self.market.key} {self.timeframe} {reading.liquidated}"
        return sha256(f"{name} {reading.end_ms}".encode()).hexdigest()[:8]


def grown(episode: Episode, teller: Teller) -> Episode:
    """Return the episode with one more closed bar."""
    reading = teller.reading
    if episode.early_ms == reading.end_ms:
        return _settled(episode, teller)
    volume_usd = episode.volume_usd + reading.bar_volume_usd
    return _worst(replace(episode, volume_usd=volume_usd), reading).graver(reading)


def _settled(episode: Episode, teller: Teller) -> Episode:
    """Return it now that the bar in which it opened has closed.

    If that bar fires as well, the episode is what it would be had nobody looked before.
    """
    reading = teller.reading
    if reading.nearness < 1.0:
        return _worst(replace(episode, early_ms=None), reading)
    severity = max(episode.severity, severity_of(reading.confidence))
    return replace(teller.opened(), id=episode.id, severity=severity)


def _worst(episode: Episode, reading: Reading) -> Episode:
    is_fall = episode.liquidated is PositionSide.LONG
    worst = (
        min(episode.price_extreme, reading.bar_low)
        if is_fall
        else max(episode.price_extreme, reading.bar_high)
    )
    if worst == episode.price_extreme:
        return episode
    return replace(episode, price_extreme=worst, extreme_ms=reading.end_ms)
