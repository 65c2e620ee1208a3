"""A Discord that answers over real HTTP what a test wants, then that all is well."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fakes import FakeClock
from liqmon.clock import Clock
from liqmon.discord.client import DiscordClient
from liqmon.webhook import WebhookUrl
from loopback_discord import URL, served


@dataclass(frozen=True)
class Canned:
    """An answer: ``body`` is sent as JSON unless it is a text."""

    status: int
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        if isinstance(self.body, str):
            return web.Response(
                status=self.status, text=self.body, headers=self.headers
            )
        return web.json_response(self.body, status=self.status, headers=self.headers)


@dataclass(frozen=True)
class Asked:
    """One request as it came in; ``files`` counts what was attached."""

    method: str
    target: str
    body: Mapping[str, Any]
    at_s: float
    files: int = 0


@dataclass
class CannedDiscord:
    """Uses up its ``script``, one answer a request."""

    clock: FakeClock
    script: list[Canned] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    root: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body, files = await _read(request)
        target = request.path.rpartition("/messages/")[2] if _edits(request) else ""
        now_s = self.clock.monotonic()
        self.asked.append(Asked(request.method, target, body, now_s, files))
        if self.script:
            return self.script.pop(0).response()
        return web.json_response({"id": str(1_000 + len(self.asked))})

    def client(self, clock: Clock) -> DiscordClient:
        return DiscordClient(
            WebhookUrl(URL), base_url=self.root, version="0.1.0", clock=clock
        )

    def times(self) -> list[float]:
        return [asked.at_s for asked in self.asked]

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def texts(self) -> list[str]:
        return [str(asked.body) for asked in self.asked]


@asynccontextmanager
async def canned_discord(
    clock: FakeClock, *script: Canned
) -> AsyncIterator[CannedDiscord]:
    """Serve it until the block ends."""
    discord = CannedDiscord(clock, list(script))
    async with served([web.route("*", "/{path:.*}", discord.answer)]) as discord.root:
        yield discord


def _edits(request: web.Request) -> bool:
    return "/messages/" in request.path


async def _read(request: web.Request) -> tuple[dict[str, Any], int]:
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (json.loads(text) if text else {}), 0
    parts: dict[str, Any] = dict(await request.post())
    return json.loads(parts.pop("payload_json")), len(parts)
