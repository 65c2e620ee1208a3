"""What is checked by asking: each exchange, and each webhook by a GET."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Final

from liqmon.app.beside import some
from liqmon.app.checks import Area, Check, Grade
from liqmon.app.exchanges import exchange_from, impatient
from liqmon.app.receivers import opened_receiver
from liqmon.app.run import Run
from liqmon.app.selecting import wanted_of
from liqmon.app.webhooks import client_from
from liqmon.clock import Clock
from liqmon.core.model import Market
from liqmon.discord.answers import Answer, judge
from liqmon.discord.wire import json_object
from liqmon.errors import ConfigError, FeedBlocked, FeedError, UserError
from liqmon.exchange.catalogue import venue
from liqmon.exchange.client import Exchange
from liqmon.exchange.selection import Pick
from liqmon.settings.models import DiscordTable, NotifyTable
from liqmon.webhook import WebhookUrl

__all__ = ["clock_check", "exchange_checks", "webhook_checks"]

_MOST_SKEW_S: Final = 2.0
_ROWS: Final = 45


# exchanges


async def exchange_checks(
    run: Run, exchange_id: str, *, clock: Clock
) -> AsyncIterator[Check]:
    """Check that an exchange answers, and that it has what the run wants of it."""
    try:
        exchange = exchange_from(impatient(run.settings), exchange_id, clock, _ignore)
        async with exchange:
            async for check in _opened(run, exchange, clock):
                yield check
    except UserError as error:
        # no such exchange, or one without perpetuals
        yield Check(Area.SETUP, exchange_id, Grade.FAIL, str(error), error.hint)


def _ignore(_event: object) -> None:
    """Leave the events of a check alone: its outcome is what is told."""


async def _opened(run: Run, exchange: Exchange, clock: Clock) -> AsyncIterator[Check]:
    try:
        await exchange.open()
    except FeedError as error:
        yield _unreachable(exchange.id, error)
        return
    text = f"answers, and lists {len(exchange.listings)} perpetuals"
    yield Check(Area.FEED, exchange.id, Grade.OK, text)
    yield await _time(run, exchange, clock)
    yield Check(Area.FEED, exchange.id, Grade.OK, _offers(exchange))
    markets: list[Market] = []
    async for check in _symbols(run, exchange, markets):
        yield check
    if markets:
        yield await _candles(exchange, markets[0], run.settings.watch.timeframe)


def _unreachable(exchange: str, error: FeedError) -> Check:
    if isinstance(error, FeedBlocked):
        what = str(error).partition("; ")[0]
        others = [one for one in ("okx", "hyperliquid", "bybit") if one != exchange]
        hint = f"blocked in your country? try --exchange {others[0]} or {others[1]}"
        return Check(Area.FEED, exchange, Grade.FAIL, what, hint)
    hint = "is this machine online? is there a proxy, a firewall, a VPN in between?"
    if "HTTP" in str(error):
        hint = "somebody answered: is it under maintenance, or a proxy in between?"
    return Check(Area.FEED, exchange, Grade.FAIL, f"does not answer: {error}", hint)


async def _time(run: Run, exchange: Exchange, clock: Clock) -> Check:
    if not exchange.has_time:
        text = "does not tell its time: this machine's counts"
        return Check(Area.FEED, "clock", Grade.OK, text)
    before_ms, began_mono = clock.now_ms(), clock.monotonic()
    try:
        told_ms = await exchange.now_ms()
    except FeedError as error:
        text = f"{exchange.id} does not tell its time: {error}"
        return Check(Area.FEED, "clock", Grade.FAIL, text)
    took_s = clock.monotonic() - began_mono
    took = f"told in {took_s * 1000:.0f} ms"
    if run.settings.exchange.base_url is not None:
        text = f"{exchange.id} is one on this machine and keeps its own time, {took}"
        return Check(Area.FEED, "clock", Grade.OK, text)
    # half of the way there and back is no error of the clock
    ahead_s = (before_ms - told_ms) / 1000 + took_s / 2
    return clock_check(exchange.id, ahead_s, took)


def clock_check(exchange: str, ahead_s: float, took: str) -> Check:
    """Check how far this machine's clock is ahead of an exchange's."""
    side = "ahead of" if ahead_s > 0 else "behind"
    text = f"this machine is {abs(ahead_s):.1f} s {side} {exchange}, {took}"
    if abs(ahead_s) > _MOST_SKEW_S:
        hint = "set it: timedatectl set-ntp true; windows go by the exchange's time"
        return Check(Area.FEED, "clock", Grade.WARN, text, hint)
    return Check(Area.FEED, "clock", Grade.OK, text)


def _offers(exchange: Exchange) -> str:
    """Return what can be had there, in words that promise nothing."""
    if venue(exchange.id).ticker_interest or exchange.offers("fetchOpenInterests"):
        interest = "open interest of all markets at once"
    elif exchange.offers("fetchOpenInterest"):
        interest = "open interest market by market"
    else:
        interest = "no open interest"
    volumes = "24 h volumes" if exchange.offers("fetchTickers") else "no volumes"
    published = venue(exchange.id).liquidations or "nothing that ccxt can read"
    return (
        f"gives 1m and 5m candles, {volumes}, {interest}; of liquidations it publishes "
        f"{published}, and liqmon infers them from candles"
    )


async def _symbols(
    run: Run, exchange: Exchange, markets: list[Market]
) -> AsyncIterator[Check]:
    """Check what is to be watched; what is found goes into ``markets``."""
    for text in run.symbols:
        yield _named(exchange, text, markets)
    wanted = replace(wanted_of(run), named=())
    if not wanted.is_ranked:
        return
    try:
        picks = await exchange.select(wanted)
    except (FeedError, UserError) as error:
        hint = getattr(error, "hint", "")
        yield Check(Area.FEED, "symbols", Grade.FAIL, str(error), hint)
        return
    watched = [pick for pick in picks if not pick.excluded_by]
    markets.extend(pick.market for pick in watched if pick.market not in markets)
    grade = Grade.OK if watched else Grade.FAIL
    hint = "" if watched else "--exclude takes away all that were asked for"
    yield Check(Area.SETUP, "symbols", grade, _counted(watched), hint)


def _named(exchange: Exchange, text: str, markets: list[Market]) -> Check:
    try:
        market = exchange.market(text)
    except UserError as error:
        return Check(Area.SETUP, "symbols", Grade.FAIL, str(error), error.hint)
    listed = next(one for one in exchange.listings if one.market == market)
    told = f"{text}: {market.symbol} on {exchange.id}"
    if not listed.active:
        hint = "it was delisted or halted; take it out of [watch] symbols"
        text = f"{told} is not traded any more"
        return Check(Area.SETUP, "symbols", Grade.FAIL, text, hint)
    markets.append(market)
    kind = "an inverse perpetual" if market.inverse else "a linear perpetual"
    return Check(Area.SETUP, "symbols", Grade.OK, f"{told}, {kind}")


def _counted(picks: list[Pick]) -> str:
    names = [pick.market.name for pick in picks]
    return f"{len(names)} by rank: {some(names)}"


async def _candles(exchange: Exchange, market: Market, timeframe: str) -> Check:
    try:
        now_ms = await exchange.now_ms()
        candles = await exchange.candles(market, timeframe, limit=_ROWS, now_ms=now_ms)
    except FeedError as error:
        text = f"{market.name}: no candles from {exchange.id}: {error}"
        return Check(Area.FEED, "candles", Grade.FAIL, text)
    age_s = max(now_ms - int(candles.open_ms[-1]), 0) / 1000
    text = f"{market.name} {timeframe} from {exchange.id}, the newest began {age_s:.0f}"
    return Check(Area.FEED, "candles", Grade.OK, f"{text} s ago")


# webhooks


async def webhook_checks(
    discord: DiscordTable, *, clock: Clock, receivers: Sequence[NotifyTable] = ()
) -> AsyncIterator[Check]:
    """Look at each webhook and each other receiver without sending anything."""
    webhooks = dict(_webhooks(discord))
    others = [one for one in receivers if one.mode != "off"]
    if not (webhooks or others):
        text = "none: findings are kept and shown, and sent nowhere"
        hint = "set one up with liqmon init"
        yield Check(Area.DELIVERY, "webhook", Grade.WARN, text, hint)
    for webhook, name in webhooks.items():
        async with client_from(discord, webhook, clock) as client:
            yield _looked_at(name, await client.look())
    for table in others:
        yield _understood(table, clock)


def _understood(table: NotifyTable, clock: Clock) -> Check:
    topic = f"notify {table.name}"
    try:
        receiver = opened_receiver(table, clock)
    except ConfigError as error:
        return Check(Area.SETUP, topic, Grade.FAIL, str(error), error.hint)
    text = f"{receiver.title}, was not asked: it takes nothing but messages"
    hint = f"send it one: liqmon test-webhook --route {table.name}"
    return Check(Area.DELIVERY, topic, Grade.OK, text, hint)


def _webhooks(discord: DiscordTable) -> Iterator[tuple[WebhookUrl, str]]:
    """Yield each webhook with what it is called, those of routes first."""
    for route in discord.routes:
        if route.webhook is not None:
            yield route.webhook, f"route {route.name}"
    if discord.webhook is not None:
        yield discord.webhook, "webhook"


def _looked_at(topic: str, answer: Answer) -> Check:
    if answer.status == 200 and not answer.error:
        body = json_object(answer.body) or {}
        told = f"{body.get('name') or 'unnamed'} in channel {body.get('channel_id')}"
        took = f"answered in {answer.latency_s * 1000:.0f} ms, nothing was posted"
        return Check(Area.DELIVERY, topic, Grade.OK, f"{told}, {took}")
    ruling = judge(answer)
    grade = Grade.WARN if ruling.wait_s else Grade.FAIL
    return Check(Area.DELIVERY, topic, grade, ruling.explanation, ruling.hint)
