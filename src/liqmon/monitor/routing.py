"""Which webhooks a finding goes to, and whether anybody is to be woken up by it.

A route is named; ``""`` is the one of ``[discord]`` itself. That one takes everything
while no other is configured, and what none of them wants.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Final

from liqmon.core.model import Finding, Phase, Severity
from liqmon.settings.models import DiscordTable, RouteTable, symbol_key

__all__ = ["DEFAULT", "Heading", "finding_headings", "is_minor", "report_headings"]

DEFAULT: Final = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """One way of a message: ``route`` names the webhook, ``silent`` rings nowhere.

    ``mention_role`` is the id of the role to ping, empty for none.
    """

    route: str = DEFAULT
    silent: bool = False
    mention_role: str = ""


def finding_headings(
    finding: Finding,
    discord: DiscordTable,
    *,
    now_ms: int,
    zone: tzinfo | None = None,
    building_rings: bool = False,
) -> tuple[Heading, ...]:
    """Return where a finding goes; nowhere if the routes that want it are off.

    ``now_ms`` is wall clock; quiet hours are those of ``zone``, else of this machine.
    What is only building pings no role, even if it rings.
    """
    rings = building_rings and finding.phase is Phase.BUILDING
    quiet = not rings and is_minor(finding)
    wanting = [route for route in discord.routes if _wants(route, finding)]
    if not wanting:
        return _default(discord, silent=quiet)
    headings = _headings(wanting, now_ms=now_ms, zone=zone, silent=quiet)
    return _without_role(headings) if rings else headings


def report_headings(
    discord: DiscordTable, *, now_ms: int, silent: bool, zone: tzinfo | None = None
) -> tuple[Heading, ...]:
    """Return where a report on liqmon's own health goes; it pings no role."""
    caring = [route for route in discord.routes if route.health]
    if not caring:
        return _default(discord, silent=silent)
    headings = _headings(caring, now_ms=now_ms, zone=zone, silent=silent)
    return _without_role(headings)


def is_minor(finding: Finding) -> bool:
    """Return whether a finding is no reason to wake anybody up."""
    return finding.severity is Severity.LOW or finding.phase.is_over


def _without_role(headings: tuple[Heading, ...]) -> tuple[Heading, ...]:
    return tuple(Heading(heading.route, heading.silent) for heading in headings)


def _default(discord: DiscordTable, *, silent: bool) -> tuple[Heading, ...]:
    # without any route the default one exists even when it leads nowhere: what it
    # would get is kept in the outbox
    if discord.routes and discord.webhook is None:
        return ()
    return (Heading(silent=silent),)


def _wants(route: RouteTable, finding: Finding) -> bool:
    if route.health and not route.is_filtered:
        return False
    market = finding.market
    names = {symbol_key(market.name), symbol_key(market.symbol)}
    return (
        (not route.severity or finding.severity.name.lower() in route.severity)
        and (not route.symbols or not names.isdisjoint(map(symbol_key, route.symbols)))
        and (not route.exchanges or market.exchange in route.exchanges)
    )


def _headings(
    routes: Iterable[RouteTable], *, now_ms: int, zone: tzinfo | None, silent: bool
) -> tuple[Heading, ...]:
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(zone).time()
    headings = []
    for route in routes:
        if route.mode == "off":
            continue
        hushed = silent or route.mode == "silent" or _within(route.quiet_hours, now)
        role = "" if hushed else route.mention_role
        headings.append(Heading(route.name, hushed, role))
    return tuple(headings)


def _within(hours: str, now: time) -> bool:
    """Return whether it is quiet now: begin is inside, end is not, midnight may be."""
    if not hours:
        return False
    begin, end = map(time.fromisoformat, hours.split("-"))
    if begin <= end:
        return begin <= now < end
    return now >= begin or now < end
