"""Breadths over a whole history: those that one crowd of all would have given."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from candles import calm, with_move
from factories import ETH
from liqmon.backtest.crowds import breadth_of, heard
from liqmon.backtest.replay import blocks, strengths
from liqmon.core.breadth import ALONE, Crowd, Voice
from recordings import Recording

FOREVER = (0, 1 << 60)
SOL = replace(ETH, symbol="SOL/USDT:USDT", base="SOL")
HOURS = 24.0 * 65
"""Over two months, so that the months are worked on one by one."""

BTC_5M = Recording(calm(HOURS, seed=1), (9_000,))
ETH_5M = Recording(
    with_move(calm(HOURS, seed=2), 9_000, bars=5, change=-0.05, times=9.0),
    market=ETH,
)
SOL_5M = Recording(calm(HOURS, seed=3), (100, 12_000), market=SOL)


def voice(recording: Recording) -> Voice:
    (block,) = blocks(replace(recording, cuts=()), *FOREVER)
    return Voice(recording.market.base, *strengths(block))


def test_it_is_what_a_crowd_of_all_at_once_says(tmp_path: Path) -> None:
    recordings = [BTC_5M, ETH_5M, SOL_5M]
    traces = heard(recordings, [FOREVER] * 3, map, tmp_path)
    voices = [voice(recording) for recording in recordings]
    crowd = Crowd.of(voices)

    for trace, one in zip(traces, voices, strict=True):
        assert trace is not None
        said = breadth_of(trace, one.end_ms)
        assert said.tolist() == crowd.around(one).tolist()
        some = one.end_ms[[5, 8_000, 12_345]]
        assert breadth_of(trace, some).tolist() == said[[5, 8_000, 12_345]].tolist()
    assert not np.allclose(breadth_of(traces[0], voices[0].end_ms), ALONE)


def test_markets_of_another_exchange_or_timeframe_are_no_companions(
    tmp_path: Path,
) -> None:
    elsewhere = replace(ETH_5M, market=replace(ETH, exchange="okx"))
    minutes = Recording(calm(48.0, timeframe_ms=60_000), market=SOL, timeframe="1m")
    traces = heard([BTC_5M, elsewhere, minutes], [FOREVER] * 3, map, tmp_path)

    for trace, recording in zip(traces, (BTC_5M, elsewhere), strict=False):
        ends = voice(recording).end_ms
        assert set(breadth_of(trace, ends).tolist()) == {ALONE}


def test_one_asset_alone_is_not_read_twice(tmp_path: Path) -> None:
    again = replace(BTC_5M, key="another file", asked=[])
    ends = np.array([1, 2, 3], dtype=np.int64)

    traces = heard([again, again], [FOREVER] * 2, map, tmp_path)

    assert traces == [None, None]
    assert again.asked == []
    assert breadth_of(traces[0], ends).tolist() == [ALONE] * 3


def test_a_market_without_candles_is_silent(tmp_path: Path) -> None:
    later = (1 << 50, 1 << 60)
    traces = heard([BTC_5M, ETH_5M], [FOREVER, later], map, tmp_path)
    nobody = heard([BTC_5M, ETH_5M], [later, later], map, tmp_path)

    ends = voice(BTC_5M).end_ms
    assert set(breadth_of(traces[0], ends).tolist()) == {ALONE}
    assert breadth_of(nobody[1], ends[:0]).size == 0
