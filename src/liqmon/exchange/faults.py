"""What a failed call means: any exception to one of five actions, by one table.

ccxt's types alone do not tell: a truncated transfer is a plain ExchangeError, a
geo-block a NetworkError, a dead session a bare RuntimeError. So the rules look at the
raised type, at the chain of causes, at the HTTP status, and at the text only where
nothing else can tell. The first rule that matches decides.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import aiohttp
from ccxt.base import errors as ccxt

from liqmon.exchange.evidence import Evidence, evidence, retry_after_s
from liqmon.exchange.session import BodyTooLarge, RedirectRefused
from liqmon.exchange.verdict import Action, Verdict

__all__ = ["judge"]


_Types: TypeAlias = tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Matches where everything it names does.

    ``raised`` and ``causes`` are types of the error itself and of anything in its
    chain, ``exactly`` excludes subclasses of ``raised``, ``unanswered`` means that no
    HTTP status came back, ``texts`` are in lower case and without blanks.
    """

    action: Action
    reason: str
    raised: _Types = (BaseException,)
    exactly: bool = False
    causes: _Types = ()
    texts: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    unanswered: bool = False
    whole_exchange: bool = True
    hint_s: float | None = None

    def matches(self, fault: Evidence) -> bool:
        return (
            isinstance(fault.error, self.raised)
            and (not self.exactly or type(fault.error) in self.raised)
            and (
                not self.causes or any(isinstance(e, self.causes) for e in fault.chain)
            )
            and (not self.texts or any(text in fault.text for text in self.texts))
            and (not self.statuses or fault.status in self.statuses)
            and not (self.unanswered and fault.status is not None)
        )


_ELSEWHERE: Final = "try --exchange {other}, or a host in another region"
_DEAD_SESSION: Final = (
    "sessionisclosed",
    "connectorisclosed",
    "connectionclosed.",
    "instancewasclosedbytheuser",
)

