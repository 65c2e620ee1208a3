"""Several markets in one message: the worst is told, the others are listed."""

from collections.abc import Sequence
from typing import Final

from liqmon.core.model import Finding, Phase
from liqmon.discord.figures import percent
from liqmon.discord.text import external
from liqmon.discord.wording import change, name, took, worst_change

__all__ = ["also_moving", "market_count", "market_wide"]

_MARKET_WIDE: Final = 5
"""From here on it is not about single markets any more."""
_MOST_LISTED: Final = 8


def market_count(finding: Finding, others: Sequence[Finding]) -> int:
    """Return how many markets there are, each exchange's own counted apart."""
    return len({one.market.key for one in (finding, *others)})


def market_wide(finding: Finding, others: Sequence[Finding]) -> str:
    """Return the name of what moves everything, empty for fewer than five markets."""
    count = market_count(finding, others)
    if count < _MARKET_WIDE:
        return ""
    side = finding.liquidated
    same = all(one.liquidated is side for one in others)
    sides = f"{side.value} " if same else ""
    return f"Market-wide {sides}liquidations ({count} markets)"


def also_moving(finding: Finding, others: Sequence[Finding]) -> str:
    """Return the others on a line each, as many as can be read at a glance."""
    listed = [_line(one, finding) for one in others[:_MOST_LISTED]]
    left = len(others) - _MOST_LISTED
    return "\n".join([*listed, f"+{left} more"] if left > 0 else listed)


def _line(one: Finding, beside: Finding) -> str:
    where = ""
    if one.market.exchange != beside.market.exchange:
        where = f" on {external(one.market.exchange, 40)}"
    subject = f"{name(one)}{where} {one.liquidated.value}s"
    if one.phase is Phase.END:
        worst = percent(worst_change(one), digits=1)
        return f"{subject} · ended after {took(one)}, {worst} at worst"
    move = percent(change(one), digits=1)
    how = one.phase.value if one.phase.is_first_step else one.severity.name
    return f"{subject} {move} in {took(one)} · {how}"
