"""The ways in which Discord, or what stands in front of it, fails to answer.

A fault either replaces the answer (``BEFORE``), so that nothing is stored, or spoils it
after the message was stored (``AFTER``), so that the sender cannot know.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from liqmon.clock import Clock
from liqmon.sim.breaking import elsewhere, hang, reset
from liqmon.sim.discord_rates import retry_body, retry_header

__all__ = ["AFTER", "BEFORE", "FAULTS", "VIA", "api_answer"]

Answer: TypeAlias = Callable[[web.Request, Clock], Awaitable[web.StreamResponse]]

VIA: Final = {"Via": "1.1 google"}
"""On every answer of the API itself, and on none of Cloudflare's: that is how
discord.py tells them apart (in its ``discord/http.py``)."""

_RETRY_AFTER_S: Final = 1.337

# Cloudflare's page for an origin that does not answer; nothing of it is JSON.
_CLOUDFLARE_502: Final = """<!DOCTYPE html>
<html lang="en-US"><head><title>discord.com | 502: Bad gateway</title></head>
<body><h1>Bad gateway</h1><span>Error code 502</span> cloudflare</body></html>
"""

# https://github.com/discord/discord-api-docs/issues/5810: no retry_after, no headers
_EDGE_429: Final = {
    "message": "You are being blocked from accessing our API temporarily due to "
    "exceeding our rate limits frequently. Please read our docs at "
    "https://discord.com/developers/docs/topics/rate-limits to prevent this moving "
    "forward.",
    "code": 0,
}


def api_answer(
    status: int, body: object, headers: dict[str, str] | None = None
) -> web.Response:
    """Return an answer as Discord's API gives it."""
    return web.json_response(body, status=status, headers=VIA | (headers or {}))


def _canned(status: int, body: object) -> Answer:
    async def answer(_request: web.Request, _clock: Clock) -> web.StreamResponse:
        return api_answer(status, body)

    return answer


async def _cloudflare_502(_request: web.Request, _clock: Clock) -> web.StreamResponse:
    return web.Response(status=502, text=_CLOUDFLARE_502, content_type="text/html")


async def _cloudflare_403(_request: web.Request, _clock: Clock) -> web.StreamResponse:
    # https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/
    return web.Response(status=403, text="error code: 1020")


async def _too_many(request: web.Request, _clock: Clock) -> web.StreamResponse:
    version = int(request.match_info.get("version", "6"))
    body = retry_body(_RETRY_AFTER_S, shared=False, version=version)
    return api_answer(
        429,
        body,
        {
            "Retry-After": retry_header(_RETRY_AFTER_S, version=version),
            "X-RateLimit-Scope": "user",
        },
    )


async def _edge_429(_request: web.Request, _clock: Clock) -> web.StreamResponse:
    return web.json_response(_EDGE_429, status=429)


async def _redirect(request: web.Request, _clock: Clock) -> web.StreamResponse:
    return web.Response(status=307, headers=VIA | {"Location": elsewhere(request)})


async def _no_content(_request: web.Request, _clock: Clock) -> web.StreamResponse:
    return web.Response(status=204, headers=VIA)


async def _html_200(_request: web.Request, _clock: Clock) -> web.StreamResponse:
    return web.Response(text="<html><body>OK</body></html>", content_type="text/html")


async def _truncated(request: web.Request, _clock: Clock) -> web.StreamResponse:
    """Promise more than is sent, then close."""
    response = web.StreamResponse(headers=VIA)
    response.content_type = "application/json"
    response.content_length = 1_000
    await response.prepare(request)
    await response.write(b'{"id": "1')
    if request.transport is not None:
        request.transport.close()
    return response


BEFORE: Final[dict[str, Answer]] = {
    "discord-500": _canned(500, {"message": "500: Internal Server Error", "code": 0}),
    "discord-502": _cloudflare_502,
    "discord-429": _too_many,
    "discord-429-edge": _edge_429,
    "discord-404": _canned(404, {"message": "Unknown Webhook", "code": 10015}),
    "discord-401": _canned(401, {"message": "Invalid Webhook Token", "code": 50027}),
    "discord-403": _cloudflare_403,
    "discord-400": _canned(
        400,
        {
            "message": "Invalid Form Body",
            "code": 50035,
            "errors": {
                "embeds": {
                    "0": {
                        "description": {
                            "_errors": [
                                {
                                    "code": "BASE_TYPE_MAX_LENGTH",
                                    "message": "Must be 4096 or fewer in length.",
                                }
                            ]
                        }
                    }
                }
            },
        },
    ),
    "discord-hang": hang,
    "discord-reset": reset,
    "discord-redirect": _redirect,
}

AFTER: Final[dict[str, Answer]] = {
    "discord-lost": reset,
    "discord-204": _no_content,
    "discord-html-200": _html_200,
    "discord-truncated": _truncated,
}

FAULTS: Final = frozenset(BEFORE) | frozenset(AFTER)
"""Every fault that can be asked for, by name."""
