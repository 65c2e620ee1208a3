"""Numbers as people read them; what is not finite is unknown."""

import math
from typing import Final

__all__ = ["UNKNOWN", "number", "percent", "price", "span", "usd"]

UNKNOWN: Final = "n/a"


def number(value: float) -> str:
    """Return a score or threshold: 16.2, 1.35."""
    if not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


def price(value: float) -> str:
    """Return a price with the digits its size deserves: 62,480.50 or 0.000012345."""
    if not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.{_decimals(value)}f}"


def _decimals(value: float) -> int:
    """Return two for hundreds and more, else enough for five significant digits."""
    if abs(value) >= 100 or value == 0:
        return 2
    return min(4 - math.floor(math.log10(abs(value))), 12)


def percent(fraction: float, *, digits: int = 2) -> str:
    """Return ``-2.45 %`` for -0.0245, with a real minus sign."""
    if not math.isfinite(fraction):
        return UNKNOWN
    return f"{fraction * 100:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def usd(value: float) -> str:
    """Return ``$41.8 M`` for 41800000."""
    if not math.isfinite(value):
        return UNKNOWN
    for size, unit in ((1e9, " B"), (1e6, " M"), (1e3, " K")):
        # what would be shown as 1,000.0 of a unit is one of the next
        if abs(value) >= 0.99995 * size:
            return f"${value / size:,.1f}{unit}"
    return f"${value:,.0f}"


def span(seconds: float) -> str:
    """Return a duration in at most two units: ``27 s``, ``14 min``, ``3 h 5 min``."""
    if seconds < 60:
        return f"{max(int(seconds), 0)} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
