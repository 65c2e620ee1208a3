"""Serves the figures of a run: ``/metrics`` to Prometheus, ``/healthz`` to a probe."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from aiohttp import web

from liqmon.errors import ConfigError

__all__ = ["Health", "Page", "serving"]

Page: TypeAlias = Callable[[str], tuple[bytes, str]]
"""The figures and their content type, for an Accept header."""

Health: TypeAlias = Callable[[], tuple[bool, str]]
"""Whether data arrive, and a sentence that says so."""

_ADDRESS: Final = re.compile(r"(?:(?P<host>.*):)?(?P<port>\d+)")
_LOOPBACK: Final = "127.0.0.1"
_GOODBYE_S: Final = 1.0
"""How long the end of a run waits for a scrape that is under way."""


@asynccontextmanager
async def serving(listen: str, *, page: Page, health: Health) -> AsyncIterator[None]:
    """Serve at ``host:port`` until the block ends; a port alone is this machine's only.

    Raises:
        ConfigError: nobody may listen there, or somebody does already.
    """

    async def metrics(request: web.Request) -> web.Response:
        # in a thread: hundreds of markets take a while to print
        accept = request.headers.get("Accept", "")
        body, content_type = await asyncio.to_thread(page, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthz(_request: web.Request) -> web.Response:
        is_good, told = health()
        return web.Response(status=200 if is_good else 503, text=f"{told}\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_S)
    await runner.setup()
    try:
        await _listen(runner, listen)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, listen: str) -> None:
    match = _ADDRESS.fullmatch(listen)
    if match is None:
        raise ConfigError(f"metrics: {listen!r} is no address to listen at")
    host = (match["host"] or _LOOPBACK).strip("[]")
    try:
        await web.TCPSite(runner, host, int(match["port"])).start()
    except (socket.gaierror, UnicodeError):
        # the latter is what Python makes of a name that cannot be one
        fault = "no such host"
    except OSError as error:
        # asyncio's own words repeat the address in Python's notation
        fault = os.strerror(error.errno or 0)
    else:
        return
    raise ConfigError(
        f"cannot serve metrics at {host}:{match['port']}: {fault.lower()}",
        hint="name another address with --metrics or metrics.listen",
    )
