"""The ways in which an exchange, or what stands in front of it, fails to answer.

A fault of ``ANSWERS`` replaces or mangles the whole answer, one of ``SPOILS`` changes
the candles in it, and ``STALE`` is told by the time they stand at.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from aiohttp import hdrs, web

from liqmon.clock import Clock
from liqmon.sim.breaking import elsewhere, hang, is_gone, reset
from liqmon.sim.wire import Spoil

__all__ = ["ANSWERS", "FAULTS", "SPOILS", "STALE", "unspoilt"]

Break: TypeAlias = Callable[
    [web.Request, Clock, web.Response], Awaitable[web.StreamResponse]
]
"""Takes the request, the clock and the answer that would have been given."""

Rows: TypeAlias = list[list[Any]]

STALE: Final = "stale"
"""The candles stop where they were when the fault began; time goes on."""

_HUGE_BYTES: Final = 50 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_DRIP_S: Final = 0.1
_HOUR_MS: Final = 3_600_000

_PAGE: Final = """<!DOCTYPE html>
<html><head><title>{title}</title></head>
<body><center><h1>{title}</h1></center></body></html>
"""

# Statuses that a proxy or a content network answers with a page of its own; the 52x and
# 530 are Cloudflare's:
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
_PAGES: Final = (
    *(400, 401, 404, 405, 408, 409, 410, 422),
    *(500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530),
)

# https://bybit-exchange.github.io/docs/v5/error
_BYBIT: Final[Mapping[str, tuple[int, object]]] = {
    "429": (429, {"retCode": 10006, "retMsg": "Too many visits!", "result": {}}),
    "418": (418, _PAGE.format(title="418")),
    "403": (403, "403, access too frequent"),
    "403-country": (
        403,
        _PAGE.format(
            title="The Amazon CloudFront distribution is configured to block access "
            "from your country."
        ),
    ),
    "451": (451, _PAGE.format(title="451 Unavailable For Legal Reasons")),
    "maintenance": (200, {"retCode": 10016, "retMsg": "Server error.", "result": {}}),
}

# https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
# and, for 403, 418, 429 and 503, the page general-info beside it
_RESTRICTED: Final = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe "
    "you received this message in error."
)
_BINANCE: Final[Mapping[str, tuple[int, object]]] = {
    "429": (429, {"code": -1003, "msg": "Too many requests."}),
    "418": (418, {"code": -1003, "msg": "Way too many requests; IP banned."}),
    "403": (403, _PAGE.format(title="403 Forbidden")),
    "403-country": (
        403,
        _PAGE.format(title="ERROR: The request could not be satisfied"),
    ),
    "451": (451, {"code": 0, "msg": _RESTRICTED}),
    "maintenance": (503, {"code": -1001, "msg": "Internal error; unable to process."}),
}

# Only Binance documents Retry-After; Bybit gives the time of the next attempt instead.
_RETRY_AFTER: Final = {"429": "3", "418": "120"}


def _page(status: int) -> Break:
    async def answer(
        request: web.Request, _clock: Clock, _whole: web.Response
    ) -> web.StreamResponse:
        del request
        return web.Response(
            status=status, text=_PAGE.format(title=status), content_type="text/html"
        )

    return answer


def _refused(name: str) -> Break:
    async def answer(
        request: web.Request, _clock: Clock, _whole: web.Response
    ) -> web.StreamResponse:
        is_bybit = request.path.startswith("/v5/")
        status, body = (_BYBIT if is_bybit else _BINANCE)[name]
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html")
        headers = {}
        if name in _RETRY_AFTER and not is_bybit:
            headers[hdrs.RETRY_AFTER] = _RETRY_AFTER[name]
        return web.json_response(body, status=status, headers=headers)

    return answer


async def _html_200(
    _request: web.Request, _clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    page = _PAGE.format(title="We are upgrading our systems")
    return web.Response(text=page, content_type="text/html")


async def _empty_200(
    _request: web.Request, _clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    return web.Response(content_type="application/json")


async def _cut_json(
    _request: web.Request, _clock: Clock, whole: web.Response
) -> web.StreamResponse:
    """Half the JSON, and a Content-Length that says that this is all."""
    half = _bytes(whole)[: len(_bytes(whole)) // 2]
    return web.Response(body=half, content_type="application/json")


async def _truncated(
    request: web.Request, _clock: Clock, whole: web.Response
) -> web.StreamResponse:
    """Promise the whole answer, send half of it, close."""
    body = _bytes(whole)
    response = await _begun(request, len(body))
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _bad_gzip(
    _request: web.Request, _clock: Clock, whole: web.Response
) -> web.StreamResponse:
    """Say gzip and send something else."""
    return web.Response(
        body=_bytes(whole),
        content_type="application/json",
        headers={hdrs.CONTENT_ENCODING: "gzip"},
    )


async def _hang(
    request: web.Request, clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    return await hang(request, clock)


async def _reset(
    request: web.Request, clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    return await reset(request, clock)


async def _slow(
    request: web.Request, clock: Clock, whole: web.Response
) -> web.StreamResponse:
    """Ten bytes a second."""
    body = _bytes(whole)
    response = await _begun(request, len(body))
    with contextlib.suppress(ConnectionError):
        for place in range(len(body)):
            if is_gone(request):
                break
            await response.write(body[place : place + 1])
            await clock.sleep(_DRIP_S)
    return response


async def _redirect(
    request: web.Request, _clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    return web.Response(status=302, headers={hdrs.LOCATION: elsewhere(request)})


async def _huge(
    request: web.Request, _clock: Clock, _whole: web.Response
) -> web.StreamResponse:
    """Fifty megabytes of good JSON, most of it blank."""
    response = await _begun(request)
    with contextlib.suppress(ConnectionError):
        await response.write(b'{"retCode": 0, "result": {"list": [')
        for _ in range(_HUGE_BYTES // _CHUNK_BYTES):
            await response.write(b" " * _CHUNK_BYTES)
        await response.write(b"]}}")
    return response


async def _begun(request: web.Request, length: int | None = None) -> web.StreamResponse:
    """Return an answer of JSON whose head is sent; ``length`` is what it promises."""
    response = web.StreamResponse()
    response.content_type = "application/json"
    response.content_length = length
    await response.prepare(request)
    return response


def _bytes(whole: web.Response) -> bytes:
    return whole.body if isinstance(whole.body, bytes) else b""


ANSWERS: Final[Mapping[str, Break]] = {
    **{f"http-{status}": _page(status) for status in _PAGES},
    **{name: _refused(name) for name in _BYBIT},
    "html-200": _html_200,
    "empty-200": _empty_200,
    "cut-json": _cut_json,
    "truncated": _truncated,
    "bad-gzip": _bad_gzip,
    "hang": _hang,
    "reset": _reset,
    "slow": _slow,
    "redirect": _redirect,
    "huge": _huge,
}


# candles


def unspoilt(rows: Rows) -> Rows:
    """Leave the candles as they are."""
    return rows


def _no_rows(_rows: Rows) -> Rows:
    return []


def _nulls(rows: Rows) -> Rows:
    return [[row[0], *(None for _ in row[1:])] for row in rows]


def _unordered(rows: Rows) -> Rows:
    """The newest row stands first, and the rest as it was."""
    return rows[-1:] + rows[:-1]


def _twice(rows: Rows) -> Rows:
    return rows + rows[-1:]


def _later(by_ms: int) -> Spoil:
    def later(rows: Rows) -> Rows:
        # Bybit's times are strings, Binance's numbers
        return [[type(row[0])(int(row[0]) + by_ms), *row[1:]] for row in rows]

    return later


def _free_of_charge(rows: Rows) -> Rows:
    return [[row[0], "0", "0", "0", "0", *row[5:]] for row in rows]


SPOILS: Final[Mapping[str, Spoil]] = {
    "empty-rows": _no_rows,
    "null-rows": _nulls,
    "unordered": _unordered,
    "duplicate": _twice,
    "future": _later(_HOUR_MS),
    "off-grid": _later(1_000),
    "zero-price": _free_of_charge,
}

FAULTS: Final = frozenset(ANSWERS) | frozenset(SPOILS) | {STALE}
"""Every fault of the exchange that can be asked for, by name."""
