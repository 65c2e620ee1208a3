"""Numbers and foreign text as people read them; None and NaN are unknown, a dot."""

import math
from datetime import UTC, datetime

from liqmon.core.model import Finding

__all__ = [
    "UNKNOWN",
    "counted",
    "day_and_time",
    "is_open",
    "name_of",
    "percent",
    "plain",
    "price",
    "span",
    "time_of_day",
    "usd",
]

UNKNOWN = "·"


def plain(text: str) -> str:
    """Return foreign text as one line that cannot move a cursor or hide anything."""
    seen = (" " if char.isspace() else char for char in text)
    # Not printable: controls, bidi marks and their like, surrogates, private use.
    return " ".join("".join(filter(str.isprintable, seen)).split())


def name_of(symbol: str) -> str:
    """Return the short form of a unified symbol: ``BTC/USDT:USDT`` is BTCUSDT."""
    return plain(symbol.partition(":")[0].replace("/", ""))


def price(value: float | None) -> str:
    """Return a price with the digits its size deserves: 62,480.5 or 0.00001234."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.{_decimals(value)}f}"


def _decimals(value: float) -> int:
    """Return two for hundreds and more, else enough for five significant digits."""
    if abs(value) >= 100 or value == 0:
        return 2
    return min(4 - math.floor(math.log10(abs(value))), 9)


def percent(fraction: float | None, *, digits: int = 2) -> str:
    """Return ``-2.45 %`` for -0.0245, with a real minus sign."""
    if fraction is None or not math.isfinite(fraction):
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
    """Return a duration in at most two units: ``1.4 s``, ``3 min 5 s``, ``3 d 4 h``."""
    if not math.isfinite(seconds):
        return UNKNOWN
    seconds = max(seconds, 0.0)
    if seconds < 119.5:
        digits = 1 if seconds < 9.95 else 0
        return f"{seconds:.{digits}f} s".replace(".0 ", " ")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10 and rest:
        return f"{minutes} min {rest} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def day_and_time(at_ms: int) -> str:
    """Return ``2021-05-19 12:50``, in UTC."""
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d %H:%M}"


def counted(count: int, noun: str) -> str:
    """Return ``1 gap`` or ``3 gaps``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def time_of_day(at_ms: int) -> str:
    """Return ``14:05:12``, in UTC."""
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%H:%M:%S}"


def is_open(finding: Finding | None) -> bool:
    """Tell whether there is an episode and it has not ended."""
    return finding is not None and not finding.phase.is_over
