"""What keys do to a watch, with the store, the Discord and the parts of a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from boards import NOW_MONO, a_board, a_market, a_row
from fakes import FakeClock
from liqmon.cli.steering import Steering, Watching
from liqmon.errors import StoreUnavailable
from liqmon.monitor.bulletin import Bulletin
from liqmon.ui.controls import Controls

SOL = a_market("SOL")


class Ears:
    """Silences that are kept in memory only; ``error`` is raised if set."""

    def __init__(self, bulletin: Bulletin) -> None:
        self.bulletin = bulletin
        self.has_episode = True
        self.error: Exception | None = None

    async def mute(self, market_key: str, for_s: float) -> None:
        self._fail()
        muted = {**self.bulletin.snapshot.muted, market_key: NOW_MONO + for_s}
        self.bulletin.show_silences(muted, frozenset())

    async def unmute(self, market_key: str) -> None:
        muted = dict(self.bulletin.snapshot.muted)
        del muted[market_key]
        self.bulletin.show_silences(muted, frozenset())

    async def acknowledge(self, _market_key: str) -> bool:
        return self.has_episode

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class Helm:
    steering: Watching
    bulletin: Bulletin
    ears: Ears

    async def says(self, words: str) -> None:
        """Let the loop come round until something is said."""
        for _ in range(200):
            if any(words in remark.text for remark in self.steering.remarks):
                return
            await asyncio.sleep(0)
        raise AssertionError(self.steering.remarks)

    @property
    def said(self) -> list[str]:
        return [remark.text for remark in self.steering.remarks]


@asynccontextmanager
async def at_the_helm(*, is_open: bool = True, **run: Any) -> AsyncIterator[Helm]:
    clock = FakeClock(NOW_MONO)
    bulletin = Bulletin(clock, a_board(a_row("SOL")))
    steering = Watching(
        clock, bulletin, on_quit=lambda: None, on_reload=lambda: "settings reloaded"
    )
    ears = Ears(bulletin)
    parts: Any = SimpleNamespace(silences=ears, run=SimpleNamespace(**run))
    if is_open:
        steering.hold(parts)
    async with asyncio.TaskGroup() as tasks:
        fulfilling = tasks.create_task(steering.fulfil())
        yield Helm(steering, bulletin, ears)
        fulfilling.cancel()


async def test_a_market_is_muted_for_half_an_hour_and_then_let_speak() -> None:
    async with at_the_helm() as helm:
        helm.steering.mute(SOL)
        helm.steering.mute(SOL)
        helm.steering.mute(SOL)
        await helm.says("speaks again")
        await helm.says("muted for 30 min")

    assert helm.said == [
        "SOLUSDT is muted for 30 min",
        "SOLUSDT speaks again",
        "SOLUSDT is muted for 30 min",
    ]
    assert helm.bulletin.snapshot.muted == {SOL.key: NOW_MONO + 1800}


async def test_where_all_are_muted_one_cannot_be() -> None:
    async with at_the_helm() as helm:
        helm.bulletin.show_silences({"": NOW_MONO + 9}, frozenset())
        helm.steering.mute(SOL)
        await helm.says("every market is muted already (liqmon unmute)")

        helm.bulletin.show_silences({"": NOW_MONO + 9, SOL.key: 9}, frozenset())
        helm.steering.mute(SOL)
        helm.steering.mute(SOL)
        while len(helm.said) < 3:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
    assert set(helm.said) == {"every market is muted already (liqmon unmute)"}


async def test_an_episode_is_acknowledged_if_there_is_one() -> None:
    async with at_the_helm() as helm:
        helm.steering.acknowledge(SOL)
        await helm.says("SOLUSDT: acknowledged")
        helm.ears.has_episode = False
        helm.steering.acknowledge(SOL)
        await helm.says("SOLUSDT: nothing to acknowledge, no episode is going on")


async def test_before_anything_is_open_wishes_are_turned_down() -> None:
    async with at_the_helm(is_open=False) as helm:
        helm.steering.mute(SOL)
        await helm.says("not yet: still starting")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreUnavailable("the disk is full"), "not done: the disk is full"),
        (ZeroDivisionError("a bug"), "not done: ZeroDivisionError('a bug')"),
    ],
)
async def test_what_goes_wrong_is_said_and_the_next_wish_is_fulfilled(
    error: Exception, said: str
) -> None:
    async with at_the_helm() as helm:
        helm.ears.error = error
        helm.steering.mute(SOL)
        await helm.says(said)
        helm.ears.error = None
        helm.steering.mute(SOL)
        await helm.says("SOLUSDT is muted for 30 min")


async def test_a_dry_run_sends_no_test_and_one_test_at_a_time_is_enough() -> None:
    async with at_the_helm(dry_run=True) as helm:
        helm.steering.test_webhook()
        helm.steering.test_webhook()
        await helm.says("no test message: this is a dry run")
        helm.steering.test_webhook()
        await helm.says("no test message: this is a dry run")

    assert helm.said[:2] == [
        "sending a test message",
        "a test message is on its way already",
    ]
    assert helm.said.count("sending a test message") == 2


async def test_a_reload_says_what_came_of_it() -> None:
    async with at_the_helm() as helm:
        helm.steering.reload()

    assert helm.said == ["settings reloaded"]


def test_where_there_is_nothing_to_steer_keys_only_quit() -> None:
    quits: list[str] = []
    clock = FakeClock()
    controls: Controls = Steering(clock, lambda: quits.append("quit"))

    controls.quit()
    controls.mute(SOL)
    controls.acknowledge(SOL)
    controls.test_webhook()
    controls.reload()

    assert quits == ["quit"]
    assert [remark.text for remark in controls.remarks] == [
        "that key does nothing here"
    ] * 4


def test_only_the_last_remarks_are_kept() -> None:
    steering = Steering(FakeClock(), lambda: None)
    for at in range(50):
        steering.say(str(at))

    assert [remark.text for remark in steering.remarks] == [
        str(at) for at in range(30, 50)
    ]
