"""What every route says, whatever it leads to: which findings, and how loudly."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from liqmon.settings.fields import (
    ExchangeId,
    RouteName,
    SeverityName,
    SpanOfDay,
    Symbol,
    Table,
)

__all__ = ["Route", "check_names"]


def check_names(names: Sequence[str], fault: str) -> None:
    """Raise, as a validator does, if a name is given twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        told = {"fault": fault, "name": twice[0], "hint": "give each its own name"}
        raise PydanticCustomError("twice", "{fault}, {name}", told)


class Route(Table):
    """Some findings to one receiver. An empty filter lets everything through."""

    name: RouteName = Field(description="What the route is called; each once.")
    severity: tuple[SeverityName, ...] = Field(
        default=(),
        strict=False,
        description="Only these: low, medium, high, critical. Empty: all.",
    )
    symbols: tuple[Symbol, ...] = Field(
        default=(), strict=False, description="Only these markets. Empty: all."
    )
    exchanges: tuple[ExchangeId, ...] = Field(
        default=(), strict=False, description="Only these exchanges. Empty: all."
    )
    health: bool = Field(
        default=False,
        description="Also liqmon's own health; only that if nothing is filtered.",
    )
    mode: Literal["on", "silent", "off"] = Field(
        default="on", description="on notifies, silent only posts, off drops."
    )
    quiet_hours: SpanOfDay = Field(
        default="",
        description='Silent in these hours of local time, such as "23:00-07:00".',
    )

    @property
    def is_filtered(self) -> bool:
        """Whether some findings are none of its business."""
        return bool(self.severity or self.symbols or self.exchanges)
