"""A finding in words: the phrases that a card, a line and a push are made of."""

import math
from typing import Final

from liqmon.core.confidence import odds
from liqmon.core.model import Basis, Finding, Phase, PositionSide
from liqmon.discord.figures import number, percent, price, span
from liqmon.discord.text import external

__all__ = [
    "change",
    "evidence",
    "happened",
    "moment",
    "name",
    "price_path",
    "told",
    "took",
    "until_ms",
    "way_back",
    "why",
    "worst_change",
    "worst_word",
]

_MOVE: Final = {PositionSide.LONG: "falling", PositionSide.SHORT: "rising"}

_EVIDENCE: Final = {
    Basis.INFERRED: (
        "Inferred from price and volume, not from published liquidations."
    ),
    Basis.CORROBORATED: (
        "Inferred from price and volume; open interest or taker flow agrees."
    ),
    Basis.OBSERVED: "The exchange published liquidations on this side.",
}


def name(finding: Finding) -> str:
    """Return the market's short name, harmless whatever the exchange calls it."""
    return external(finding.market.name, 60)


def told(finding: Finding) -> str:
    """Return what a push says after the subject: how grave, how far, how sure."""
    move = percent(change(finding), digits=1)
    basis = finding.basis.name.lower()
    if finding.phase is Phase.END:
        return f"ended after {took(finding)}, {move} · {basis}"
    if finding.phase.is_first_step:
        return f"{finding.phase.value} · {move} in {took(finding)} · {basis}"
    now = "now " * (finding.phase is Phase.ESCALATION)
    return f"{now}{finding.severity.name} · {move} in {took(finding)} · {basis}"


def happened(finding: Finding) -> str:
    """Return what the price does and what that means for whom."""
    side = finding.liquidated
    if finding.phase is Phase.END:
        return f"Price stopped {_MOVE[side]}: the {side} liquidations are over."
    if finding.phase is Phase.WITHDRAWN:
        return f"It came to nothing: no {side} liquidations to tell of followed."
    if finding.phase is Phase.BUILDING:
        return (
            f"Price is {_MOVE[side]} on heavy volume, not enough yet: {side} "
            "liquidations may be building. About one in four fires within half an "
            "hour, which a new message tells; the others are withdrawn here."
        )
    probably = "" if finding.basis is Basis.OBSERVED else "probably "
    return (
        f"Price is {_MOVE[side]} fast on heavy volume: leveraged {side}s are "
        f"{probably}being closed by force."
    )


def evidence(finding: Finding) -> str:
    """Return what the finding rests on."""
    early = " Judged before the bar closed." if finding.early else ""
    return f"{_EVIDENCE[finding.basis]}{early}{_odds(finding)}"


def _odds(finding: Finding) -> str:
    is_finding = not (finding.phase.is_over or finding.phase.is_first_step)
    if finding.confidence is None or not is_finding:
        return ""
    return f" Of alerts like this, about {odds(finding.confidence)} were cascades."


def price_path(finding: Finding) -> str:
    """Return the price now above the way it took."""
    return (
        f"**{price(finding.price_to)}**\n{price(finding.price_from)} → "
        f"{worst_word(finding)} {price(finding.price_extreme)}"
    )


def worst_word(finding: Finding) -> str:
    """Return what the worst price is called: the low of a fall, the high of a rise."""
    return "low" if finding.liquidated is PositionSide.LONG else "high"


def worst_change(finding: Finding) -> float:
    """Return the whole move, from the onset to the worst price, as a fraction."""
    return _ratio(finding.price_extreme, finding.price_from) - 1.0


def change(finding: Finding) -> float:
    """Return the move so far as a fraction, NaN where the facts do not give one."""
    return _ratio(finding.price_to, finding.price_from) - 1.0


def way_back(finding: Finding) -> str:
    """Return how far the price has come back, in itself and of the whole move."""
    whole = finding.price_extreme - finding.price_from
    share = _ratio(finding.price_extreme - finding.price_to, whole)
    back = _ratio(finding.price_to, finding.price_extreme) - 1.0
    return (
        f"**{percent(back)}**\nfrom the {worst_word(finding)}, "
        f"{percent(share, digits=0).lstrip('+')} of the move"
    )


def why(finding: Finding) -> str:
    """Return each condition on a line with its value and its threshold."""
    return "\n".join(
        f"{external(condition.name, 80)}: {number(condition.value)} "
        f"(fires at {number(condition.threshold)})"
        for condition in finding.conditions
    )


def took(finding: Finding) -> str:
    """Return how long the episode has lasted."""
    took_ms = until_ms(finding) - finding.onset_ms
    return span(took_ms / 1000) if took_ms > 0 else f"one {finding.timeframe} candle"


def until_ms(finding: Finding) -> int:
    """Return the end of the episode, or as far as it is known."""
    return finding.decided_ms if finding.ended_ms is None else finding.ended_ms


def moment(at_ms: int, style: str) -> str:
    """Return a moment that Discord shows in the reader's own zone and language."""
    return f"<t:{at_ms // 1000}:{style}>"


def _ratio(part: float, whole: float) -> float:
    # a row of another version may hold any number, and must be told all the same
    return part / whole if whole else math.nan
