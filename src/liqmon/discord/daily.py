"""The daily sign of life: that liqmon is there, and what the day came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liqmon.discord.figures import span
from liqmon.discord.fit import fit
from liqmon.discord.looks import OWN_GLYPH, OWN_HEALTH
from liqmon.discord.message import Embed, Field, Message
from liqmon.discord.wording import moment

__all__ = ["Day", "daily_notice", "day_from_facts"]


@dataclass(frozen=True, slots=True)
class Day:
    """What happened from ``since_ms`` to ``until_ms`` (wall clock).

    ``found`` counts onsets by severity, the gravest first. ``asked`` and ``answered``
    are market polls.
    """

    since_ms: int
    until_ms: int
    uptime_s: float
    markets: int
    asked: int
    answered: int
    found: tuple[tuple[str, int], ...]
    delivered: int
    undelivered: int
    retried: int
    healed: int
    gave_up: int
    breaker_opened: int


def day_from_facts(facts: Mapping[str, Any]) -> Day | None:
    """Return the day that was written down, None if another version wrote it."""
    numbers: dict[str, Any] = {
        name: value for name, value in facts.items() if isinstance(value, int | float)
    }
    try:
        found = tuple((str(name), int(count)) for name, count in facts["found"])
        return Day(**numbers, found=found)
    except (KeyError, TypeError, ValueError):
        return None


def daily_notice(day: Day) -> dict[str, object]:
    """Return the post, which notifies nobody."""
    found = ", ".join(f"{count} {name.upper()}" for name, count in day.found if count)
    markets = "1 market" if day.markets == 1 else f"{day.markets} markets"
    fields = (
        Field("Findings", found or "none"),
        Field("Data", _share(day.answered, day.asked)),
        Field("Webhook", _webhook(day)),
        Field("Retries", _retries(day)),
        Field("Up", span(day.uptime_s)),
    )
    embed = Embed(
        title="liqmon is alive",
        description=f"Watching {markets}. Since {moment(day.since_ms, 'f')}:",
        fields=fields,
        footer="liqmon · daily digest",
        color=OWN_HEALTH,
        timestamp_ms=day.until_ms,
    )
    told = f"{markets}, {found or 'no findings'}"
    content = f"{OWN_GLYPH} **liqmon is alive**. {told}."
    return fit(Message(content, (embed,), silent=True))


def _share(part: int, whole: int) -> str:
    if not whole:
        return "no polls"
    # never rounded up to 100 when something was missing
    return f"{int(part / whole * 1000) / 10:g} % of polls"


def _webhook(day: Day) -> str:
    tried = day.delivered + day.undelivered
    if not tried:
        return "nothing to deliver"
    opened = f", breaker opened {day.breaker_opened} x" * bool(day.breaker_opened)
    return f"{day.delivered} of {tried} delivered{opened}"


def _retries(day: Day) -> str:
    if not (day.retried or day.healed):
        return "none"
    sessions = "1 session" if day.healed == 1 else f"{day.healed} sessions"
    healed = f", {sessions} healed" * bool(day.healed)
    gave_up = f", gave up {day.gave_up} x" * bool(day.gave_up)
    return f"{day.retried}{healed}{gave_up}"
