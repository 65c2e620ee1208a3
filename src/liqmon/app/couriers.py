"""One courier for each receiver, and what goes to which of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from liqmon.app.receivers import OpenedReceiver, opened_receivers
from liqmon.app.run import Run
from liqmon.app.webhooks import client_from
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.model import Finding
from liqmon.discord.answers import judge as judge_discord
from liqmon.discord.client import DiscordClient
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.carrier import Judge
from liqmon.monitor.courier import Courier, Sender
from liqmon.monitor.manners import (
    Hushes,
    Manners,
    Pictures,
    hushes_nothing,
    no_picture,
    usual_heading,
)
from liqmon.monitor.reports import DISCORD
from liqmon.monitor.routing import (
    DEFAULT,
    Heading,
    finding_headings,
    report_headings,
)
from liqmon.settings.models import DiscordTable, Settings
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry
from liqmon.webhook import WebhookUrl

__all__ = ["Couriers", "opened_couriers"]

Webhooks: TypeAlias = Mapping[WebhookUrl | None, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Couriers:
    """The couriers of a run by their names, none twice for one webhook.

    ``loud`` are the routes that cannot be silent: in quiet hours they get nothing, nor
    of what ``hushes`` lets nobody be woken up by.
    """

    by_name: Mapping[str, Courier]
    settings: Settings
    clock: Clock
    loud: frozenset[str] = frozenset()
    hushes: Hushes = hushes_nothing

    @property
    def work(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What each has to do for as long as the run lasts."""
        return {name: courier.run for name, courier in self.by_name.items()}

    def wake(self) -> None:
        """Have all of them look into the outbox now."""
        for courier in self.by_name.values():
            courier.wake()

    def send_undurable(self, entries: Sequence[OutboxEntry]) -> None:
        """Have each send, once, what the disk did not take."""
        for courier in self.by_name.values():
            courier.send_undurable(entries)

    async def drain(self, *, deadline_s: float) -> int:
        """Let all of them send what they can; return how many findings were not."""
        async with asyncio.TaskGroup() as tasks:
            draining = [
                tasks.create_task(courier.drain(deadline_s=deadline_s), name=name)
                for name, courier in self.by_name.items()
            ]
        return sum(task.result() for task in draining)

    def routes_of(self, finding: Finding) -> Sequence[str]:
        """Return the routes that a finding goes to, no webhook twice."""
        now_ms = self.clock.now_ms()
        hushed = self.hushes(finding, now_ms)
        first: dict[tuple[object, str | None], str] = {}
        for heading in finding_headings(
            finding,
            self.settings.discord,
            now_ms=now_ms,
            receivers=self.settings.notify,
        ):
            if heading.route not in self.loud or not (hushed or heading.hushed):
                first.setdefault(_address(heading.route, self.settings), heading.route)
        return tuple(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One receiver: what goes there, and who takes it there; None keeps it here."""

    name: str
    routes: Sequence[str]
    fingerprint: str = ""
    sender: Sender | None = None
    threads: Mapping[str, Sender] = field(default_factory=dict)
    judge: Judge = judge_discord
    called: str = DISCORD
    pictures: Pictures = no_picture


async def opened_couriers(
    run: Run,
    stack: AsyncExitStack,
    *,
    store: Store,
    clock: Clock,
    bulletin: Bulletin,
    pictures: Pictures,
    hushes: Hushes = hushes_nothing,
) -> Couriers:
    """Open a client for each receiver, closed with the stack, and give it a courier.

    What waits for a route that is no more goes to the first one.

    Raises:
        UserError: a receiver other than Discord cannot be used.
    """
    settings, discord = run.settings, run.settings.discord
    receivers = {} if run.dry_run else opened_receivers(settings.notify, clock)
    ways = [
        *await _webhook_ways(run, stack, clock, pictures),
        *(_receiver_way(one) for one in receivers.values()),
    ]
    names = [name for way in ways for name in way.routes]
    known = {*names, *(route.name for route in (*discord.routes, *settings.notify))}
    if names:
        await store.adopt(sorted(known), heir=names[0])
    couriers = {
        way.name: Courier(
            store=store,
            sender=way.sender,
            threads=way.threads,
            breaker=Breaker(_policy(run)),
            fingerprint=way.fingerprint,
            clock=clock,
            emit=bulletin.publish,
            when_open=discord.when_open,
            on_receiver=partial(bulletin.show_receiver, name=way.name),
            receiver=replace(
                bulletin.snapshot.receiver, configured=way.sender is not None
            ),
            tell=partial(bulletin.show_banner, "outbox"),
            routes=way.routes,
            reports_to=report_routes(settings, clock.now_ms()),
            group_wait_s=discord.group_wait_s,
            manners=Manners(partial(_heading, settings), way.pictures, hushes),
            judge=way.judge,
            called=way.called,
        )
        for way in ways
    }
    loud = {name for name, one in receivers.items() if not one.can_be_silent}
    return Couriers(couriers, settings, clock, frozenset(loud), hushes)


def report_routes(settings: Settings, now_ms: int) -> tuple[str, ...]:
    """Return the routes that hear of liqmon's own health."""
    headings = report_headings(
        settings.discord, now_ms=now_ms, silent=False, receivers=settings.notify
    )
    return tuple(heading.route for heading in headings)


async def _webhook_ways(
    run: Run, stack: AsyncExitStack, clock: Clock, pictures: Pictures
) -> list[_Way]:
    webhooks = _webhooks(run.settings, dry_run=run.dry_run)
    ways = []
    for webhook, routes in webhooks.items():
        senders = await _senders(run, stack, routes, clock) if webhook else {}
        alone = len(webhooks) == 1
        ways.append(
            _Way(
                name="courier" if alone else f"courier of {routes[0] or 'all'}",
                routes=routes,
                fingerprint="" if webhook is None else webhook.fingerprint,
                sender=senders.get(routes[0]),
                threads=senders,
                pictures=pictures,
            )
        )
    return ways


def _receiver_way(opened: OpenedReceiver) -> _Way:
    return _Way(
        name=f"courier of {opened.name}",
        routes=(opened.name,),
        fingerprint=opened.fingerprint,
        sender=opened.client,
        judge=opened.judge,
        called=opened.name,
    )


def _webhooks(settings: Settings, *, dry_run: bool) -> Webhooks:
    """Return the routes by their webhook; None is where nothing is sent."""
    discord = settings.discord
    found: dict[WebhookUrl | None, list[str]] = {}
    names = [route.name for route in discord.routes if route.mode != "off"]
    if discord.webhook is not None or not (discord.routes or settings.notify):
        names.insert(0, DEFAULT)
    if dry_run:
        names += [one.name for one in settings.notify if one.mode != "off"]
    for name in names:
        webhook = None if dry_run else _webhook_of(name, discord)
        found.setdefault(webhook, []).append(name)
    return found


def _webhook_of(name: str, discord: DiscordTable) -> WebhookUrl | None:
    routes = {route.name: route.webhook for route in discord.routes}
    return routes.get(name) or discord.webhook


def _address(name: str, settings: Settings) -> tuple[object, str | None]:
    """Return what two routes that lead to the same place have in common."""
    receiver = next((one.url for one in settings.notify if one.name == name), None)
    if receiver is not None:
        return receiver, None
    webhook = _webhook_of(name, settings.discord)
    return webhook, None if webhook is None else webhook.thread_id


async def _senders(
    run: Run, stack: AsyncExitStack, routes: Sequence[str], clock: Clock
) -> dict[str, DiscordClient]:
    """Return the client of each route; those of one thread share it."""
    discord = run.settings.discord
    by_thread: dict[str | None, DiscordClient] = {}
    senders: dict[str, DiscordClient] = {}
    for name in routes:
        webhook = _webhook_of(name, discord)
        if webhook is None:
            continue
        if webhook.thread_id not in by_thread:
            client = client_from(discord, webhook, clock)
            opened = await stack.enter_async_context(client)
            by_thread[webhook.thread_id] = opened
        senders[name] = by_thread[webhook.thread_id]
    return senders


def _policy(run: Run) -> BreakerPolicy:
    breaker = run.settings.breaker
    return BreakerPolicy(
        enabled=breaker.enabled,
        failure_threshold=breaker.failure_threshold,
        open_s=breaker.open_s,
        open_schedule_s=tuple(breaker.open_schedule_s),
    )


def _heading(
    settings: Settings, finding: Finding | None, route: str, now_ms: int
) -> Heading:
    """Return how something is told on a route now, when it is really sent."""
    discord, receivers = settings.discord, settings.notify
    if finding is None:
        headings = report_headings(
            discord, now_ms=now_ms, silent=False, receivers=receivers
        )
    else:
        headings = finding_headings(
            finding,
            discord,
            now_ms=now_ms,
            receivers=receivers,
            building_rings=settings.detector.building == "on",
        )
    usual = usual_heading(finding, route, now_ms)
    return next((one for one in headings if one.route == route), usual)
