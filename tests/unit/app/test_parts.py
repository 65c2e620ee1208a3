"""What a run knows when it begins, from the runs before it."""

from dataclasses import replace
from pathlib import Path

from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.app.parts import opened
from liqmon.app.run import Run, empty_board
from liqmon.core.episode import EpisodeState
from liqmon.core.facts import finding_to_facts, state_to_facts
from liqmon.core.model import Finding, Phase
from liqmon.core.telling import Episode
from liqmon.monitor.bulletin import Bulletin
from liqmon.settings.models import Settings
from liqmon.store.database import Store

DAY_S = 86_400
SOL = replace(ETH, symbol="SOL/USDT:USDT", base="SOL")
GOING_ON = a_finding()
OVER = a_finding(market=ETH, episode="b", phase=Phase.END, ended_ms=1)
BUILDING = a_finding(market=SOL, episode="c", phase=Phase.BUILDING)


def going_on(finding: Finding) -> EpisodeState:
    return EpisodeState(
        episode=Episode(
            id=finding.episode,
            liquidated=finding.liquidated,
            severity=finding.severity,
            onset_ms=finding.onset_ms,
            price_from=finding.price_from,
            price_extreme=finding.price_extreme,
            extreme_ms=finding.decided_ms,
            volume_usd=finding.volume_usd,
            score=finding.score,
            nearness=finding.nearness,
            conditions=finding.conditions,
        )
    )


async def told(
    store: Store, finding: Finding, state: EpisodeState, clock: FakeClock
) -> None:
    await store.commit_findings(
        market_key=finding.market.key,
        timeframe=finding.timeframe,
        state=state_to_facts(state),
        findings=(),
        told=[finding_to_facts(finding)],
        now_ms=clock.now_ms(),
    )


async def shown(state_dir: Path, clock: FakeClock) -> list[Finding | None]:
    """Begin a run, and return what its table says was found last."""
    run = Run(Settings(), ("BTCUSDT",), state_dir)
    bulletin = Bulletin(clock, empty_board(run, clock))
    async with opened(run, clock=clock, bulletin=bulletin):
        bulletin.show_markets("bybit", (MARKET, ETH, SOL))
        assert bulletin.snapshot.raised == 0
        return [row.finding for row in bulletin.snapshot.rows.values()]


async def test_a_run_shows_what_was_found_on_the_day_before_it(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await Store.open(tmp_path)
    await told(store, GOING_ON, going_on(GOING_ON), clock)
    await told(store, OVER, EpisodeState(), clock)
    await told(store, BUILDING, EpisodeState(), clock)
    await store.close()

    assert await shown(tmp_path, clock) == [GOING_ON, OVER, None]
    clock.push(DAY_S + 1)
    assert await shown(tmp_path, clock) == [None, None, None]


async def test_an_episode_that_nobody_will_end_is_not_shown_as_going_on(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    store = await Store.open(tmp_path)
    await told(store, GOING_ON, EpisodeState(), clock)
    await store.close()

    assert await shown(tmp_path, clock) == [None, None, None]
