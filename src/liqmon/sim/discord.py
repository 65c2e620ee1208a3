"""A Discord for one webhook, on loopback, as strict as its documentation.

It answers what Discord answers: the limits of ``discord_limits``, the rates of
``discord_rates``, the failures of ``discord_faults``. Whatever reaches it is kept, so
that a demonstration or a test can say what was asked and what was accepted.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeAlias

from aiohttp import hdrs, web

from liqmon.clock import Clock
from liqmon.sim.breaking import ELSEWHERE
from liqmon.sim.discord_body import (
    BAD_TOKEN,
    BAD_VERSION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Refused,
    read_body,
)
from liqmon.sim.discord_faults import AFTER, BEFORE, VIA, api_answer
from liqmon.sim.discord_files import File, files_after
from liqmon.sim.discord_limits import Json, Rules, utf16_units
from liqmon.sim.discord_rates import (
    ChannelWindow,
    WebhookBucket,
    retry_body,
    retry_header,
)

__all__ = ["Message", "Request", "StrictDiscord"]

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Fixed, so that they can stand in documentation; both are made up.
_WEBHOOK_ID: Final = "100000000000000001"
_TOKEN: Final = "liqmon-sim-" + "0123456789abcdefghijklmnopqrstuvwxyz-" + "A" * 20
_CHANNEL_ID: Final = "100000000000000002"
_GUILD_ID: Final = "100000000000000003"

# 6 to 10; a URL without a version is served as 6:
# https://discord.com/developers/docs/reference#api-versioning
_VERSIONS: Final = range(6, 11)

# https://discord.com/developers/docs/reference#snowflakes
_DISCORD_EPOCH_MS: Final = 1_420_070_400_000

# Whoever sends a library's default name, or none, is stopped by Cloudflare:
# https://discord.com/developers/docs/reference#user-agent
_BANNED_AGENTS: Final = ("python/", "aiohttp", "python-", "urllib", "go-http", "java/")

# https://discord.com/developers/docs/reference#boolean-query-strings
_TRUE: Final = ("true", "True", "1")


@dataclass(frozen=True, slots=True)
class Request:
    """One request that arrived; ``status`` 0 means it was never answered.

    ``path`` ends where the token would begin, but for the message's id.
    """

    method: str
    path: str
    query: Mapping[str, str]
    at_ms: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was accepted, as it reads now."""

    id: str
    payload: Json
    at_ms: int
    edited: int = 0
    files: tuple[File, ...] = ()


