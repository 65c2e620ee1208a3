"""Muting and acknowledging while a run goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from couriers import MoodyStore, SteppedClock
from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot
from liqmon.core.model import Phase, Severity
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.entries import finding_entry
from liqmon.monitor.silences import Silences
from liqmon.store.database import Store

FINDING = a_finding(severity=Severity.HIGH)


class Rig:
    """Silences over a store, and the board that shows them."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.bulletin = Bulletin(clock, BoardSnapshot("0.1.0", "1m", 0.0))
        self.silences = Silences(store, clock=clock, bulletin=self.bulletin)

    def hushes(self, **changes: object) -> bool:
        finding = replace(FINDING, **changes)  # type: ignore[arg-type]
        return self.silences.hushes(finding, self.clock.now_ms())

    async def raised(self, **changes: object) -> None:
        finding = replace(FINDING, **changes)  # type: ignore[arg-type]
        await self.store.commit_findings(
            market_key=finding.market.key,
            timeframe="1m",
            state={},
            findings=[finding_entry(finding, "")],
            now_ms=self.clock.now_ms(),
        )


async def a_rig() -> Rig:
    return Rig(await MoodyStore.in_memory(), FakeClock(seconds=5.0))


async def test_a_muted_market_is_hushed_for_its_time_and_no_other() -> None:
    rig = await a_rig()
    await rig.silences.mute(MARKET.key, 1_800.0)

    assert rig.hushes()
    assert not rig.hushes(market=ETH)
    assert rig.silences.is_muted(MARKET.key, rig.clock.now_ms())
    rig.clock.push(1_800.0)
    assert not rig.hushes()
    await rig.store.close()


async def test_the_board_shows_until_when_and_forgets_what_is_over() -> None:
    rig = await a_rig()
    await rig.silences.mute(MARKET.key, 60.0)
    await rig.silences.mute("", 600.0)

    assert rig.bulletin.snapshot.muted == {MARKET.key: 65.0, "": 605.0}
    rig.clock.push(60.0)
    await rig.silences.look()
    assert rig.bulletin.snapshot.muted == {"": 605.0}
    await rig.silences.unmute("")
    assert rig.bulletin.snapshot.muted == {}
    await rig.store.close()


async def test_critical_is_never_hushed() -> None:
    rig = await a_rig()
    await rig.raised()
    await rig.silences.mute("", 60.0)
    assert await rig.silences.acknowledge(MARKET.key)

    assert rig.hushes()
    assert not rig.hushes(severity=Severity.CRITICAL)
    await rig.store.close()


async def test_an_acknowledged_episode_is_hushed_and_shown_as_seen() -> None:
    rig = await a_rig()
    assert not await rig.silences.acknowledge(MARKET.key)
    await rig.raised()
    assert await rig.silences.acknowledge(MARKET.key)

    assert rig.hushes(severity=Severity.HIGH, phase=Phase.ESCALATION)
    assert not rig.hushes(episode="another")
    assert rig.bulletin.snapshot.acknowledged == {FINDING.episode}
    await rig.store.close()


async def test_what_another_process_wishes_is_known_within_two_seconds(
    tmp_path: Path,
) -> None:
    clock = SteppedClock(ends_s=10.0)
    ours, theirs = (
        await Store.open(tmp_path),
        await Store.open(tmp_path, exclusive=False),
    )
    rig = Rig(ours, clock)
    await theirs.mute(MARKET.key, until_ms=clock.now_ms() + 60_000)

    task = asyncio.create_task(rig.silences.run())
    await clock.reached.wait()
    task.cancel()

    assert rig.hushes()
    assert set(clock.slept) == {2.0}
    await theirs.close()
    await ours.close()


async def test_a_disk_in_trouble_leaves_what_was_known_and_refuses_new_wishes() -> None:
    store = await MoodyStore.in_memory()
    rig = Rig(store, FakeClock())
    await rig.silences.mute(MARKET.key, 60.0)
    store.broken = frozenset({"wishes", "mute"})

    await rig.silences.look()
    assert rig.hushes()
    with pytest.raises(StoreUnavailable):
        await rig.silences.mute(ETH.key, 60.0)
    assert not rig.hushes(market=ETH)
    store.broken = frozenset()
    await store.close()
