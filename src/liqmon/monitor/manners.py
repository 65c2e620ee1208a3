"""How loud a message is and what goes with it: what the packer asks about a finding."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from liqmon.core.model import Finding
from liqmon.discord.attachments import Attachment
from liqmon.monitor.routing import Heading, is_minor

__all__ = [
    "Headings",
    "Hushes",
    "Manners",
    "Pictures",
    "hushes_nothing",
    "no_picture",
    "usual_heading",
]

Headings: TypeAlias = Callable[[Finding | None, str, int], Heading]
"""How a finding, or a report, is told on a route at a moment (wall clock)."""

Pictures: TypeAlias = Callable[[Finding], Awaitable[Attachment | None]]
"""A finding's chart, None if there is none in time."""

Hushes: TypeAlias = Callable[[Finding, int], bool]
"""Whether nobody is to be woken up by a finding at a moment (wall clock)."""


def usual_heading(finding: Finding | None, route: str, _now_ms: int) -> Heading:
    """Return how something is told where nothing is set: what is minor rings nobody."""
    return Heading(route, silent=finding is not None and is_minor(finding))


async def no_picture(_finding: Finding) -> Attachment | None:
    """Return no chart, where there are none."""
    return None


def hushes_nothing(_finding: Finding, _now_ms: int) -> bool:
    """Return that it may ring, where nothing is muted."""
    return False


@dataclass(frozen=True, slots=True)
class Manners:
    """The answers; those it begins with are for where nothing is set."""

    headings: Headings = usual_heading
    pictures: Pictures = no_picture
    hushes: Hushes = hushes_nothing