# The order matters: the same type means different things.
_RULES: Final = (
    _Rule(
        action=Action.HEAL,
        reason="the session was closed",
        texts=_DEAD_SESSION,
        unanswered=True,
    ),
    _Rule(
        action=Action.HEAL,
        reason="the session was closed",
        raised=(ccxt.ExchangeClosedByUser,),
    ),
    _Rule(
        action=Action.HEAL,
        # a call that waits for a connection when the connector closes, see client.py
        reason="the session was closed",
        raised=(asyncio.CancelledError,),
    ),
    _Rule(
        action=Action.HEAL,
        reason="the session is missing",
        raised=(AttributeError,),
        texts=("'nonetype'objecthasnoattribute'get'",),
    ),
    _Rule(
        action=Action.FATAL,
        reason="{exchange} belongs to another event loop",
        raised=(RuntimeError,),
        texts=("eventloopisclosed", "differentloop", "differenteventloop"),
    ),
    _Rule(
        action=Action.FATAL,
        reason=(
            "the TLS certificate of {exchange} cannot be trusted ({detail}): check this"
            " machine's clock, and whether a proxy is in between"
        ),
        causes=(ssl.SSLCertVerificationError, ssl.CertificateError),
    ),
    _Rule(
        action=Action.RETRY,
        reason="a redirect to another host was refused ({detail})",
        causes=(RedirectRefused,),
    ),
    _Rule(
        action=Action.BLOCKED,
        reason="{exchange} is not available from this country{status}; " + _ELSEWHERE,
        texts=(
            "blockaccessfromyourcountry",
            "restrictedlocation",
            "cloudflaretorestrictaccess",
        ),
    ),
    _Rule(
        action=Action.BLOCKED,
        # https://bybit-exchange.github.io/docs/v5/error: compliance rules triggered
        reason="{exchange} refuses this user or country (10024); " + _ELSEWHERE,
        raised=(ccxt.PermissionDenied,),
        texts=('"retcode":10024',),
    ),
    _Rule(
        action=Action.COOL_DOWN,
        # Binance answers 418 once 429 was ignored, and bans for 2 minutes to 3 days:
        # https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
        reason="banned for asking too often (HTTP 418)",
        statuses=(418,),
        hint_s=120.0,
    ),
    _Rule(
        action=Action.COOL_DOWN,
        # "access too frequent": stop all sessions and wait at least ten minutes:
        # https://bybit-exchange.github.io/docs/v5/rate-limit
        reason="access refused for asking too often (HTTP 403)",
        raised=(ccxt.RateLimitExceeded,),
        statuses=(403,),
        hint_s=600.0,
    ),
    _Rule(
        action=Action.COOL_DOWN,
        reason="rate limited{status}",
        raised=(ccxt.RateLimitExceeded, ccxt.DDoSProtection),
    ),
    _Rule(action=Action.COOL_DOWN, reason="rate limited{status}", statuses=(429,)),
    _Rule(
        action=Action.BLOCKED,
        reason="{exchange} is not available from this country{status}; " + _ELSEWHERE,
        raised=(ccxt.ExchangeNotAvailable,),
        statuses=(451,),
    ),
    _Rule(
        action=Action.BLOCKED,
        reason="{exchange} refuses this host{status}; " + _ELSEWHERE,
        raised=(ccxt.ExchangeNotAvailable,),
        statuses=(403,),
    ),
    _Rule(
        action=Action.FATAL,
        reason="the request was refused{status}",
        raised=(ccxt.ExchangeNotAvailable,),
        statuses=(400, 404, 405, 409, 410),
        whole_exchange=False,
    ),
    _Rule(
        action=Action.RETRY,
        reason="under maintenance",
        raised=(ccxt.OnMaintenance,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="no answer in time{status}",
        raised=(ccxt.RequestTimeout,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="its name cannot be resolved",
        raised=(ccxt.NetworkError,),
        causes=(socket.gaierror,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="cannot connect",
        raised=(ccxt.NetworkError,),
        causes=(aiohttp.ClientConnectorError,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="disconnected before an answer",
        raised=(ccxt.NetworkError,),
        causes=(aiohttp.ClientConnectionError,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="the answer is no data",
        raised=(ccxt.BadResponse,),
        whole_exchange=False,
    ),
    _Rule(
        action=Action.RETRY,
        reason="unavailable{status}",
        raised=(ccxt.OperationFailed,),
    ),
    _Rule(
        action=Action.RETRY,
        reason="the answer is too large",
        causes=(BodyTooLarge,),
        whole_exchange=False,
    ),
    _Rule(
        action=Action.RETRY,
        reason="the answer broke off",
        raised=(ccxt.ExchangeError,),
        exactly=True,
        causes=(aiohttp.ClientPayloadError,),
    ),
    _Rule(
        action=Action.RETRY,
        # server error, server timeout: https://bybit-exchange.github.io/docs/v5/error
        reason="its servers are in trouble",
        raised=(ccxt.ExchangeError,),
        exactly=True,
        texts=('"retcode":10000,', '"retcode":10016,'),
    ),
    _Rule(
        action=Action.FATAL,
        reason="the market is unknown there ({detail})",
        raised=(ccxt.BadSymbol,),
        whole_exchange=False,
    ),
    _Rule(
        action=Action.FATAL,
        reason="access is refused ({detail})",
        raised=(ccxt.AuthenticationError,),
    ),
    _Rule(
        action=Action.FATAL,
        reason="the address is wrong ({detail})",
        raised=(ccxt.ExchangeError,),
        causes=(
            aiohttp.TooManyRedirects,
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
        ),
    ),
    _Rule(
        action=Action.RETRY,
        # ccxt's words for an answer or an error code it has never heard of: no reason
        # to give a market up for good
        reason="an answer nobody knows ({detail})",
        raised=(ccxt.ExchangeError,),
        exactly=True,
        unanswered=True,
        whole_exchange=False,
    ),
    _Rule(
        action=Action.RETRY,
        reason="the connection failed",
        raised=(aiohttp.ClientError, OSError),
    ),
    _Rule(
        action=Action.RETRY,
        # what ccxt's parsers raise on an answer of a shape they do not expect
        reason="the answer cannot be read ({detail})",
        raised=(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
        whole_exchange=False,
    ),
    _Rule(
        action=Action.FATAL,
        reason="the request was refused ({detail})",
        whole_exchange=False,
    ),
)


def judge(
    error: BaseException,
    *,
    exchange: str,
    headers: Mapping[str, str] | None = None,
    now_ms: int = 0,
) -> Verdict:
    """Return what to do about ``error``.

    ``headers`` are those of the last answer; its Retry-After counts only where the
    error is about an answer. ``now_ms`` is wall-clock time, for a date in it.
    """
    fault = evidence(error)
    rule = next(rule for rule in _RULES if rule.matches(fault))
    asked_s = None
    if rule.action is Action.COOL_DOWN or (fault.status or 0) >= 500:
        asked_s = retry_after_s(headers or {}, now_ms)
    return Verdict(
        rule.action,
        rule.reason.format(
            exchange=exchange,
            other="bybit" if exchange != "bybit" else "okx",
            status="" if fault.status is None else f" (HTTP {fault.status})",
            detail=fault.detail,
        ),
        rule.whole_exchange,
        rule.hint_s if asked_s is None else asked_s,
    )
