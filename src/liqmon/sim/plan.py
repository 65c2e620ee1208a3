"""What goes wrong, and when: ``NAME[@START[+DURATION]][:SYMBOL]``.

Seconds of real time since the server was ready. Without a duration a fault stays to
the end, without a start it is there from the beginning. A symbol restricts a fault of
the exchange to the requests about that market.
"""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from liqmon.errors import UserError
from liqmon.sim import discord_faults, exchange_faults

__all__ = ["SESSION_CLOSED", "FaultPlan", "Planned"]

SESSION_CLOSED: Final = "session-closed"
"""The monitor's own HTTP session closes: only whoever runs in its process can do it."""

_NAMES: Final = (
    *sorted(exchange_faults.FAULTS),
    *sorted(discord_faults.FAULTS),
    SESSION_CLOSED,
)

_GRAMMAR: Final = re.compile(
    r"(?P<name>[a-z0-9-]+)"
    r"(@(?P<start>\d+(\.\d+)?)(\+(?P<duration>\d+(\.\d+)?))?)?"
    r"(:(?P<symbol>[A-Z0-9]+))?"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault and its time, in seconds since the server was ready."""

    name: str
    start_s: float = 0.0
    end_s: float = math.inf
    symbol: str | None = None

    def holds(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Of several faults that hold at once the one named first counts."""

    faults: tuple[Planned, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Return the plan that these words describe.

        Raises:
            UserError: one of them is no fault; names those that are.
        """
        return cls(tuple(_planned(text) for text in texts))

    def exchange(self, at_s: float, symbol: str | None) -> Planned | None:
        """Return the fault that meets a request about this symbol now."""
        for fault in self.faults:
            is_meant = fault.symbol is None or fault.symbol == symbol
            if fault.name in exchange_faults.FAULTS and is_meant and fault.holds(at_s):
                return fault
        return None

    def discord(self, at_s: float) -> str | None:
        """Return the name of Discord's fault of this moment."""
        for fault in self.faults:
            if fault.name in discord_faults.FAULTS and fault.holds(at_s):
                return fault.name
        return None

    def moments(self, name: str) -> tuple[float, ...]:
        """Return when this fault begins, each time, in seconds."""
        return tuple(fault.start_s for fault in self.faults if fault.name == name)


def _planned(text: str) -> Planned:
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise UserError(
            f"--fault {text}: cannot be read",
            hint="write NAME@START+DURATION in seconds, for example http-503@10+5, and "
            "perhaps :BTCUSDT after it",
        )
    name, symbol = found["name"], found["symbol"]
    if name not in _NAMES:
        raise UserError(f"--fault {text}: there is no fault {name}", hint=_hint(name))
    if symbol is not None and name not in exchange_faults.FAULTS:
        raise UserError(
            f"--fault {text}: {name} is not about one market",
            hint=f"leave out :{symbol}",
        )
    start_s = float(found["start"] or 0.0)
    duration_s = float(found["duration"] or math.inf)
    return Planned(name, start_s, start_s + duration_s, symbol)


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, _NAMES, n=1)
    ask = f"did you mean {near[0]}? " if near else ""
    return f"{ask}there are {', '.join(_NAMES)}"
