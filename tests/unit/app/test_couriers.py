"""One courier for each webhook, and what goes to which of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from couriers import told
from factories import ETH, a_finding
from liqmon.app.album import Album
from liqmon.app.couriers import Couriers, opened_couriers
from liqmon.app.run import Run, empty_board
from liqmon.clock import SystemClock
from liqmon.core.model import Finding, Phase, Severity
from liqmon.errors import ConfigError
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.manners import Hushes, hushes_nothing
from liqmon.monitor.reports import ReportBox, silence_report
from liqmon.settings.models import Settings
from liqmon.store.database import Store
from loopback_discord import served
from receivers import an_inbox

CLOCK = SystemClock()
BTC = a_finding(episode="btc", severity=Severity.HIGH)
LOW = a_finding(episode="low", market=ETH, severity=Severity.LOW)


def url(number: int, query: str = "") -> str:
    token = str(number) * 68
    return f"https://discord.com/api/webhooks/{'1' * 17}{number}/{token}{query}"


def a_route(name: str, number: int | None, **how: Any) -> dict[str, Any]:
    return {"name": name} | ({"webhook_url": url(number)} if number else {}) | how


@dataclass
class Opened:
    couriers: Couriers
    store: Store
    bulletin: Bulletin
    asked: list[tuple[str, str, dict[str, Any]]]

    async def put(self, *entries: Any) -> None:
        for entry in entries:
            await self.store.enqueue(entry, now_ms=CLOCK.now_ms())

    def webhooks(self) -> list[str]:
        """Return the last digit of each webhook that was posted to, and its thread."""
        return [f"{webhook[-1]}{thread}" for webhook, thread, _ in self.asked]


@asynccontextmanager
async def opened(
    default: int | None,
    *routes: dict[str, Any],
    store: Store | None = None,
    notify: Sequence[dict[str, Any]] = (),
    hushes: Hushes = hushes_nothing,
    **how: Any,
) -> AsyncIterator[Opened]:
    asked: list[tuple[str, str, dict[str, Any]]] = []

    async def answer(request: web.Request) -> web.Response:
        webhook, thread = request.match_info["id"], request.query.get("thread_id", "")
        asked.append((webhook, thread and f"#{thread[-1]}", await request.json()))
        return web.json_response({"id": str(len(asked))})

    path = "/api/v10/webhooks/{id}/{token}"
    kept = store or await Store.in_memory()
    async with served([web.post(path, answer)]) as root, AsyncExitStack() as stack:
        discord = {"base_url": root, "routes": list(routes), "group_wait_s": 0}
        if default:
            discord["webhook_url"] = url(default)
        tables = {"discord": discord, "notify": list(notify)}
        run = Run(Settings.model_validate(tables), ("BTCUSDT",), None, **how)
        bulletin = Bulletin(CLOCK, empty_board(run, CLOCK))
        couriers = await opened_couriers(
            run,
            stack,
            store=kept,
            clock=CLOCK,
            bulletin=bulletin,
            pictures=Album().picture,
            hushes=hushes,
        )
        yield Opened(couriers, kept, bulletin, asked)
    await kept.close()


async def test_without_routes_there_is_one_courier_for_the_one_webhook() -> None:
    async with opened(1) as it:
        assert list(it.couriers.work) == ["courier"]
        assert it.couriers.routes_of(BTC) == ("",)
        await it.put(told(BTC))

        assert await it.couriers.drain(deadline_s=5) == 0
        assert it.webhooks() == ["1"]


async def test_each_webhook_has_a_courier_and_gets_what_its_route_asks_for() -> None:
    routes = [
        a_route("high", 2, severity=["high"], mention_role="123456789012345678"),
        a_route("eth", 3, symbols=["ETHUSDT"], mode="silent"),
    ]
    async with opened(1, *routes) as it:
        assert len(it.couriers.work) == 3
        await it.put(*[told(BTC, route=r) for r in it.couriers.routes_of(BTC)])
        await it.put(*[told(LOW, route=r) for r in it.couriers.routes_of(LOW)])

        assert await it.couriers.drain(deadline_s=5) == 0
        bodies = {webhook[-1]: body for webhook, _, body in it.asked}
        assert sorted(bodies) == ["2", "3"]
        assert bodies["2"]["content"].startswith("<@&123456789012345678>")
        assert bodies["2"]["allowed_mentions"]["roles"] == ["123456789012345678"]
        assert "flags" not in bodies["2"]
        assert bodies["3"]["flags"] == 4096


async def test_what_no_route_wants_goes_to_the_default_or_nowhere() -> None:
    route = a_route("high", 2, severity=["high"])
    async with opened(1, route) as it:
        assert it.couriers.routes_of(LOW) == ("",)
    async with opened(None, route) as it:
        assert it.couriers.routes_of(LOW) == ()


async def test_two_routes_of_one_webhook_share_a_courier_and_tell_nothing_twice() -> (
    None
):
    routes = [a_route("high", 2, severity=["high"]), a_route("btc", 2, symbols=["BTC"])]
    async with opened(1, *routes) as it:
        assert len(it.couriers.work) == 2
        finding = replace(BTC, market=replace(BTC.market, symbol="BTC"))
        assert it.couriers.routes_of(finding) == ("high",)


async def test_a_route_without_a_webhook_posts_to_that_of_discord() -> None:
    async with opened(1, a_route("high", None, severity=["high"])) as it:
        assert list(it.couriers.work) == ["courier"]
        await it.put(told(BTC, route="high"))
        await it.couriers.drain(deadline_s=5)

        assert it.webhooks() == ["1"]


async def test_one_webhook_can_post_into_two_threads() -> None:
    threads = [
        {"name": name, "severity": [name], "webhook_url": url(2, f"?thread_id={id_}")}
        for name, id_ in (("high", "1" * 18), ("low", "1" * 17 + "2"))
    ]
    async with opened(None, *threads) as it:
        assert list(it.couriers.work) == ["courier"]
        await it.put(told(BTC, route="high"), told(LOW, route="low"))
        await it.couriers.drain(deadline_s=5)

        assert sorted(it.webhooks()) == ["2#1", "2#2"]


async def test_f09_what_waits_for_a_route_that_is_no_more_has_an_heir(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path)
    await store.enqueue(told(BTC, route="gone"), now_ms=CLOCK.now_ms())
    async with opened(1, a_route("high", 2, severity=["high"]), store=store) as it:
        assert await it.couriers.drain(deadline_s=5) == 0

        assert it.webhooks() == ["1"]


async def test_f09_a_route_keeps_its_rows_when_its_url_changes(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.enqueue(told(BTC, route="high"), now_ms=CLOCK.now_ms())
    async with opened(1, a_route("high", 3, severity=["high"]), store=store) as it:
        await it.couriers.drain(deadline_s=5)

        assert it.webhooks() == ["3"]


async def test_a_route_that_is_off_gets_nothing_and_gives_nothing_away() -> None:
    async with opened(1, a_route("high", 2, severity=["high"], mode="off")) as it:
        assert it.couriers.routes_of(BTC) == ()
        await it.put(told(BTC, route="high"))

        assert await it.couriers.drain(deadline_s=5) == 0
        assert it.asked == []


async def test_a_dry_run_and_no_webhook_send_nothing_and_owe_nothing() -> None:
    for default, dry_run in ((1, True), (None, False)):
        async with opened(default, dry_run=dry_run) as it:
            await it.put(told(BTC))

            assert await it.couriers.drain(deadline_s=5) == 0
            assert it.asked == []


async def test_the_board_shows_all_that_waits_and_the_webhook_that_is_worst_off() -> (
    None
):
    async with opened(1, a_route("high", 2, severity=["high"])) as it:
        await it.put(told(BTC, route="high"), told(LOW))
        it.couriers.wake()
        await it.couriers.drain(deadline_s=5)

        assert it.bulletin.snapshot.receiver.configured
        assert it.bulletin.snapshot.receiver.pending == 0


async def test_what_the_disk_did_not_take_goes_to_the_courier_of_its_route() -> None:
    async with opened(1, a_route("high", 2, severity=["high"])) as it:
        it.couriers.send_undurable([told(BTC, route="high"), told(LOW)])
        await it.couriers.drain(deadline_s=5)

        assert sorted(it.webhooks()) == ["1", "2"]


async def test_reports_go_to_the_routes_that_care_for_health() -> None:
    async with opened(1, a_route("ops", 2, health=True)) as it:
        box = ReportBox(it.store, ["ops"])
        report = silence_report(since_ms=1, until_ms=None, reason="x")
        assert await box.enqueue(report, now_ms=CLOCK.now_ms())
        assert not await box.enqueue(report, now_ms=CLOCK.now_ms())
        await it.couriers.drain(deadline_s=5)

        assert it.webhooks() == ["2"]
        assert it.couriers.routes_of(BTC) == ("",)


@pytest.mark.parametrize(("mode", "flags"), [("on", None), ("silent", 4096)])
async def test_a_report_is_as_loud_as_its_route(mode: str, flags: int | None) -> None:
    async with opened(1, a_route("ops", 2, health=True, mode=mode)) as it:
        report = silence_report(since_ms=1, until_ms=None, reason="x", route="ops")
        await it.put(report)
        await it.couriers.drain(deadline_s=5)

        assert it.asked[0][2].get("flags") == flags


async def test_a_finding_adopted_by_another_route_keeps_its_manners() -> None:
    end = replace(BTC, phase=Phase.END, ended_ms=BTC.decided_ms)
    async with opened(1, a_route("eth", 2, symbols=["ETHUSDT"])) as it:
        await it.put(told(end, route="eth"))
        await it.couriers.drain(deadline_s=5)

        assert it.asked[0][2]["flags"] == 4096


def a_receiver(url: str, name: str = "phone", **how: Any) -> dict[str, Any]:
    return {"name": name, "url": url} | how


async def test_a_finding_goes_to_discord_and_to_the_other_receivers_that_want_it() -> (
    None
):
    async with an_inbox() as inbox:
        phone = a_receiver(inbox.json_url, severity=["high"])
        async with opened(1, notify=[phone]) as it:
            assert list(it.couriers.work) == ["courier", "courier of phone"]
            assert it.couriers.routes_of(BTC) == ("", "phone")
            assert it.couriers.routes_of(LOW) == ("",)
            await it.put(*[told(BTC, route=r) for r in it.couriers.routes_of(BTC)])

            assert await it.couriers.drain(deadline_s=5) == 0
            assert it.webhooks() == ["1"]
            assert "BTCUSDT long liquidations HIGH" in inbox.titles[0]


async def test_a_receiver_that_is_down_holds_nobody_up() -> None:
    async with an_inbox() as inbox:
        gone = a_receiver(inbox.json_url)
    async with opened(1, notify=[gone]) as it:
        await it.put(told(BTC), told(BTC, route="phone"))
        assert await it.couriers.drain(deadline_s=0.5) == 1

        assert it.webhooks() == ["1"]
        assert it.bulletin.snapshot.receiver.pending == 1


async def test_with_no_webhook_another_receiver_inherits_what_waits() -> None:
    async with an_inbox() as inbox:
        async with opened(None, notify=[a_receiver(inbox.json_url)]) as it:
            assert list(it.couriers.work) == ["courier of phone"]
            assert it.couriers.routes_of(BTC) == ("phone",)
        store = await Store.in_memory()
        await store.enqueue(told(BTC), now_ms=CLOCK.now_ms())
        async with opened(None, notify=[a_receiver(inbox.json_url)], store=store) as it:
            assert await it.couriers.drain(deadline_s=5) == 0

        assert len(inbox.titles) == 1


async def test_a_service_that_cannot_be_silent_gets_nothing_in_quiet_hours() -> None:
    night = {"quiet_hours": "00:00-23:59"}
    async with an_inbox() as inbox:
        loud = a_receiver(inbox.json_url, **night)
        soft = a_receiver(inbox.ntfy_url, "soft", **night)
        async with opened(1, notify=[loud, soft]) as it:
            assert it.couriers.routes_of(BTC) == ("", "soft")
            await it.put(told(BTC, route="soft"))
            await it.couriers.drain(deadline_s=5)

        assert [message["priority"] for message in inbox.messages] == ["low"]


async def test_a_service_that_cannot_be_silent_gets_nothing_of_what_is_muted() -> None:
    critical = replace(BTC, severity=Severity.CRITICAL)
    async with an_inbox() as inbox:
        loud = a_receiver(inbox.json_url)
        soft = a_receiver(inbox.ntfy_url, "soft")

        def hushes(finding: Finding, _now_ms: int) -> bool:
            return finding is BTC

        async with opened(1, notify=[loud, soft], hushes=hushes) as it:
            assert it.couriers.routes_of(BTC) == ("", "soft")
            assert it.couriers.routes_of(critical) == ("", "phone", "soft")


async def test_silence_that_cannot_be_had_is_an_error() -> None:
    silent = a_receiver("json://127.0.0.1", mode="silent")
    with pytest.raises(ConfigError, match="JSON knows no silent messages") as caught:
        async with opened(1, notify=[silent]):
            pass

    assert "severity" in caught.value.hint


async def test_off_and_a_dry_run_send_nothing_to_other_receivers_either() -> None:
    async with an_inbox() as inbox:
        for how in ({"mode": "off"}, {}):
            phone = a_receiver(inbox.json_url, **how)
            async with opened(1, notify=[phone], dry_run=not how) as it:
                await it.put(told(BTC, route="phone"))
                assert await it.couriers.drain(deadline_s=5) == 0

        assert inbox.asked == 0


async def test_a_receiver_that_cares_for_health_gets_the_report_as_text() -> None:
    async with an_inbox() as inbox:
        ops = a_receiver(inbox.json_url, "ops", health=True)
        async with opened(1, notify=[ops]) as it:
            report = silence_report(since_ms=1, until_ms=None, reason="x", route="ops")
            await it.put(report)
            await it.couriers.drain(deadline_s=5)

        assert inbox.titles == ["🔵 No market data. Nothing can be judged."]
