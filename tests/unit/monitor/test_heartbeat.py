"""A dead man's switch is asked after scans with data, and after nothing else."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from fakes import FakeClock
from liqmon.monitor.heartbeat import Heartbeat
from liqmon.monitor.scanner import Scan
from liqmon.settings.hidden_url import HiddenUrl

UUID = "0f3c1a52-secret"
GOOD = Scan("bybit", asked=2, answered=1, took_s=0.1, interval_s=5.0)
EMPTY = Scan("bybit", asked=2, answered=0, took_s=0.1, interval_s=5.0)


class Enough(Exception):
    """The test has seen what it wants to see."""


@dataclass
class Clock(FakeClock):
    """A clock at whose sleeps something happens; when nothing is left, it ends."""

    then: list[Callable[[], None]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if not self.then:
            raise Enough
        self.then.pop(0)()


@dataclass
class Switch:
    """Whoever keeps the switch, over real HTTP."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.agents.append(request.headers["User-Agent"])
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    one = Switch()
    app = web.Application()
    app.router.add_get("/{anything:.*}", one.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    one.url = f"http://{host}:{port}/{UUID}"
    yield one
    await runner.cleanup()


def a_heartbeat(url: str, clock: FakeClock, told: list[str] | None = None) -> Heartbeat:
    return Heartbeat(
        HiddenUrl(url),
        clock=clock,
        interval_s=60.0,
        version="1",
        tell=(told if told is not None else []).append,
    )


async def run_until_enough(heartbeat: Heartbeat) -> None:
    with pytest.raises(Enough):
        await heartbeat.run()


async def test_a_scan_with_data_pings_and_then_none_for_a_while(
    switch: Switch,
) -> None:
    clock = Clock()
    heartbeat = a_heartbeat(switch.url, clock)
    heartbeat.scanned(GOOD)
    heartbeat.scanned(GOOD)

    await run_until_enough(heartbeat)

    assert switch.asked == [f"/{UUID}"]
    assert switch.agents == ["liqmon/1"]
    assert clock.slept == [60.0]


async def test_a_scan_without_data_pings_nobody(switch: Switch) -> None:
    heartbeat = a_heartbeat(switch.url, Clock())
    heartbeat.scanned(EMPTY)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await heartbeat.run()
    await heartbeat.finish(1.0)

    assert switch.asked == []


async def test_a_scan_from_before_the_pause_says_nothing_about_now(
    switch: Switch,
) -> None:
    clock = Clock()
    heartbeat = a_heartbeat(switch.url, clock)
    # the feed breaks down during the pause: this scan is the last one with data
    clock.then = [lambda: heartbeat.scanned(GOOD)]
    heartbeat.scanned(GOOD)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await heartbeat.run()

    assert len(switch.asked) == 1


async def test_trouble_is_told_once_and_so_is_its_end(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "liqmon")
    told: list[str] = []
    heartbeat = a_heartbeat(switch.url, FakeClock(), told)
    switch.statuses = [500, 503, 200, 200]
    for _ in range(4):
        heartbeat.scanned(GOOD)
        await heartbeat.finish(5.0)

    assert [record.getMessage() for record in caplog.records] == [
        "the heartbeat is not taken, will be tried again: the answer is 500",
        "the heartbeat is taken again",
    ]
    assert told == [
        "the heartbeat is not taken: the answer is 500",
        "the heartbeat is not taken: the answer is 503",
        "",
        "",
    ]


async def test_a_redirect_is_not_followed_with_the_secret(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    switch.statuses = [302]
    heartbeat = a_heartbeat(switch.url, FakeClock())
    heartbeat.scanned(GOOD)
    await heartbeat.finish(5.0)

    assert switch.asked == [f"/{UUID}"]
    assert "a redirect (302): set the final address" in caplog.text


async def test_no_fault_shows_the_address(caplog: pytest.LogCaptureFixture) -> None:
    async def nonsense(
        _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"this is not HTTP\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    told: list[str] = []
    async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for address in (f"http://127.0.0.1:{port}", "http://127.0.0.1:1"):
            heartbeat = a_heartbeat(f"{address}/{UUID}", FakeClock(), told)
            heartbeat.scanned(GOOD)
            await heartbeat.finish(5.0)

    assert [line.partition(": ")[2] for line in told] == [
        "no proper answer (ClientResponseError)",
        "cannot connect",
    ]
    assert UUID not in caplog.text + str(told)


async def test_whoever_does_not_answer_costs_no_more_than_is_left() -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        heartbeat = a_heartbeat(f"http://127.0.0.1:{port}/{UUID}", FakeClock(), told)
        heartbeat.scanned(GOOD)
        await heartbeat.finish(0.1)

    assert told == ["the heartbeat is not taken: no answer within 0.1 s"]
