"""Ways to fail a client that any server has: silence, a reset, half an answer."""

import socket
import struct
from typing import Final

from aiohttp import web

from liqmon.clock import Clock

__all__ = ["ELSEWHERE", "elsewhere", "hang", "is_gone", "reset"]

ELSEWHERE: Final = "/elsewhere"
"""Where redirects point: nobody should ever arrive there."""

_POLL_S: Final = 0.05


def is_gone(request: web.Request) -> bool:
    """Say whether the other side has hung up."""
    return request.transport is None or request.transport.is_closing()


async def hang(request: web.Request, clock: Clock) -> web.StreamResponse:
    """Say nothing until the other side gives up."""
    while not is_gone(request):
        await clock.sleep(_POLL_S)
    return web.Response()


async def reset(request: web.Request, _clock: Clock) -> web.StreamResponse:
    """Close so that the other side sees a reset, not an end."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.transport.abort()
    return web.Response()


def elsewhere(request: web.Request) -> str:
    """Return an address on another host: another name for this same machine."""
    other = "127.0.0.1" if request.url.host == "localhost" else "localhost"
    return f"http://{other}:{request.url.port}{ELSEWHERE}"
