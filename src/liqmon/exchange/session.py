"""The HTTP session that ccxt works on, with the guards ccxt's own does not have.

ccxt follows redirects to any host and reads bodies of any size. Here a redirect that
leaves the origin is refused, and a body is read up to a cap.
"""

import ssl
from typing import Final

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

__all__ = ["MOST_BYTES", "BodyTooLarge", "RedirectRefused", "guarded_session"]

MOST_BYTES: Final = 16 * 1024 * 1024
"""The largest answers, all instruments of one exchange, are a few MiB."""

_MOST_CONNECTIONS: Final = 20


class RedirectRefused(aiohttp.ClientError):
    """The server sends us to another host, or from TLS to plain text."""


class BodyTooLarge(aiohttp.ClientPayloadError):
    """The body did not end within ``MOST_BYTES``."""


class _CappedResponse(aiohttp.ClientResponse):
    """Counts decompressed bytes, so a small compressed body cannot burst either."""

    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            try:
                async for chunk in self.content.iter_any():
                    body += chunk
                    _check_size(len(body))
            except BaseException:
                # a cancellation too: the rest of the body is still on this connection,
                # and nobody must be given it
                self.close()
                raise
            self._body = bytes(body)
        return self._body


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise BodyTooLarge(f"the body is larger than {MOST_BYTES} bytes")


async def _same_origin(
    request: aiohttp.ClientRequest, send: ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await send(request)
    location = response.headers.get("Location")
    if location is None or response.status not in {301, 302, 303, 307, 308}:
        return response
    target = request.url.join(URL(location))
    if target.origin() != request.url.origin():
        response.close()
        raise RedirectRefused(f"{request.url.host} redirects to {target.host}")
    return response


def guarded_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """Return a session of the running loop; whoever asked for it closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=_MOST_CONNECTIONS),
        middlewares=(_same_origin,),
        response_class=_CappedResponse,
        trust_env=False,
    )
