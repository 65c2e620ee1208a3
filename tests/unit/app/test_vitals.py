"""What a run shows of itself follows from its settings."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes import FakeClock
from liqmon.app.parts import Parts, opened
from liqmon.app.run import Run, empty_board
from liqmon.app.vitals import Vitals, opened_vitals
from liqmon.core.events import GaveUp, Retrying
from liqmon.errors import ConfigError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.scanner import Scan
from liqmon.settings.models import Settings
from notified import notified

SCAN = Scan("bybit", asked=2, answered=2, took_s=0.1, interval_s=5.0)


@asynccontextmanager
async def some_parts(
    state_dir: Path | None = None, *, dry_run: bool = False, **tables: object
) -> AsyncIterator[Parts]:
    clock = FakeClock()
    settings = Settings.model_validate(tables)
    run = Run(settings, ("BTCUSDT",), state_dir, dry_run=dry_run)
    bulletin = Bulletin(clock, empty_board(run, clock))
    async with opened(run, clock=clock, bulletin=bulletin) as parts:
        yield parts


async def test_what_is_not_asked_for_is_not_there() -> None:
    async with (
        some_parts() as parts,
        opened_vitals(parts, is_watch=True) as watch,
        opened_vitals(parts, is_watch=False) as check,
    ):
        assert watch.work == check.work == {}
        assert check.endings == []
        await check.finish(deadline_s=1.0)


async def test_each_wish_has_its_part(tmp_path: Path) -> None:
    health = {"heartbeat_url": "http://127.0.0.1:1/x", "daily_digest": "08:00"}
    async with (
        some_parts(tmp_path, health=health) as parts,
        opened_vitals(parts, is_watch=True) as vitals,
    ):
        assert set(vitals.work) == {"last scan", "heartbeat", "daily digest"}
        vitals.scanned(SCAN)


async def test_the_daily_digest_goes_to_whoever_cares_for_health() -> None:
    ops = {"name": "ops", "url": "json://127.0.0.1:1", "health": True}
    async with (
        some_parts(health={"daily_digest": "00:00"}, notify=[ops]) as parts,
        opened_vitals(parts, is_watch=True) as vitals,
    ):
        vitals.scanned(SCAN)
        daily = asyncio.ensure_future(vitals.work["daily digest"]())
        while not (rows := await parts.store.entries()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)
        daily.cancel()

    assert [row.route for row in rows] == ["ops"]


async def test_a_dry_run_gives_no_sign_of_life_to_others() -> None:
    health = {"heartbeat_url": "http://127.0.0.1:1/x"}
    async with (
        some_parts(dry_run=True, health=health) as parts,
        opened_vitals(parts, is_watch=True) as vitals,
    ):
        assert vitals.work == {}


@pytest.mark.parametrize("is_watch", [True, False])
async def test_without_the_extra_it_says_what_to_install(
    is_watch: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "liqmon.monitor.metrics", raising=False)
    # what python finds where a package is not installed
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    metrics = {"listen": "127.0.0.1:0", "textfile": tmp_path / "liqmon.prom"}
    async with some_parts(metrics=metrics) as parts:
        with pytest.raises(ConfigError) as refused:
            async with opened_vitals(parts, is_watch=is_watch):
                pytest.fail("it was opened")

    assert "prometheus_client" in str(refused.value)
    assert refused.value.hint == "pip install 'liqmon[metrics]'"


async def test_a_long_wait_and_a_retry_of_the_scan_loop_feed_the_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with notified(tmp_path / "notify") as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.address)
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        async with (
            some_parts() as parts,
            opened_vitals(parts, is_watch=True) as vitals,
        ):
            vitals.systemd.ready(["bybit"])
            await vitals.rest("bybit", 12.0)
            assert listening.told() == ["READY=1", *["WATCHDOG=1"] * 3]

            parts.bulletin.publish(Retrying(0, "bybit", "", 2, 3, 1.0, "HTTP 503"))
            parts.bulletin.publish(GaveUp(0, "bybit", "", 3, "HTTP 503"))
            assert listening.told() == ["WATCHDOG=1"] * 2

            # a market of its own proves nothing about the loop
            parts.bulletin.publish(Retrying(0, "bybit", "BTC", 2, 3, 1.0, "HTTP 503"))
            assert listening.told() == []


async def test_every_listener_hears_of_a_scan() -> None:
    async with some_parts() as parts, opened_vitals(parts, is_watch=False) as vitals:
        heard: list[Scan] = []
        vitals.listeners.append(heard.append)
        vitals.scanned(SCAN)

    assert isinstance(vitals, Vitals)
    assert heard == [SCAN]
