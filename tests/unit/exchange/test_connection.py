"""How ccxt is set up, without a request."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import ccxt.async_support as ccxt
import pytest

from fakes import FakeClock
from liqmon.core.events import Event
from liqmon.errors import ConfigError
from liqmon.exchange.catalogue import venue
from liqmon.exchange.client import Exchange
from liqmon.exchange.connection import Connection, _pointed
from liqmon.exchange.retry import RetryPolicy

BASE = "http://127.0.0.1:9"


async def connected(exchange_id: str, base_url: str | None = BASE) -> Connection:
    """Return a connection that has been closed already."""
    connection = Connection(
        exchange_id, clock=FakeClock(), base_url=base_url, timeout_s=1.5
    )
    await connection.close()
    return connection


def addresses(urls: Any) -> list[str]:
    if isinstance(urls, dict):
        return [text for below in urls.values() for text in addresses(below)]
    return [urls] if isinstance(urls, str) else []


@pytest.mark.parametrize(
    "exchange_id",
    ["bybit", "binanceusdm", "okx", "bitget", "gate", "htx", "hyperliquid", "mexc"],
)
async def test_every_address_is_pointed_at_the_loopback_server(
    exchange_id: str,
) -> None:
    connection = await connected(exchange_id)
    pointed = addresses(connection._exchange.urls["api"])

    assert pointed
    assert {urlsplit(address).netloc for address in pointed} == {"127.0.0.1:9"}


async def test_paths_are_kept_when_pointed() -> None:
    connection = await connected("binanceusdm")

    assert connection._exchange.urls["api"]["fapiPublic"] == f"{BASE}/fapi/v1"


def test_streams_are_pointed_too_and_what_is_no_address_is_left_alone() -> None:
    urls = {"ws": {"public": "wss://stream.bybit.com/v5/public"}, "version": 5}

    assert _pointed(urls, f"{BASE}/") == {
        "ws": {"public": "ws://127.0.0.1:9/v5/public"},
        "version": 5,
    }


async def test_other_exchanges_keep_their_addresses() -> None:
    await connected("bybit")
    connection = await connected("bybit", base_url=None)

    assert "127.0.0.1" not in str(connection._exchange.urls["api"])


async def test_only_this_machine_can_stand_in_for_an_exchange() -> None:
    with pytest.raises(ConfigError, match="loopback"):
        await connected("bybit", "http://example.com")


async def test_an_unknown_exchange_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        await connected("bibit")

    assert str(caught.value) == "no exchange is called 'bibit'"
    assert "bybit" in caught.value.hint


async def test_what_is_a_name_in_ccxt_but_no_exchange_is_refused() -> None:
    for name in ("exchanges", "Exchange", "base", "zzzzzz"):
        with pytest.raises(ConfigError):
            await connected(name)


async def test_an_exchange_without_perpetuals_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="kraken offers no perpetual swaps"):
        await connected("kraken")


@pytest.mark.parametrize(
    ("exchange_id", "types"),
    [
        ("bybit", ["linear", "inverse"]),
        ("binanceusdm", ["linear"]),
        ("okx", ["swap"]),
        ("hyperliquid", ["swap"]),
        ("kucoinfutures", ["swap", "contract"]),
        ("bitget", ["swap"]),
        ("htx", {"spot": False, "linear": True, "inverse": True}),
    ],
)
async def test_only_perpetuals_are_asked_for(exchange_id: str, types: object) -> None:
    connection = await connected(exchange_id)

    assert connection._exchange.options["fetchMarkets"]["types"] == types


async def test_an_exchange_without_the_choice_is_left_as_it_is() -> None:
    for exchange_id in ("bingx", "coinbase", "gemini"):
        assert (await connected(exchange_id)).call_s > 0


async def test_timeouts_are_given_to_ccxt_in_its_own_unit() -> None:
    assert (await connected("bybit"))._exchange.timeout == 1500


@pytest.mark.parametrize(
    ("exchange_id", "call_s"),
    [("bybit", 0.04), ("binanceusdm", 0.05), ("okx", 0.055), ("hyperliquid", 1.06)],
)
async def test_a_call_takes_its_share_of_the_rate_limit(
    exchange_id: str, call_s: float
) -> None:
    assert (await connected(exchange_id)).call_s == pytest.approx(call_s)


async def test_the_session_has_its_guards_and_ccxt_counts_it_as_its_own() -> None:
    connection = Connection("bybit", clock=FakeClock(), base_url=BASE, timeout_s=1)
    session = connection._exchange.session

    assert session is connection._session
    assert not session.trust_env
    assert connection._exchange.own_session
    assert connection._exchange.enableLastHttpResponse is False
    await connection.close()
    assert session.closed
    assert connection._exchange.session is None


async def test_a_session_ccxt_made_itself_is_replaced_by_a_guarded_one() -> None:
    connection = Connection("bybit", clock=FakeClock(), base_url=BASE, timeout_s=1)
    await connection._exchange.close()
    connection._exchange.open()
    unguarded = connection._exchange.session

    assert await connection.heal()
    assert unguarded.closed
    assert connection._exchange.session is connection._session
    assert not await connection.heal()
    await connection.close()


async def test_nothing_is_healed_once_closing() -> None:
    connection = await connected("bybit")

    assert not await connection.heal()
    assert connection._exchange.session is None


async def test_an_exchange_that_keeps_its_time_to_itself_lends_this_machines() -> None:
    clock, events = FakeClock(), list[Event]()
    exchange = Exchange(
        "krakenfutures",
        clock=clock,
        retry=RetryPolicy(enabled=False),
        emit=events.append,
        base_url=BASE,
        timeout_s=0.2,
        interval_s=5.0,
    )
    exchange._connection = await connected("krakenfutures")

    assert await exchange.now_ms() == clock.now_ms()
    assert await exchange._read_time() == clock.now_ms()
    await exchange.close()


async def test_an_exchange_that_was_not_opened_says_so() -> None:
    exchange = Exchange(
        "bybit",
        clock=FakeClock(),
        retry=RetryPolicy(),
        emit=print,
        base_url=BASE,
        timeout_s=1,
        interval_s=5.0,
    )
    with pytest.raises(RuntimeError, match="comes first"):
        await exchange.now_ms()
    await exchange.close()


def test_what_is_known_of_a_venue_and_of_any_other() -> None:
    assert venue("gate").volume_in_contracts
    assert not venue("bybit").volume_in_contracts
    assert venue("nobody").call_cost == 1.0


async def test_every_exchange_with_perpetuals_and_candles_can_be_set_up() -> None:
    ready = []
    for exchange_id in ccxt.exchanges:
        with suppress(ConfigError):
            ready.append((await connected(exchange_id))._exchange.id)

    assert {"bybit", "binanceusdm", "okx", "hyperliquid", "krakenfutures"} <= {*ready}
    assert "kraken" not in ready
