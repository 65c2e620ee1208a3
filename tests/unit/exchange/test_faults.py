"""The table of verdicts, row by row, on exceptions shaped as ccxt raises them."""

import asyncio
import socket
import ssl
from email.utils import formatdate

import aiohttp
import pytest
from ccxt.base import errors as ccxt
from hypothesis import given, strategies as st
from yarl import URL

from liqmon.exchange.faults import judge
from liqmon.exchange.session import BodyTooLarge, RedirectRefused
from liqmon.exchange.verdict import Action, Verdict

HEAL, RETRY, COOL_DOWN = Action.HEAL, Action.RETRY, Action.COOL_DOWN
BLOCKED, FATAL = Action.BLOCKED, Action.FATAL

KEY = aiohttp.client_reqrep.ConnectionKey(
    "exchange.test", 443, True, True, None, None, None, None
)


def verdict(error: BaseException, **options: object) -> Verdict:
    return judge(error, exchange="bybit", **options)  # type: ignore[arg-type]


def caused(error: BaseException, *causes: BaseException) -> BaseException:
    """Chain the causes below the error."""
    link = error
    for cause in causes:
        link.__cause__ = cause
        link = cause
    return error


def status(kind: type[Exception], code: int, body: str = "<html>") -> Exception:
    return kind(f"bybit GET https://api.bybit.com/v5/x?a=1 {code} Reason {body}")


ELSEWHERE = "try --exchange okx, or a host in another region"
NOWHERE = "bybit GET https://api.bybit.com/v5/x"
DNS = aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "unknown name"))
REFUSED = aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused"))
CERTIFICATE = aiohttp.ClientConnectorCertificateError(
    KEY, ssl.SSLCertVerificationError(1, "certificate has expired")
)

