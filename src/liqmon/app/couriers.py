"""One courier for each webhook, and what goes to which of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import liqmon
from liqmon.app.run import Run
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.model import Finding
from liqmon.discord.client import DiscordClient
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.courier import Courier
from liqmon.monitor.packer import Pictures, usual_heading
from liqmon.monitor.routing import (
    DEFAULT,
    Heading,
    finding_headings,
    report_headings,
)
from liqmon.settings.models import DiscordTable
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry
from liqmon.webhook import WebhookUrl

__all__ = ["Couriers", "opened_couriers"]

Webhooks: TypeAlias = Mapping[WebhookUrl | None, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Couriers:
    """The couriers of a run by their names, none twice for one webhook."""

    by_name: Mapping[str, Courier]
    discord: DiscordTable
    clock: Clock

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
        headings = finding_headings(finding, self.discord, now_ms=now_ms)
        first: dict[tuple[WebhookUrl | None, str | None], str] = {}
        for heading in headings:
            webhook = _webhook_of(heading.route, self.discord)
            thread = None if webhook is None else webhook.thread_id
            first.setdefault((webhook, thread), heading.route)
        return tuple(first.values())


async def opened_couriers(
    run: Run,
    stack: AsyncExitStack,
    *,
    store: Store,
    clock: Clock,
    bulletin: Bulletin,
    pictures: Pictures,
) -> Couriers:
    """Open a client for each webhook, closed with the stack, and hand it to a courier.

    What waits for a route that is no more goes to the first one.
    """
    discord = run.settings.discord
    webhooks = _webhooks(discord, dry_run=run.dry_run)
    names = [name for routes in webhooks.values() for name in routes]
    known = {*names, *(route.name for route in discord.routes)}
    if names:
        await store.adopt(sorted(known), heir=names[0])
    couriers: dict[str, Courier] = {}
    for webhook, routes in webhooks.items():
        name = "courier" if len(webhooks) == 1 else f"courier of {routes[0] or 'all'}"
        senders = await _senders(run, stack, routes, clock) if webhook else {}
        couriers[name] = Courier(
            store=store,
            sender=senders.get(routes[0]),
            threads=senders,
            breaker=Breaker(_policy(run)),
            fingerprint="" if webhook is None else webhook.fingerprint,
            clock=clock,
            emit=bulletin.publish,
            when_open=discord.when_open,
            on_receiver=partial(bulletin.show_receiver, name=name),
            receiver=replace(
                bulletin.snapshot.receiver, configured=webhook is not None
            ),
            tell=partial(bulletin.show_banner, "outbox"),
            routes=routes,
            reports_to=report_routes(discord, clock.now_ms()),
            group_wait_s=discord.group_wait_s,
            headings=partial(_heading, discord, run.settings.detector.building == "on"),
            pictures=pictures,
        )
    return Couriers(couriers, discord, clock)


def report_routes(discord: DiscordTable, now_ms: int) -> tuple[str, ...]:
    """Return the routes that hear of liqmon's own health."""
    headings = report_headings(discord, now_ms=now_ms, silent=False)
    return tuple(heading.route for heading in headings)


def _webhooks(discord: DiscordTable, *, dry_run: bool) -> Webhooks:
    """Return the routes by their webhook; None is where nothing is sent."""
    found: dict[WebhookUrl | None, list[str]] = {}
    names = [route.name for route in discord.routes if route.mode != "off"]
    if discord.webhook is not None or not discord.routes:
        names.insert(0, DEFAULT)
    for name in names:
        webhook = None if dry_run else _webhook_of(name, discord)
        found.setdefault(webhook, []).append(name)
    return found


def _webhook_of(name: str, discord: DiscordTable) -> WebhookUrl | None:
    routes = {route.name: route.webhook for route in discord.routes}
    return routes.get(name) or discord.webhook


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
            client = DiscordClient(
                webhook,
                timeout_s=discord.timeout_s,
                base_url=discord.base_url,
                version=liqmon.__version__,
                clock=clock,
            )
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
    discord: DiscordTable,
    building_rings: bool,  # noqa: FBT001 - for a partial
    finding: Finding | None,
    route: str,
    now_ms: int,
) -> Heading:
    """Return how something is told on a route now, when it is really sent."""
    if finding is None:
        headings = report_headings(discord, now_ms=now_ms, silent=False)
    else:
        headings = finding_headings(
            finding, discord, now_ms=now_ms, building_rings=building_rings
        )
    usual = usual_heading(finding, route, now_ms)
    return next((one for one in headings if one.route == route), usual)