class StrictDiscord:
    """``routes()`` goes into an application; ``fault`` is asked once per request.

    ``length`` counts a text; Discord's own way is disputed, and UTF-16 code units are
    never fewer than code points.
    """

    webhook_path: Final = f"/api/webhooks/{_WEBHOOK_ID}/{_TOKEN}"

    def __init__(
        self,
        *,
        clock: Clock,
        fault: Callable[[], str | None],
        length: Callable[[str], int] = utf16_units,
    ) -> None:
        self._clock = clock
        self._fault = fault
        self._length = length
        self._buckets: dict[str, WebhookBucket] = {}
        self._channel = ChannelWindow()
        self._ids = 0
        self.messages: list[Message] = []
        self.requests: list[Request] = []

    def routes(self) -> list[web.RouteDef]:
        """Return the webhook's addresses, with and without an API version."""
        endpoints: dict[tuple[str, str], _Handler] = {
            (hdrs.METH_POST, ""): self._post,
            (hdrs.METH_GET, ""): self._show_webhook,
            (hdrs.METH_PATCH, "/messages/{message}"): self._edit,
            (hdrs.METH_GET, "/messages/{message}"): self._show,
            (hdrs.METH_DELETE, "/messages/{message}"): self._delete,
        }
        routes = [
            web.route(method, f"/api{version}/webhooks/{{id}}/{{token}}{tail}", handler)
            for (method, tail), endpoint in endpoints.items()
            for version in ("", r"/v{version:\d+}")
            for handler in [self._recorded(self._guarded(endpoint))]
        ]
        return [*routes, web.route("*", ELSEWHERE, self._recorded(self._nobody_home))]

    # what happens to every request

    def _recorded(self, answer: _Handler) -> _Handler:
        async def recorded(request: web.Request) -> web.StreamResponse:
            place = len(self.requests)
            self.requests.append(
                Request(
                    request.method,
                    request.path.replace(f"/{request.match_info.get('token')}", ""),
                    dict(request.query),
                    self._clock.now_ms(),
                )
            )
            response = await answer(request)
            if request.transport is not None and not request.transport.is_closing():
                asked = self.requests[place]
                self.requests[place] = replace(asked, status=response.status)
            return response

        return recorded

    def _guarded(self, endpoint: _Handler) -> _Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            fault = self._fault()
            if fault in BEFORE:
                return await BEFORE[fault](request, self._clock)
            if not _is_named(request.headers.get(hdrs.USER_AGENT, "")):
                return web.Response(status=403, text="error code: 1010")
            try:
                self._admit(request)
                response = await endpoint(request)
            except Refused as no:
                response = api_answer(no.status, no.body, no.headers)
            response.headers.update(self._rate_headers(request))
            return (
                response if fault is None else await AFTER[fault](request, self._clock)
            )

        return guarded

    def _admit(self, request: web.Request) -> None:
        if _version(request) not in _VERSIONS:
            raise Refused(*BAD_VERSION)
        if request.match_info["id"] != _WEBHOOK_ID:
            raise Refused(*UNKNOWN_WEBHOOK)
        if request.match_info["token"] != _TOKEN:
            raise Refused(*BAD_TOKEN)
        bucket = self._buckets.setdefault(request.method, WebhookBucket())
        wait_s = bucket.wait_s(self._clock.monotonic())
        if wait_s > 0:
            self._refuse_for(wait_s, request, shared=False)
        if request.method in (hdrs.METH_POST, hdrs.METH_PATCH):
            wait_s = self._channel.wait_s(self._clock.monotonic())
            if wait_s > 0:
                self._refuse_for(wait_s, request, shared=True)

    def _refuse_for(
        self, wait_s: float, request: web.Request, *, shared: bool
    ) -> NoReturn:
        version = _version(request)
        headers = {
            hdrs.RETRY_AFTER: retry_header(wait_s, version=version),
            "X-RateLimit-Scope": "shared" if shared else "user",
        }
        body = retry_body(wait_s, shared=shared, version=version)
        raise Refused(429, body, headers)

    def _rate_headers(self, request: web.Request) -> dict[str, str]:
        bucket = self._buckets.get(request.method)
        if bucket is None:
            return {}
        return bucket.headers(self._clock.monotonic(), self._clock.now_ms())

    # the endpoints

    async def _post(self, request: web.Request) -> web.StreamResponse:
        payload, uploads = await read_body(request)
        files = files_after((), payload, uploads, self._next_id)
        self._judge(payload, len(files))
        now_ms = self._clock.now_ms()
        message = Message(self._next_id(), payload, now_ms, files=files)
        self.messages.append(message)
        if request.query.get("wait") not in _TRUE:
            return web.Response(status=204, headers=VIA)
        return api_answer(200, _shown(message))

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        place = self._place(request)
        changes, uploads = await read_body(request)
        message = self.messages[place]
        # Not merged: without allowed_mentions an edit is parsed anew, says
        # https://github.com/discord/discord-api-docs/issues/2474
        kept = {k: v for k, v in message.payload.items() if k != "allowed_mentions"}
        payload = kept | changes
        files = files_after(message.files, changes, uploads, self._next_id)
        self._judge(payload, len(files))
        message = replace(
            message, payload=payload, edited=message.edited + 1, files=files
        )
        self.messages[place] = message
        return api_answer(200, _shown(message))

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return api_answer(200, _shown(self.messages[self._place(request)]))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        del self.messages[self._place(request)]
        return web.Response(status=204, headers=VIA)

    async def _show_webhook(self, _request: web.Request) -> web.StreamResponse:
        return api_answer(
            200,
            {
                "id": _WEBHOOK_ID,
                "type": 1,
                "name": "liqmon",
                "avatar": None,
                "channel_id": _CHANNEL_ID,
                "guild_id": _GUILD_ID,
                "application_id": None,
                "token": _TOKEN,
            },
        )

    async def _nobody_home(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"message": "whoever follows a redirect ends here"})

    def _judge(self, payload: Json, files: int) -> None:
        refusal = Rules(self._length).refusal(payload, files=files)
        if refusal is not None:
            raise Refused(400, refusal)

    def _place(self, request: web.Request) -> int:
        for place, message in enumerate(self.messages):
            if message.id == request.match_info["message"]:
                return place
        raise Refused(*UNKNOWN_MESSAGE)

    def _next_id(self) -> str:
        self._ids += 1
        return str((self._clock.now_ms() - _DISCORD_EPOCH_MS << 22) + self._ids)


def _version(request: web.Request) -> int:
    return int(request.match_info.get("version", "6"))


def _is_named(agent: str) -> bool:
    return bool(agent) and not agent.lower().startswith(_BANNED_AGENTS)


def _shown(message: Message) -> Json:
    """Return the message as Discord shows it.

    https://discord.com/developers/docs/resources/message#message-object
    """
    posted = datetime.fromtimestamp(message.at_ms / 1000, tz=UTC).isoformat()
    embeds = message.payload.get("embeds") or []
    return {
        "id": message.id,
        "type": 0,
        "content": (message.payload.get("content") or "").strip(),
        "channel_id": _CHANNEL_ID,
        "author": {"bot": True, "id": _WEBHOOK_ID, "username": "liqmon"},
        "attachments": [file.shown() for file in message.files],
        "embeds": [{"type": "rich", **embed} for embed in embeds],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "timestamp": posted,
        "edited_timestamp": posted if message.edited else None,
        "flags": message.payload.get("flags") or 0,
        "components": [],
        "webhook_id": _WEBHOOK_ID,
    }
