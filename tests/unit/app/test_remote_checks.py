"""What doctor is told by exchanges and webhooks, and how it ends in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fakes import FakeClock
from liqmon.app.checks import Area, Check, Grade
from liqmon.app.doctor import Patient, examined, within
from liqmon.app.local_checks import Terminal
from liqmon.app.remote_checks import clock_check, exchange_checks, webhook_checks
from liqmon.app.run import Run
from liqmon.clock import SystemClock
from liqmon.errors import ConfigError
from liqmon.settings.models import DiscordTable, NotifyTable, Settings
from liqmon.settings.receivers import ReceiverUrl
from liqmon.sim.generated import generated
from liqmon.sim.server import SimServer
from loopback import Bybit, json_reply, serving, text_reply
from loopback_discord import URL, served

MARKETS = generated(1)
CLOCK = SystemClock()


def a_run(base_url: str | None, *symbols: str, **watch: Any) -> Run:
    exchange = {"base_url": base_url, "timeout_s": 2.0} if base_url else {}
    settings = {"watch": watch, "exchange": exchange}
    return Run(Settings.model_validate(settings), symbols, None)


async def on(run: Run, exchange_id: str = "bybit") -> list[Check]:
    return [check async for check in exchange_checks(run, exchange_id, clock=CLOCK)]


def graded(checks: Sequence[Check]) -> list[tuple[str, str]]:
    return [(check.topic, check.grade.value) for check in checks]


@asynccontextmanager
async def a_sim() -> AsyncIterator[SimServer]:
    async with SimServer(markets=MARKETS, clock=FakeClock()) as sim:
        yield sim


@pytest.mark.parametrize(
    ("exchange_id", "words"),
    [
        ("bybit", "open interest of all markets at once; of liquidations it publishes"),
        (
            "binance",
            "open interest market by market; of liquidations it publishes a sa",
        ),
    ],
)
async def test_an_exchange_that_answers_is_asked_for_all_that_is_wanted(
    exchange_id: str, words: str
) -> None:
    async with a_sim() as sim:
        checks = await on(a_run(sim.base_url, "btc/usdt", top=3), exchange_id)

    name = "bybit" if exchange_id == "bybit" else "binanceusdm"
    assert graded(checks) == [
        (name, "ok"),
        ("clock", "ok"),
        (name, "ok"),
        ("symbols", "ok"),
        ("symbols", "ok"),
        ("candles", "ok"),
    ]
    assert words in checks[2].text
    assert "a linear perpetual" in checks[3].text
    assert checks[4].text.startswith("3 by rank: ")
    assert checks[5].text.startswith("BTCUSDT 1m from ")


async def test_a_wrong_name_does_not_keep_the_others_from_being_checked() -> None:
    async with a_sim() as sim:
        checks = await on(a_run(sim.base_url, "BTCUSTD", "ETHUSDT"))

    wrong, right, candles = checks[3:]
    assert (wrong.grade, wrong.area) == (Grade.FAIL, Area.SETUP)
    assert wrong.hint == "did you mean BTCUSDT?"
    assert (right.grade, candles.grade) == (Grade.OK, Grade.OK)


async def test_without_a_market_no_candles_are_asked_for() -> None:
    async with a_sim() as sim:
        checks = await on(a_run(sim.base_url))

    assert [check.topic for check in checks] == ["bybit", "clock", "bybit"]


async def test_markets_that_are_all_excluded_are_a_mistake() -> None:
    async with a_sim() as sim:
        run = a_run(sim.base_url, top=1, exclude=["ETH", "BTC", "SOL", "XRP"])
        checks = await on(run)

    assert (checks[3].topic, checks[3].grade) == ("symbols", Grade.FAIL)


async def test_nobody_at_the_address_is_told_with_what_to_look_at() -> None:
    (check,) = await on(a_run("http://127.0.0.1:9", "BTCUSDT"))

    assert (check.area, check.grade) == (Area.FEED, Grade.FAIL)
    assert check.text == "does not answer: cannot connect"
    assert "proxy" in check.hint


@pytest.mark.parametrize(
    ("status", "words"),
    [(451, "not available from this country"), (503, "unavailable (HTTP 503)")],
)
async def test_a_refusal_of_this_country_is_told_from_a_maintenance(
    status: int, words: str
) -> None:
    async with serving(Bybit(CLOCK.now_ms)) as server:
        server.always(Bybit.MARKETS, text_reply("<html>no</html>", status=status))
        (check,) = await on(a_run(server.url))

    assert check.grade is Grade.FAIL
    assert words in check.text
    assert ("try --exchange okx or hyperliquid" in check.hint) is (status == 451)


async def test_time_candles_and_tickers_that_fail_are_each_told() -> None:
    async with serving(Bybit(CLOCK.now_ms)) as server:
        server.always(Bybit.TIME, text_reply("oh no", status=500))
        server.always("/v5/market/tickers", json_reply({"retCode": 0, "result": {}}))
        checks = await on(a_run(server.url, "BTCUSDT", top=2))

    assert graded(checks) == [
        ("bybit", "ok"),
        ("clock", "fail"),
        ("bybit", "ok"),
        ("symbols", "ok"),
        ("symbols", "fail"),
        ("candles", "fail"),
    ]


@pytest.mark.parametrize(
    ("ahead_s", "grade", "words"),
    [
        (0.4, Grade.OK, "0.4 s ahead of okx"),
        (-1.9, Grade.OK, "1.9 s behind okx"),
        (-2.1, Grade.WARN, "2.1 s behind okx"),
        (90.0, Grade.WARN, "90.0 s ahead of okx"),
    ],
)
def test_a_clock_that_is_off_is_told_and_by_how_much(
    ahead_s: float, grade: Grade, words: str
) -> None:
    check = clock_check("okx", ahead_s, "told in 9 ms")

    assert check.grade is grade
    assert words in check.text
    assert ("timedatectl" in check.hint) is (grade is Grade.WARN)


async def test_a_market_that_is_not_traded_any_more_is_told() -> None:
    venue = Bybit(CLOCK.now_ms, ("BTC",))
    closed = {
        "symbol": "BTCUSDT",
        "contractType": "LinearPerpetual",
        "status": "Closed",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
    }
    async with serving(venue) as server:
        server.always(Bybit.MARKETS, Bybit.ok({"category": "linear", "list": [closed]}))
        checks = await on(a_run(server.url, "BTCUSDT"))

    assert (checks[-1].topic, checks[-1].grade) == ("symbols", Grade.FAIL)
    assert "not traded any more" in checks[-1].text
    assert "delisted" in checks[-1].hint


@pytest.mark.parametrize(
    ("exchange_id", "words"),
    [("bybitt", "no exchange is called"), ("kraken", "offers no perpetual swaps")],
)
async def test_an_exchange_that_is_none_is_a_mistake_in_the_set_up(
    exchange_id: str, words: str
) -> None:
    (check,) = await on(a_run("http://127.0.0.1:9"), exchange_id)

    assert (check.area, check.grade) == (Area.SETUP, Grade.FAIL)
    assert words in check.text
    assert check.hint


async def looked(answer: web.Response | None, **discord: Any) -> list[Check]:
    async def answered(_: web.Request) -> web.Response:
        assert answer is not None
        return answer

    path = "/api/v10/webhooks/{id}/{token}"
    async with served([web.get(path, answered)]) as root:
        table = Settings.model_validate({"discord": {"base_url": root, **discord}})
        return [check async for check in webhook_checks(table.discord, clock=CLOCK)]


async def test_a_webhook_is_looked_at_and_nothing_is_posted() -> None:
    known = web.json_response({"name": "alerts", "channel_id": "42"})

    (check,) = await looked(known, webhook_url=URL)

    assert check.grade is Grade.OK
    assert check.text.startswith("alerts in channel 42, answered in ")


@pytest.mark.parametrize(
    ("status", "body", "grade", "words"),
    [
        (404, {"code": 10015, "message": "Unknown Webhook"}, "fail", "does not exist"),
        (401, {"code": 50027, "message": "Invalid Token"}, "fail", "does not exist"),
        (403, None, "warn", "Cloudflare"),
        (500, None, "fail", "Discord is failing"),
    ],
)
async def test_what_discord_says_against_a_webhook_is_explained(
    status: int, body: dict[str, Any] | None, grade: str, words: str
) -> None:
    answer = (
        web.Response(status=status, text="error code: 1015")
        if body is None
        else web.json_response(body, status=status)
    )

    (check,) = await looked(answer, webhook_url=URL)

    assert (check.area, check.grade.value) == (Area.DELIVERY, grade)
    assert words in check.text
    assert check.hint
    assert URL[-20:] not in str(check)


async def test_no_webhook_at_all_is_worth_a_look() -> None:
    (check,) = await looked(None)

    assert check.grade is Grade.WARN
    assert "liqmon init" in check.hint


async def test_another_receiver_is_understood_and_sent_nothing() -> None:
    tables = [
        NotifyTable(name="phone", url=ReceiverUrl("json://127.0.0.1:1/x")),
        NotifyTable(name="odd", url=ReceiverUrl("nosuch://127.0.0.1:1/x")),
        NotifyTable(name="off", url=ReceiverUrl("nosuch://x"), mode="off"),
    ]
    checks = webhook_checks(DiscordTable(), clock=CLOCK, receivers=tables)

    phone, odd = [check async for check in checks]

    assert (phone.topic, phone.grade) == ("notify phone", Grade.OK)
    assert "test-webhook --route phone" in phone.hint
    assert (odd.topic, odd.grade, odd.area) == ("notify odd", Grade.FAIL, Area.SETUP)
    assert "apprise does not understand its nosuch:// url" in odd.text


async def test_the_webhook_of_each_route_is_looked_at_once() -> None:
    other = URL.replace("/1", "/2", 1)
    routes = [
        {"name": "high", "webhook_url": other, "severity": ["high"]},
        {"name": "low", "severity": ["low"]},
    ]
    known = {"name": "alerts", "channel_id": "42"}

    async def answered(_: web.Request) -> web.Response:
        return web.json_response(known)

    path = "/api/v10/webhooks/{id}/{token}"
    async with served([web.get(path, answered)]) as root:
        discord = {"base_url": root, "webhook_url": URL, "routes": routes}
        table = Settings.model_validate({"discord": discord}).discord
        checks = [check async for check in webhook_checks(table, clock=CLOCK)]

    assert [check.topic for check in checks] == ["route high", "webhook"]


async def test_checks_that_do_not_end_are_cut_off_and_the_rest_is_kept() -> None:
    made = Check(Area.FEED, "bybit", Grade.OK, "answers")

    async def endless() -> AsyncIterator[Check]:
        yield made
        await asyncio.Event().wait()

    first, last = await within(0.02, "bybit", endless())

    assert first is made
    assert (last.area, last.grade) == (Area.FEED, Grade.FAIL)
    assert "did not end" in last.text


async def test_one_check_that_fails_stops_no_other(tmp_path: Path) -> None:
    run = a_run("http://127.0.0.1:9", "BTCUSDT")
    told: list[Check] = []
    found = ConfigError("liqmon.toml: 1 problem\n  --> line 3", hint="put it right")

    await examined(
        Patient(found, run, tmp_path / "state", Terminal(0, "", {})),
        clock=CLOCK,
        tell=told.append,
    )

    assert [check.topic for check in told] == [
        "versions",
        "extras",
        "settings",
        "settings",
        "state",
        "disk",
        "terminal",
        "bybit",
        "webhook",
    ]
