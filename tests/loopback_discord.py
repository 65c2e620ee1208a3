"""The strict Discord behind real HTTP on loopback, and a real client for it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from fakes import FakeClock
from liqmon.clock import Clock
from liqmon.discord.client import DiscordClient
from liqmon.sim.discord import StrictDiscord
from liqmon.webhook import WebhookUrl

URL = f"https://discord.com{StrictDiscord.webhook_path}"
TOKEN = URL.rpartition("/")[2]


@dataclass
class Faults:
    """The ``script`` is used up one a request; ``always`` comes after its end."""

    script: list[str | None] = field(default_factory=list)
    always: str | None = None

    def next(self) -> str | None:
        return self.script.pop(0) if self.script else self.always


@dataclass
class Loopback:
    """A strict Discord, its address, and what goes wrong there."""

    discord: StrictDiscord
    root: str
    faults: Faults

    def client(self, clock: Clock, *, timeout_s: float = 5.0) -> DiscordClient:
        return DiscordClient(
            WebhookUrl(URL),
            timeout_s=timeout_s,
            base_url=self.root,
            version="0.1.0",
            clock=clock,
        )

    def contents(self) -> list[str]:
        """Return the first line of every message that was accepted, in order."""
        lines = (message.payload["content"] for message in self.discord.messages)
        return [str(line).partition("\n")[0] for line in lines]


@asynccontextmanager
async def loopback_discord(clock: FakeClock | None = None) -> AsyncIterator[Loopback]:
    """Serve it until the block ends."""
    faults = Faults()
    discord = StrictDiscord(clock=clock or FakeClock(), fault=faults.next)
    async with served(discord.routes()) as root:
        yield Loopback(discord, root, faults)


@asynccontextmanager
async def served(
    routes: list[web.RouteDef], tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve routes on a free port of this machine; yields the root address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        host, port = runner.addresses[0][:2]
        yield f"{'https' if tls else 'http'}://{host}:{port}"
    finally:
        await runner.cleanup()
