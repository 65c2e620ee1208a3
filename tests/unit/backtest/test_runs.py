"""Reports: what was told, what followed, how long was judged."""

from dataclasses import replace
from pathlib import Path

import pytest

from candles import calm, with_move
from factories import ETH
from liqmon.backtest.replay import SURGE
from liqmon.backtest.runs import Ask, Report, backtest
from liqmon.backtest.sources import Source, from_archive
from liqmon.core.baseline import ENOUGH_MS
from liqmon.core.model import Candles, Phase
from recordings import Recording, to_archive

STEP_MS = 300_000
WARM = ENOUGH_MS // STEP_MS
ASK = Ask(
    rule=SURGE, threshold=8.0, cooldown_ms=1_800_000, since_ms=0, until_ms=1 << 60
)
FALL = with_move(calm(60.0), WARM + 60, bars=4, change=-0.05, times=9.0)
LAST = with_move(calm(60.0, seed=4), 715, bars=4, change=-0.05, times=9.0)


def report(candles: Candles, ask: Ask = ASK, cuts: tuple[int, ...] = ()) -> Report:
    (one,) = backtest([(Recording(candles, cuts), ask)], jobs=1)
    return one


def test_a_report_counts_what_was_judged() -> None:
    done = report(FALL)

    assert done.bars == len(FALL)
    assert WARM - 12 < done.bars - done.judged < WARM + 12
    assert done.weeks == pytest.approx(done.judged * STEP_MS / (7 * 86_400_000))
    assert (done.first_ms, done.end_ms) == (
        int(FALL.open_ms[0]),
        int(FALL.open_ms[-1]) + STEP_MS,
    )


def test_every_onset_has_what_followed_and_all_phases_are_told_in_order() -> None:
    done = report(FALL, cuts=(WARM + 61, WARM + 64, WARM + 70))

    (onset,) = done.onsets
    assert onset.followed is not None
    assert onset.followed.further is not None
    assert onset.followed.further > 0.0
    assert onset.followed.after_60 is not None
    phases = [told.finding.phase for told in done.told]
    assert phases[0] is Phase.ONSET
    assert phases[-1] is Phase.END
    times = [told.finding.decided_ms for told in done.told]
    assert times == sorted(times)
    assert done == report(FALL)


def test_what_followed_the_last_findings_is_told_as_far_as_it_is_known() -> None:
    (onset,) = report(LAST).onsets

    assert onset.followed is not None
    assert onset.followed.after_60 is None


def test_raw_decisions_have_nothing_that_followed() -> None:
    done = report(FALL, replace(ASK, raw=True))

    assert len(done.told) > 1
    assert {told.followed for told in done.told} == {None}


def test_a_market_without_candles_is_an_empty_report() -> None:
    done = report(FALL, replace(ASK, since_ms=1 << 50))

    assert (done.bars, done.judged, done.weeks, done.told) == (0, 0, 0.0, ())


def test_yardsticks_do_not_listen_to_companions() -> None:
    ask = replace(ASK, rule="zscore", threshold=3.0)
    btc, eth = Recording(FALL), Recording(FALL, market=ETH)

    both = list(backtest([(btc, ask), (eth, ask)], jobs=1))

    assert [len(btc.asked), len(eth.asked)] == [1, 1]
    assert both[0].told == report(FALL, ask).told


def archived(root: Path) -> list[Source]:
    for base, seed in (("BTC", 1), ("ETH", 2), ("SOL", 3)):
        candles = calm(60.0, seed=seed)
        fall = with_move(candles, WARM + 60, bars=4, change=-0.03, times=6.0)
        to_archive(root, fall, base)
    return [*from_archive(root, (), exchange="bybit", timeframe="5m")]


def test_several_processes_report_what_one_does(tmp_path: Path) -> None:
    asked = [(source, ASK) for source in archived(tmp_path)]

    one = list(backtest(asked, jobs=1))
    several = list(backtest(asked, jobs=2))

    assert several == one
    assert all(done.onsets for done in one)


def test_companions_make_a_difference(tmp_path: Path) -> None:
    asked = [(source, ASK) for source in archived(tmp_path)]

    together = next(iter(backtest(asked, jobs=1)))
    alone = next(iter(backtest(asked[:1], jobs=1)))

    # the end tells the highest score of an episode
    assert together.told[-1].finding.score > alone.told[-1].finding.score
