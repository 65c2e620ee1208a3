"""Days that traders remember, and months in which nothing happened."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from histories import findings_of
from liqmon.archive.bars import aggregated
from liqmon.archive.reader import read
from liqmon.backtest.sources import candles_from
from liqmon.core.detector import warmup
from liqmon.core.features import LOOKBACK_MS, features
from liqmon.core.model import Finding, Phase, PositionSide
from recorded import candle_file

pytestmark = pytest.mark.untraced

WEEK_MS = 7 * 86_400_000


def ms(utc: str) -> int:
    return round(datetime.fromisoformat(f"{utc}+00:00").timestamp() * 1000)


def replayed(
    pattern: str, bases: str, timeframe: str, since: str, until: str
) -> dict[str, list[Finding]]:
    """Return what would have been found from ``since`` to ``until``, at *normal*."""
    markets = {}
    for base in bases.split():
        path = candle_file(pattern.format(base))
        bars = read(path, symbol=f"{base}USDT", timeframe=timeframe)
        first, after = np.searchsorted(
            bars.open_ms, [ms(since) - LOOKBACK_MS, ms(until)]
        )
        near = bars.rows(slice(int(first), int(after)))
        markets[base] = candles_from(near), candles_from(aggregated(near, "5m"))
    return findings_of(markets, timeframe=timeframe, since_ms=ms(since))


@dataclass(frozen=True)
class Day:
    """What is replayed, and when at the latest it must be found on every market."""

    files: str
    bases: str
    timeframe: str
    since: str
    until: str
    no_later: str


DAYS = [
    Day(
        "binance_spot_{}USDT_1m_2021-04_2021-05",
        "BTC ETH ADA",
        "1m",
        "2021-05-19T12:00",
        "2021-05-19T14:00",
        "2021-05-19T12:46",
    ),
    Day(
        "binance_spot_{}USDT_5m_2020-12_2021-07",
        "BTC ETH SOL",
        "5m",
        "2021-05-19T12:00",
        "2021-05-19T14:00",
        "2021-05-19T12:45",
    ),
    Day(
        "binance_um_{}USDT_5m_2022-06_2022-11",
        "BTC ETH",
        "5m",
        "2022-11-08T17:00",
        "2022-11-09T00:00",
        "2022-11-08T17:55",
    ),
    Day(
        "binance_spot_{}USDT_5m_2022-08_2023-09",
        "BTC ETH SOL",
        "5m",
        "2023-08-17T21:00",
        "2023-08-17T22:30",
        "2023-08-17T21:45",
    ),
    Day(
        "binance_spot_{}USDT_5m_2024-01_2024-09",
        "BTC ETH SOL",
        "5m",
        "2024-08-05T00:00",
        "2024-08-05T03:00",
        "2024-08-05T01:05",
    ),
]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day.no_later} {day.timeframe}")
def test_a_day_to_remember_is_found_in_time(day: Day) -> None:
    """All four days close longs first, and no market ever has two episodes at once."""
    found = replayed(day.files, day.bases, day.timeframe, day.since, day.until)

    for base, findings in found.items():
        onset = findings[0]
        assert onset.phase is Phase.ONSET, base
        assert onset.liquidated is PositionSide.LONG, base
        assert onset.decided_ms <= ms(day.no_later), base
        for before, after in pairwise(findings):
            opens = after.phase is Phase.ONSET
            assert opens == (before.phase is Phase.END), base
            assert opens or after.episode == before.episode, base


def test_the_summer_of_2023_stays_within_an_alert_a_week() -> None:
    """*normal* allows each market one alert a week that is no event."""
    found = replayed(
        "binance_um_{}USDT_1m_2023-07_2023-08_quiet",
        "BTC ETH SOL",
        "1m",
        "2023-07-02T00:00",
        "2023-09-01T00:00",
    )

    weeks = len(found) * (ms("2023-09-01") - ms("2023-07-02")) / WEEK_MS
    onsets = [
        finding
        for findings in found.values()
        for finding in findings
        if finding.phase is Phase.ONSET
    ]
    assert len(onsets) <= weeks


def test_two_windows_of_march_2020_are_too_short_to_judge() -> None:
    bars = read(
        candle_file("binance_um_BTCUSDT_1m_2020-03-12_windows"),
        symbol="BTCUSDT",
        timeframe="1m",
    )
    assert len(bars) == 114

    seen = features(candles_from(bars), candles_from(aggregated(bars, "5m")))
    told = warmup(seen)

    assert told is not None
    assert told.have_h < 2.0
    assert np.isnan(seen.strength).all()
