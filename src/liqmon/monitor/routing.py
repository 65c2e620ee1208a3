"""Who a finding goes to, and whether anybody is to be woken up by it.

A route is named; ``""`` is the one of ``[discord]`` itself. That one takes everything
while no other route of Discord is configured, and what none of them wants. Receivers
other than Discord are named routes too, beside these: they take nothing away from them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Final

from liqmon.core.model import Finding, Phase, Severity
from liqmon.settings.models import DiscordTable, NotifyTable, RouteTable, symbol_key
from liqmon.settings.routes import Route

__all__ = ["DEFAULT", "Heading", "finding_headings", "is_minor", "report_headings"]

DEFAULT: Final = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """One way of a message: ``route`` names the receiver, ``silent`` rings nowhere.

    ``mention_role`` is the id of the role to ping, empty for none. ``hushed``: silent
    because the route is, whatever the message.
    """

    route: str = DEFAULT
    silent: bool = False
    mention_role: str = ""
    hushed: bool = False


def finding_headings(
    finding: Finding,
    discord: DiscordTable,
    *,
    now_ms: int,
    zone: tzinfo | None = None,
    receivers: Sequence[NotifyTable] = (),
    building_rings: bool = False,
) -> tuple[Heading, ...]:
    """Return where a finding goes; nowhere if the routes that want it are off.

    ``now_ms`` is wall clock; quiet hours are those of ``zone``, else of this machine.
    What is only building pings no role, even if it rings.
    """
    rings = building_rings and finding.phase is Phase.BUILDING
    quiet = not rings and is_minor(finding)
    wanting = [route for route in discord.routes if _wants(route, finding)]
    told = [one for one in receivers if _wants(one, finding) and _tells(one, finding)]
    beside = _headings(told, now_ms=now_ms, zone=zone, silent=quiet)
    if not wanting:
        return (*_default(discord, receivers, silent=quiet), *beside)
    headings = (*_headings(wanting, now_ms=now_ms, zone=zone, silent=quiet), *beside)
    return _without_role(headings) if rings else headings


def report_headings(
    discord: DiscordTable,
    *,
    now_ms: int,
    silent: bool,
    zone: tzinfo | None = None,
    receivers: Sequence[NotifyTable] = (),
) -> tuple[Heading, ...]:
    """Return where a report on liqmon's own health goes; it pings no role.

    If nobody cares, somebody must hear of it all the same: the first receiver.
    """
    routes = [route for route in discord.routes if route.health]
    beside = [one for one in receivers if one.health]
    default = () if routes else _default(discord, receivers, silent=silent)
    if not (routes or beside or default):
        beside = [one for one in receivers if one.mode != "off"][:1]
    headings = _headings([*routes, *beside], now_ms=now_ms, zone=zone, silent=silent)
    return (*default, *_without_role(headings))


def is_minor(finding: Finding) -> bool:
    """Return whether a finding is no reason to wake anybody up."""
    return finding.severity is Severity.LOW or finding.phase.is_over


def _without_role(headings: tuple[Heading, ...]) -> tuple[Heading, ...]:
    return tuple(Heading(heading.route, heading.silent) for heading in headings)


def _default(
    discord: DiscordTable, receivers: Sequence[NotifyTable], *, silent: bool
) -> tuple[Heading, ...]:
    # without any route the default one exists even when it leads nowhere: what it
    # would get is kept in the outbox
    if (discord.routes or receivers) and discord.webhook is None:
        return ()
    return (Heading(silent=silent),)


def _tells(receiver: NotifyTable, finding: Finding) -> bool:
    """Return whether this phase is worth a message that can never be edited."""
    if finding.phase.is_first_step:
        return False
    return receiver.ends or finding.phase is not Phase.END


def _wants(route: Route, finding: Finding) -> bool:
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
    routes: Iterable[Route], *, now_ms: int, zone: tzinfo | None, silent: bool
) -> tuple[Heading, ...]:
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(zone).time()
    headings = []
    for route in routes:
        if route.mode == "off":
            continue
        hushed = route.mode == "silent" or _within(route.quiet_hours, now)
        role = route.mention_role if isinstance(route, RouteTable) else ""
        quiet = silent or hushed
        headings.append(Heading(route.name, quiet, "" if quiet else role, hushed))
    return tuple(headings)


def _within(hours: str, now: time) -> bool:
    """Return whether it is quiet now: begin is inside, end is not, midnight may be."""
    if not hours:
        return False
    begin, end = map(time.fromisoformat, hours.split("-"))
    if begin <= end:
        return begin <= now < end
    return now >= begin or now < end
