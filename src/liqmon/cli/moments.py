"""Points in time as people type them: 2021-05-19T12:50, an epoch, or 90d ago."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from liqmon.errors import UserError

__all__ = ["Since", "moment_ms", "since"]

_DAYS: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])", re.ASCII)
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@dataclass(frozen=True, slots=True)
class Since:
    """Where a stretch of time begins: ``start_ms``, or ``span_ms`` before its end."""

    span_ms: int = 0
    start_ms: int | None = None

    def before(self, end_ms: int) -> int:
        """Return the beginning of a stretch that ends then."""
        return end_ms - self.span_ms if self.start_ms is None else self.start_ms


def since(text: str) -> Since:
    """Return what ``--since`` says: a span such as 90d, or a time.

    Raises:
        UserError: it is neither.
    """
    if (match := _DAYS.fullmatch(text.strip())) is not None:
        return Since(span_ms=round(float(match[1]) * _UNIT_MS[match[2]]))
    return Since(start_ms=moment_ms(text, option="--since", spans=True))


def moment_ms(text: str, *, option: str, spans: bool = False) -> int:
    """Return a time in epoch milliseconds; a time without a zone is UTC.

    ``spans``: the option would have taken a span as well.

    Raises:
        UserError: it is none; names the option.
    """
    try:
        if text.isascii() and text.isdigit():
            # ten digits count seconds until the year 2286
            scale = 1 if len(text) > 10 else 1000
            moment = datetime.fromtimestamp(int(text) * scale / 1000, tz=UTC)
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise UserError(
            f"{option} {text}: no time that can be read",
            hint="write 2021-05-19T12:00, or milliseconds since 1970"
            + ", or a span such as 90d" * spans,
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
