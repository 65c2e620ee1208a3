"""A receiver that is no Discord: apprise's ``json://`` and ``ntfy://`` on loopback."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from loopback_discord import served

SECRET = "s3cr3t-of-a-receiver"  # noqa: S105 - of nobody


@dataclass
class Inbox:
    """What arrived at an address; ``statuses`` are the answers, then always 200."""

    root: str = ""
    statuses: list[int] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    @property
    def json_url(self) -> str:
        """The url of a service that knows no silent messages."""
        return f"json://user:{SECRET}@{self.root.removeprefix('http://')}/{SECRET}"

    @property
    def ntfy_url(self) -> str:
        """The url of one that does."""
        return f"ntfy://user:{SECRET}@{self.root.removeprefix('http://')}/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [str(message["title"]) for message in self.messages]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            message = json.loads(await request.text())
            priority = request.headers.get("X-Priority", "default")
            self.messages.append(message | {"priority": priority})
        return web.Response(status=status, text=f"at {request.url} {SECRET}")


@asynccontextmanager
async def an_inbox(*statuses: int) -> AsyncIterator[Inbox]:
    """Serve one until the block ends."""
    inbox = Inbox(statuses=list(statuses))
    routes = [web.post("/{tail:.*}", inbox.answer), web.put("/", inbox.answer)]
    async with served(routes) as root:
        inbox.root = root
        yield inbox