TABLE = {
    "session closed": (RuntimeError("Session is closed"), HEAL, True),
    "session closed on WebSocket": (ccxt.NetworkError("Session is closed"), HEAL, True),
    "connector closed": (
        caused(
            ccxt.ExchangeNotAvailable(NOWHERE),
            aiohttp.ClientConnectionError("Connector is closed."),
        ),
        HEAL,
        True,
    ),
    "connection closed": (
        aiohttp.ClientConnectionError("Connection closed."),
        HEAL,
        True,
    ),
    "closed by user": (ccxt.ExchangeClosedByUser("bybit instance was…"), HEAL, True),
    "closed by user, as text": (
        ccxt.ExchangeError("bybit instance was closed by the user"),
        HEAL,
        True,
    ),
    "bare cancellation": (asyncio.CancelledError(), HEAL, True),
    "session missing": (
        AttributeError("'NoneType' object has no attribute 'get'"),
        HEAL,
        True,
    ),
    "loop closed": (RuntimeError("Event loop is closed"), FATAL, True),
    "other loop": (
        RuntimeError("<Future> is bound to a different event loop"),
        FATAL,
        True,
    ),
    "certificate": (
        caused(ccxt.ExchangeNotAvailable(NOWHERE), CERTIFICATE, CERTIFICATE.os_error),
        FATAL,
        True,
    ),
    "redirect refused": (
        caused(ccxt.ExchangeError(NOWHERE), RedirectRefused("a redirects to b")),
        RETRY,
        True,
    ),
    "geo text on 403": (
        status(ccxt.RateLimitExceeded, 403, "block access from your country"),
        BLOCKED,
        True,
    ),
    "restricted location": (
        ccxt.ExchangeNotAvailable('binance {"msg":"a restricted location"}'),
        BLOCKED,
        True,
    ),
    "cloudflare": (
        status(ccxt.ExchangeError, 422, "uses Cloudflare to restrict access"),
        BLOCKED,
        True,
    ),
    "10024": (ccxt.PermissionDenied('bybit {"retCode":10024}'), BLOCKED, True),
    "418": (status(ccxt.DDoSProtection, 418), COOL_DOWN, True),
    "403 of bybit": (status(ccxt.RateLimitExceeded, 403), COOL_DOWN, True),
    "10006": (ccxt.RateLimitExceeded('bybit {"retCode":10006}'), COOL_DOWN, True),
    "429 of binance": (ccxt.DDoSProtection("binance 429"), COOL_DOWN, True),
    "429 of okx": (status(ccxt.ExchangeNotAvailable, 429), COOL_DOWN, True),
    "451": (status(ccxt.ExchangeNotAvailable, 451), BLOCKED, True),
    "403": (status(ccxt.ExchangeNotAvailable, 403), BLOCKED, True),
    **{
        str(code): (status(ccxt.ExchangeNotAvailable, code), FATAL, False)
        for code in (400, 404, 405, 409, 410)
    },
    **{
        str(code): (status(ccxt.ExchangeNotAvailable, code), RETRY, True)
        for code in (500, 501, 502, 503, 520, 521, 522, 525, 526, 530)
    },
    "408": (status(ccxt.RequestTimeout, 408), RETRY, True),
    "504": (status(ccxt.RequestTimeout, 504), RETRY, True),
    "timeout": (caused(ccxt.RequestTimeout(NOWHERE), TimeoutError()), RETRY, True),
    "maintenance": (ccxt.OnMaintenance("okx {}"), RETRY, True),
    "name unknown": (
        caused(ccxt.ExchangeNotAvailable(NOWHERE), DNS, DNS.os_error),
        RETRY,
        True,
    ),
    "refused": (caused(ccxt.ExchangeNotAvailable(NOWHERE), REFUSED), RETRY, True),
    "disconnected": (
        caused(ccxt.ExchangeNotAvailable(NOWHERE), aiohttp.ServerDisconnectedError()),
        RETRY,
        True,
    ),
    "bad response": (ccxt.BadResponse("x"), RETRY, False),
    "null response": (ccxt.NullResponse("x"), RETRY, False),
    "-1001": (ccxt.OperationFailed('binance {"code":-1001}'), RETRY, True),
    "too large": (
        caused(ccxt.ExchangeError(NOWHERE), BodyTooLarge("16 MiB")),
        RETRY,
        False,
    ),
    "broken off": (
        caused(ccxt.ExchangeError(NOWHERE), aiohttp.ClientPayloadError("cut")),
        RETRY,
        True,
    ),
    "10000": (ccxt.ExchangeError('bybit {"retCode":10000,"x":1}'), RETRY, True),
    "10016": (ccxt.ExchangeError('bybit { "retCode" : 10016 , "x":1}'), RETRY, True),
    "bad symbol": (ccxt.BadSymbol("bybit does not have X"), FATAL, False),
    "bad request": (ccxt.BadRequest('bybit {"retCode":10001}'), FATAL, False),
    "not supported": (ccxt.NotSupported("bybit x()"), FATAL, False),
    "401": (status(ccxt.AuthenticationError, 401), FATAL, True),
    "permission": (ccxt.PermissionDenied("bybit"), FATAL, True),
    "redirect loop": (
        caused(ccxt.ExchangeError(NOWHERE), aiohttp.InvalidURL("x")),
        FATAL,
        True,
    ),
    "422": (status(ccxt.ExchangeError, 422), FATAL, False),
    "unknown code": (ccxt.ExchangeError('bybit {"retCode":99999}'), RETRY, False),
    "bare client error": (aiohttp.ClientError("x"), RETRY, True),
    "bare timeout": (TimeoutError(), RETRY, True),
    "bare connection": (ConnectionResetError(), RETRY, True),
    "unreadable": (KeyError("list"), RETRY, False),
    "no number": (ValueError("could not convert"), RETRY, False),
    "anything else": (Exception("Future.race() called with empty"), FATAL, False),
}


@pytest.mark.parametrize("row", TABLE)
def test_each_fault_has_its_verdict(row: str) -> None:
    error, action, whole_exchange = TABLE[row]
    told = verdict(error)

    assert (told.action, told.whole_exchange) == (action, whole_exchange)
    assert told.reason
    assert "{" not in told.reason.partition("(")[0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("timeout", "no answer in time"),
        ("503", "unavailable (HTTP 503)"),
        ("name unknown", "its name cannot be resolved"),
        ("refused", "cannot connect"),
        ("429 of okx", "rate limited (HTTP 429)"),
        ("10006", "rate limited"),
        (
            "redirect refused",
            "a redirect to another host was refused (a redirects to b)",
        ),
        ("403", f"bybit refuses this host (HTTP 403); {ELSEWHERE}"),
        ("451", f"bybit is not available from this country (HTTP 451); {ELSEWHERE}"),
    ],
)
def test_the_words_are_for_a_person(row: str, words: str) -> None:
    assert verdict(TABLE[row][0]).reason == words


