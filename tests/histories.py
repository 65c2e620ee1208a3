"""Histories judged as a watch judges them, only all at once."""

from collections.abc import Mapping
from dataclasses import replace

from factories import MARKET
from liqmon.core.breadth import Crowd, Voice
from liqmon.core.detector import readings
from liqmon.core.episode import EpisodePolicy, EpisodeState, judge
from liqmon.core.features import features
from liqmon.core.model import Candles, Finding
from liqmon.core.sensitivity import Sensitivity, threshold_of
from liqmon.core.units import comparable

COOLDOWN_MS = 1_800_000


def findings_of(
    markets: Mapping[str, tuple[Candles, Candles]],
    *,
    timeframe: str,
    since_ms: int = 0,
    sensitivity: Sensitivity = Sensitivity.NORMAL,
) -> dict[str, list[Finding]]:
    """Return each market's findings; its bars and its baseline go by its base."""
    seen, voices = {}, {}
    for base, (bars, baseline) in markets.items():
        seen[base] = features(bars, baseline)
        voices[base] = Voice(base, seen[base].end_ms, seen[base].strength)
    crowd = Crowd.of(voices.values())
    policy = EpisodePolicy(threshold_of(sensitivity, timeframe), COOLDOWN_MS)
    found: dict[str, list[Finding]] = {}
    for base, (bars, _) in markets.items():
        state, found[base] = EpisodeState(), []
        read = readings(
            seen[base],
            bars,
            threshold=policy.threshold,
            since_ms=since_ms,
            now_ms=int(seen[base].end_ms[-1]),
            breadth=crowd.around(voices[base]),
        )
        market = replace(MARKET, symbol=f"{base}/USDT:USDT", base=base)
        for reading in read:
            judged = judge(
                state, reading, market=market, timeframe=timeframe, policy=policy
            )
            state = judged.state
            found[base] += judged.findings
    return found


def findings_alone(
    bars: Candles,
    *,
    timeframe: str = "5m",
    sensitivity: Sensitivity = Sensitivity.NORMAL,
) -> list[Finding]:
    """Return the findings of one market that is its own baseline, in one unit."""
    kept = comparable(bars)
    found = findings_of(
        {"BTC": (kept, kept)}, timeframe=timeframe, sensitivity=sensitivity
    )
    return found["BTC"]
