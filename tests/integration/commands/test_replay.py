"""The detector over recorded markets, as live and history both run it."""

from datetime import UTC, datetime
from pathlib import Path

from liqmon.archive.reader import read
from liqmon.core.detector import readings
from liqmon.core.episode import EpisodePolicy, EpisodeState, judge
from liqmon.core.features import LOOKBACK_MS, features
from liqmon.core.model import (
    TIMEFRAME_MS,
    Candles,
    Finding,
    Market,
    Phase,
    PositionSide,
)
from liqmon.settings.models import Settings
from recorded import candle_file

DEFAULTS = Settings()
POLICY = EpisodePolicy(
    threshold=DEFAULTS.threshold_for("BTCUSDT"),
    cooldown_ms=round(DEFAULTS.detector.cooldown_s * 1000),
)
BTC = Market("binanceusdm", "BTC/USDT:USDT", "BTC", "USDT")
FOR_EVER_MS = 1 << 60


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def candles(path: Path, first_ms: int, end_ms: int) -> Candles:
    """Return the recorded bars of a period, and before it what they are judged by."""
    bars = read(path)
    rows = bars.rows(
        slice(*bars.open_ms.searchsorted([first_ms - LOOKBACK_MS, end_ms]).tolist())
    )
    return Candles(
        TIMEFRAME_MS[rows.timeframe],
        rows.open_ms,
        rows.open,
        rows.high,
        rows.low,
        rows.close,
        rows.volume,
    )


def raised(bars: Candles, since_ms: int) -> list[Finding]:
    """Return all findings of the bars that close after ``since_ms``."""
    state, findings = EpisodeState(), list[Finding]()
    for reading in readings(
        features(bars, bars),
        bars,
        threshold=POLICY.threshold,
        since_ms=since_ms,
        now_ms=FOR_EVER_MS,
    ):
        judgement = judge(state, reading, market=BTC, timeframe="1m", policy=POLICY)
        state = judgement.state
        findings.extend(judgement.findings)
    return findings


def test_a_quiet_month_raises_at_most_four_episodes() -> None:
    path = candle_file("binance_um_BTCUSDT_1m_2023-07_2023-08_quiet")
    first_ms, end_ms = at("2023-07-18"), at("2023-08-18")

    found = raised(candles(path, first_ms, end_ms), first_ms)

    onsets = [finding for finding in found if finding.phase is Phase.ONSET]
    assert 1 <= len(onsets) <= 4


def test_the_crash_of_may_2021_closes_longs_on_time() -> None:
    path = candle_file("binance_spot_BTCUSDT_1m_2021-04_2021-05")
    first_ms, end_ms = at("2021-05-19T12:15"), at("2021-05-19T13:15")

    found = raised(candles(path, first_ms, end_ms), first_ms)

    first = found[0]
    assert (first.phase, first.liquidated) == (Phase.ONSET, PositionSide.LONG)
    assert at("2021-05-19T12:30") <= first.decided_ms <= end_ms
