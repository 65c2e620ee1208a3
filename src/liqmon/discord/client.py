"""One call to Discord, one attempt.

Trouble on the way is an answer too, never an exception: the courier decides about it
as about any other. aiohttp's exceptions hold the URL, and with it the token, in their
text or in their context, so none of them leaves this module; whatever an answer quotes
of the token is blotted out.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Final, Self

import aiohttp

from liqmon.clock import Clock
from liqmon.discord.answers import Answer
from liqmon.discord.attachments import Attachment, form
from liqmon.discord.fit import as_json
from liqmon.webhook import WebhookUrl

__all__ = ["DiscordClient"]

_MOST_BYTES: Final = 64 * 1024
_CONNECT_S: Final = 5.0
_BLOT: Final = "***"
_TELLING: Final = 8
"""An answer that broke off inside the token may show no more of it than this."""

_PAGE: Final = "https://github.com/liqmon/liqmon"

# Most specific first: aiohttp's errors inherit from each other and from OSError.
_TROUBLES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ssl.SSLCertVerificationError, "TLS verification failed: is a proxy in between?"),
    (ssl.SSLError, "TLS handshake failed"),
    (aiohttp.ClientConnectorDNSError, "the name of the host cannot be resolved"),
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (TimeoutError, "no answer in time"),
    (aiohttp.ClientConnectorError, "cannot connect"),
    (aiohttp.ServerDisconnectedError, "disconnected before an answer"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
    (OSError, "the connection was lost"),
)


@dataclass(slots=True)
class _Progress:
    """How far a request came, kept here because an exception forgets it."""

    sent_bytes: bool = False
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    error: str = ""


class DiscordClient:
    """Posts to one webhook. Open it inside the loop that uses it, as ``async with``."""

    def __init__(
        self,
        webhook: WebhookUrl,
        *,
        timeout_s: float = 10.0,
        base_url: str | None = None,
        version: str,
        clock: Clock,
    ) -> None:
        self._endpoint = webhook.endpoint(base_url)
        self._token = self._endpoint.rpartition("/")[2]
        self._thread = {"thread_id": webhook.thread_id} if webhook.thread_id else {}
        self._timeout_s = timeout_s
        self._agent = f"DiscordBot ({_PAGE}, {version})"
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # at a few posts a minute, keeping connections mostly means losing them
            connector=aiohttp.TCPConnector(force_close=True, limit=1),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s,
                connect=min(_CONNECT_S, self._timeout_s),
                sock_read=self._timeout_s,
            ),
            headers={"User-Agent": self._agent, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_watching_what_is_sent()],
            # no decompression: neither its errors nor its bombs
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; more than once does no harm."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(
        self, payload: Mapping[str, object], files: Sequence[Attachment] = ()
    ) -> Answer:
        """Post a message and have Discord say its id."""
        query = {"wait": "true", **self._thread}
        return await self._ask("POST", "", query, payload, files)

    async def edit(
        self,
        message_id: str,
        payload: Mapping[str, object],
        files: Sequence[Attachment] = (),
    ) -> Answer:
        """Replace a message that this webhook posted."""
        tail = f"/messages/{message_id}"
        return await self._ask("PATCH", tail, self._thread, payload, files)

    async def look(self) -> Answer:
        """Ask whether the webhook exists; posts nothing."""
        return await self._ask("GET", "", {}, None)

    async def _ask(
        self,
        method: str,
        tail: str,
        query: Mapping[str, str],
        payload: Mapping[str, object] | None,
        files: Sequence[Attachment] = (),
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the Discord client is not open")
        progress, started = _Progress(), self._clock.monotonic()
        data, headers = _body(payload, files)
        try:
            async with self._session.request(
                method,
                self._endpoint + tail,
                params=query,
                data=data,
                headers=headers,
                # a 307 or 308 would send the body to whatever host it names
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                progress.status, progress.headers = response.status, response.headers
                async for chunk in response.content.iter_chunked(_MOST_BYTES):
                    progress.body += chunk
                    if len(progress.body) >= _MOST_BYTES:
                        break
        except (aiohttp.ClientError, OSError) as error:
            progress.error = _trouble(error)
        return self._answer(progress, self._clock.monotonic() - started)

    def _answer(self, progress: _Progress, latency_s: float) -> Answer:
        text = progress.body.decode(errors="replace")
        return Answer(
            status=progress.status,
            headers={
                name.lower(): self._blotted(value)
                for name, value in (progress.headers or {}).items()
            },
            # blotted before it is cut, for half a token is still much of a token
            body=self._blotted(text)[:_MOST_BYTES],
            error=progress.error,
            sent_bytes=progress.sent_bytes,
            latency_s=latency_s,
        )

    def _blotted(self, text: str) -> str:
        text = text.replace(self._token, _BLOT)
        for length in range(len(self._token) - 1, _TELLING, -1):
            if text.endswith(self._token[:length]):
                return text[:-length] + _BLOT
        return text


def _body(
    payload: Mapping[str, object] | None, files: Sequence[Attachment]
) -> tuple[bytes | aiohttp.MultipartWriter | None, Mapping[str, str] | None]:
    """Return what is sent and its headers, made anew: a form can be sent only once."""
    if payload is None:
        return None, None
    if files:
        return form(payload, files), None
    return as_json(payload).encode(), {"Content-Type": "application/json"}


def _watching_what_is_sent() -> aiohttp.TraceConfig:
    """Return a tracer that notes the moment from which Discord may have the request."""

    async def headers_sent(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.sent_bytes = True

    watching = aiohttp.TraceConfig()
    watching.on_request_headers_sent.append(headers_sent)
    return watching


def _trouble(error: BaseException) -> str:
    """Return what went wrong, in words of our own: aiohttp's may hold the URL."""
    for kind, words in _TROUBLES:
        if isinstance(error, kind):
            return words
    return f"the request failed ({type(error).__name__})"
