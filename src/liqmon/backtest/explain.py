"""Why a market was, or was not, found at one moment: the numbers behind the verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from liqmon.backtest.crowds import breadth_of, heard
from liqmon.backtest.replay import (
    SURGE,
    Block,
    Judge,
    blocks,
    scored,
    seen_by_surge,
)
from liqmon.backtest.sources import Source
from liqmon.core.baseline import ENOUGH_MS
from liqmon.core.episode import EpisodePolicy
from liqmon.core.features import Features
from liqmon.core.model import Finding, FloatArray, Market, Reading
from liqmon.errors import UserError

__all__ = ["BEFORE_MS", "Explained", "Window", "explain"]

_HOUR_MS: Final = 3_600_000

BEFORE_MS: Final = 12 * _HOUR_MS
"""Judging begins this long before the moment, so that an episode under way is known."""


@dataclass(frozen=True, slots=True)
class Window:
    """One horizon. ``change`` and ``usual`` are fractions of the price.

    None where it is unknown. ``times`` is the volume in units of the usual one.
    """

    minutes: int
    change: float | None
    usual: float | None
    move: float | None
    times: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """The last bar that was closed at the moment, and what was told around it.

    ``breadth`` is what the companions said, ``reading`` None while warming up.
    """

    market: Market
    timeframe: str
    end_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    windows: tuple[Window, ...]
    strength: float | None
    breadth: float
    companions: int
    reading: Reading | None
    have_h: float
    need_h: float
    findings: tuple[Finding, ...]


def explain(
    source: Source,
    companions: Sequence[Source] = (),
    *,
    at_ms: int,
    until_ms: int,
    policy: EpisodePolicy,
) -> Explained:
    """Return the conditions at ``at_ms``, and the findings until ``until_ms``.

    Raises:
        UserError: there is no candle that closed around then.
    """
    span = (at_ms - BEFORE_MS, until_ms)
    everybody = [source, *companions]
    explained: Explained | None = None
    findings: list[Finding] = []
    judge = Judge(source.market, source.timeframe, policy)
    with TemporaryDirectory(prefix="liqmon-") as place:
        trace, *_ = heard(everybody, [span] * len(everybody), map, Path(place))
        for block in blocks(source, *span):
            breadth = breadth_of(trace, block.ends)
            seen = scored(
                block, SURGE, policy.threshold, breadth, told_from=policy.builds_from
            )
            findings += judge.findings(seen)
            at = int(np.searchsorted(block.ends, at_ms, side="right")) - 1
            if at >= 0:
                moment = _Moment(source, block, block.first + at)
                explained = moment.told(
                    float(breadth[at]), len(companions), seen.reading(moment.at)
                )
    if explained is None or at_ms - explained.end_ms > _HOUR_MS:
        raise UserError(
            f"there are no candles of {source.market.name} around that time",
            hint="times are UTC; liqmon download fetches what the archive lacks",
        )
    return replace(explained, findings=tuple(findings))


@dataclass(frozen=True, slots=True)
class _Moment:
    source: Source
    block: Block
    at: int

    def told(
        self, breadth: float, companions: int, reading: Reading | None
    ) -> Explained:
        bars, at, seen = self.block.bars, self.at, seen_by_surge(self.block)
        return Explained(
            market=self.source.market,
            timeframe=self.source.timeframe,
            end_ms=int(seen.end_ms[at]),
            open=float(bars.open[at]),
            high=float(bars.high[at]),
            low=float(bars.low[at]),
            close=float(bars.close[at]),
            volume=float(bars.volume[at]),
            windows=tuple(self._windows(seen)),
            strength=_known(seen.strength, at),
            breadth=breadth,
            companions=companions,
            reading=reading,
            have_h=float(seen.have_h[at]),
            need_h=ENOUGH_MS / _HOUR_MS,
            findings=(),
        )

    def _windows(self, seen: Features) -> list[Window]:
        return [
            self._window(seen, row, horizon_ms)
            for row, horizon_ms in enumerate(seen.scale.horizons_ms)
        ]

    def _window(self, seen: Features, row: int, horizon_ms: int) -> Window:
        bars, at = self.block.bars, self.at
        move = _known(seen.move[row], at)
        change = usual = None
        if move is not None:
            before = float(bars.close[at - horizon_ms // bars.timeframe_ms])
            change = float(bars.close[at]) / before - 1.0
            usual = math.log1p(change) / move if move else None
        return Window(
            minutes=horizon_ms // 60_000,
            change=change,
            usual=usual,
            move=move,
            times=_known(seen.volume[row], at),
            score=_known(seen.score[row], at),
        )


def _known(values: FloatArray, at: int) -> float | None:
    value = float(values[at])
    return value if math.isfinite(value) else None
