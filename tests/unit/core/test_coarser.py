"""Five minutes out of five minutes, and nothing out of four."""

import numpy as np
from hypothesis import given, strategies as st

from candles import START_MS, calm
from liqmon.archive.bars import Bars, aggregated
from liqmon.core.coarser import coarser
from liqmon.core.model import Candles

MINUTE_MS = 60_000
FIVE_MS = 300_000
FAR_MS = START_MS + 10**12


def as_bars(candles: Candles) -> Bars:
    names = ("open", "high", "low", "close", "volume")
    columns = dict(zip(names, candles.columns(), strict=True))
    return Bars(symbol="", timeframe="1m", open_ms=candles.open_ms, **columns)


@given(st.sets(st.integers(0, 119)), st.integers(0, 4))
def test_a_longer_candle_is_that_of_the_archive_and_lacks_no_part(
    missing: set[int], offset: int
) -> None:
    minutes = calm(2, timeframe_ms=MINUTE_MS).rows(slice(offset, None))
    kept = [at for at in range(len(minutes)) if at not in missing]
    minutes = minutes.rows(np.array(kept, dtype=np.int64))

    made = coarser(minutes, FIVE_MS, FAR_MS)

    slots, counts = np.unique(minutes.open_ms // FIVE_MS, return_counts=True)
    assert (made.open_ms // FIVE_MS).tolist() == slots[counts == 5].tolist()
    whole = aggregated(as_bars(minutes), "5m")
    same = whole.rows(np.flatnonzero(np.isin(whole.open_ms, made.open_ms)))
    for mine, theirs in zip(made.columns(), as_candles(same), strict=True):
        # to the last bit: live and history must not differ
        assert mine.tolist() == theirs.tolist()


def as_candles(bars: Bars) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [bars.open, bars.high, bars.low, bars.close, bars.volume]


def test_a_candle_that_has_not_ended_is_not_made() -> None:
    minutes = calm(1, timeframe_ms=MINUTE_MS)
    end_ms = int(minutes.open_ms[-1]) + MINUTE_MS

    assert len(coarser(minutes, FIVE_MS, end_ms)) == 12
    assert len(coarser(minutes, FIVE_MS, end_ms - 1)) == 11


def test_nothing_is_made_of_nothing() -> None:
    assert len(coarser(Candles.empty(MINUTE_MS), FIVE_MS, FAR_MS)) == 0
