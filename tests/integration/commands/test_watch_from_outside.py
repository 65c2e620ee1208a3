"""``liqmon watch`` when something comes from outside: signals, a reader that leaves."""

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable

from aiohttp import web

from liqmon.clock import SystemClock
from liqmon.sim.discord import StrictDiscord
from loopback_discord import served
from processes import PATIENCE_S, Shell
from stages import CALM_MS, FALLEN_AGAIN_MS, FALLEN_MS, a_stage

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SlowDiscord:
    """A strict Discord that takes a message at once and answers when it may."""

    def __init__(self) -> None:
        self.discord = StrictDiscord(clock=SystemClock(), fault=lambda: None)
        self.may_answer = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route(route.method, route.path, self._held(route.handler))
            for route in self.discord.routes()
        ]

    def _held(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = await endpoint(request)
            async with asyncio.timeout(PATIENCE_S):
                await self.may_answer.wait()
            return response

        return answer


async def test_a_reader_that_has_seen_enough_ends_it_quietly(shell: Shell) -> None:
    read, write = os.pipe()
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch", "BTCUSDT", stdout=write) as running:
            os.close(write)
            await running.until(stage.arrived)
            first = os.read(read, 4096)
            os.close(read)
            ended = await running.ended()

    assert b"BTCUSDT" in first
    assert (ended.code, ended.err) == (0, "")


async def test_p01_sigterm_waits_for_the_post_under_way_and_commits(
    shell: Shell,
) -> None:
    slow = SlowDiscord()
    async with a_stage(FALLEN_MS) as stage, served(slow.routes()) as root:
        shell = shell.given(stage.environ, LIQMON_DISCORD__BASE_URL=root)
        async with shell.liqmon("watch", "BTCUSDT", "--json") as running:
            await running.until(lambda: slow.discord.messages)
            running.process.terminate()
            await SystemClock().sleep(0.3)
            assert running.process.returncode is None
            slow.may_answer.set()
            ended = await running.ended()

    assert (ended.code, ended.err) == (143, "")
    assert len(slow.discord.messages) == 2
    assert ended.events()[-1]["delivered"] == 2
    rows = await shell.finished("outbox", "list", "--state", "sent")
    assert rows.out.count("sent") == 2


async def test_p01_what_was_judged_before_sigterm_is_not_told_again(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("watch", "BTCUSDT", "--json") as running:
            await running.says('"status":"sent"', times=2)
            running.process.terminate()
            assert (await running.ended()).code == 143
        async with shell.liqmon("watch", "BTCUSDT", "--json") as again:
            stage.skip_to(FALLEN_AGAIN_MS)
            await again.says('"phase":"onset"')
            await again.says('"status":"sent"')
            again.process.send_signal(signal.SIGINT)
            ended = await again.ended()

    assert ended.code == 0
    # the first episode ended while nobody watched, and is told to have ended
    phases = [event["phase"] for event in ended.events("finding")]
    assert phases[:2] == ["end", "onset"]
    first, second = (event["episode"] for event in ended.events("finding")[:2])
    assert first != second


async def test_p02_a_second_ctrl_c_does_not_wait_for_discord(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "discord-hang") as stage:
        shell = shell.given(stage.environ, LIQMON_DISCORD__TIMEOUT_S="60")
        async with shell.liqmon("check", "BTCUSDT", "--deadline", "1h") as running:
            await running.until(stage.posts)
            # a signal that comes while another is taken in is the same one
            for _ in range(2):
                running.process.send_signal(signal.SIGINT)
                await SystemClock().sleep(0.2)
            ended = await running.ended()

    assert ended.code == 130
    assert "Traceback" not in ended.err
    rows = await shell.finished("outbox", "list")
    assert rows.out.count("pending") == 2


# SIGHUP


async def test_f08_a_broken_edit_is_refused_and_a_good_one_taken(shell: Shell) -> None:
    file = shell.home / "liqmon.toml"
    file.write_text('[watch]\nsymbols = ["BTCUSDT"]\n[detector]\nthreshold = 100\n')
    async with a_stage(CALM_MS) as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch") as running:
            await running.says("1 market: 1 ok")

            file.write_text("[detector]\ntreshold = 12\n")
            running.process.send_signal(signal.SIGHUP)
            await running.complains("settings not reloaded, the old ones stay")
            assert "did you mean `threshold`?" in running.err
            await running.says(
                "settings not reloaded: liqmon.toml:2 detector.treshold: unknown key"
            )
            stage.skip_to(FALLEN_MS)
            await running.says("nearest BTCUSDT 2", times=1)
            assert "liquidations" not in running.out

            # nothing is wrong with it but that there is no such market
            file.write_text('[watch]\nsymbols = ["BTCUSTD"]\n')
            running.process.send_signal(signal.SIGHUP)
            await running.complains("settings not taken, the old ones are back")
            assert "'BTCUSTD' is no perpetual on bybit" in running.err
            await running.says("'BTCUSTD' is no perpetual on bybit")

            both = '[watch]\nsymbols = ["BTCUSDT", "ETHUSDT"]\n'
            file.write_text(f"{both}[detector]\nthreshold = 12\n")
            running.process.send_signal(signal.SIGHUP)
            await running.says("2 markets: 2 ok")
            stage.skip_to(FALLEN_AGAIN_MS)
            await running.says("rise to HIGH")
            await running.says("delivered", times=2)
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

    assert ended.code == 0
    assert re.search(r" (\d+) raised.* \1 delivered, 0 undelivered$", ended.out.strip())


async def test_f08_a_reload_does_not_tell_twice(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch", "BTCUSDT") as running:
            await running.says("delivered", times=2)
            (shell.home / "liqmon.toml").write_text("[health]\nstale_after_s = 600\n")
            asked = len(stage.server.requests)
            running.process.send_signal(signal.SIGHUP)
            await running.until(lambda: len(stage.server.requests) > asked + 5)
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

        assert stage.posts() == 2
    assert "2 raised" in ended.out