def test_a_certificate_names_the_exchange_and_what_to_check() -> None:
    reason = verdict(TABLE["certificate"][0]).reason

    assert reason.startswith("the TLS certificate of bybit cannot be trusted")
    assert "certificate has expired" in reason


def test_a_page_that_speaks_of_closed_connections_is_no_dead_session() -> None:
    page = status(
        ccxt.ExchangeNotAvailable, 502, "Connection closed. Session is closed"
    )

    assert verdict(page).action is RETRY


def test_a_status_in_the_body_or_address_is_no_status() -> None:
    body = ccxt.ExchangeNotAvailable('okx {"msg":"sent 403 of 451 orders"}')

    assert verdict(body).action is RETRY


def test_a_hidden_context_is_followed_and_a_suppressed_one_is_not() -> None:
    shown, hidden = ccxt.NetworkError("x"), ccxt.NetworkError("x")
    shown.__context__ = hidden.__context__ = RuntimeError("Session is closed")
    hidden.__suppress_context__ = True

    assert verdict(shown).action is HEAL
    assert verdict(hidden).action is RETRY


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = ccxt.NetworkError("x")
    error.__cause__ = RuntimeError("y")
    error.__cause__.__cause__ = error

    assert verdict(error).action is RETRY


def test_a_long_answer_is_not_quoted_whole() -> None:
    assert len(verdict(ccxt.BadRequest("bybit " + "x" * 9_000)).reason) < 200


@pytest.mark.parametrize(
    ("asked", "hint_s"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        (formatdate(1_700_000_090, usegmt=True), 90.0),
        (formatdate(1_600_000_000, usegmt=True), None),
        ("0", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("999999999", 3 * 86_400.0),
        ("9" * 400, None),
    ],
    ids=range(13),
)
def test_retry_after_is_seconds_or_a_date_and_never_nonsense(
    asked: str, hint_s: float | None
) -> None:
    told = verdict(
        ccxt.RateLimitExceeded("bybit"),
        headers={"retry-AFTER": asked},
        now_ms=1_700_000_000_000,
    )

    assert told.hint_s == hint_s


def test_a_ban_has_a_pause_of_its_own_that_the_server_can_change() -> None:
    ban = TABLE["418"][0]

    assert verdict(ban).hint_s == 120.0
    assert verdict(ban, headers={"Retry-After": "600"}).hint_s == 600.0
    assert verdict(TABLE["403 of bybit"][0]).hint_s == 600.0


def test_a_hint_counts_only_for_an_answer_that_carries_one() -> None:
    headers = {"Retry-After": "30"}

    assert verdict(TABLE["503"][0], headers=headers).hint_s == 30.0
    assert verdict(TABLE["timeout"][0], headers=headers).hint_s is None
    assert verdict(TABLE["404"][0], headers=headers).hint_s is None


def test_a_bad_address_is_told_as_aiohttp_tells_it() -> None:
    error = caused(
        ccxt.ExchangeError(NOWHERE), aiohttp.NonHttpUrlClientError(URL("ftp://x"))
    )

    assert verdict(error).action is FATAL


def _names() -> list[type[Exception]]:
    kinds = [getattr(ccxt, name) for name in ccxt.__all__ if name[0].isupper()]
    return [kind for kind in kinds if isinstance(kind, type)]


@given(
    st.sampled_from(_names()),
    st.integers(100, 599),
    st.text(max_size=50),
    st.text(max_size=12),
)
def test_every_error_ccxt_has_gets_a_verdict_whatever_it_says(
    kind: type[Exception], code: int, body: str, asked: str
) -> None:
    told = verdict(status(kind, code, body), headers={"Retry-After": asked})

    assert told.action in Action
    assert told.hint_s is None or told.hint_s > 0
