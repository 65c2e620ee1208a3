"""The message as a reader sees it, drawn from the body that is really sent."""

from pathlib import Path

from drawing.discord import message
from factories import ETH, a_finding
from falling import an_hour, told_of
from liqmon.charts.candles import drawn
from liqmon.core.model import Condition, Market, Phase
from liqmon.discord.embeds import finding_message

GOLDEN = Path(__file__).parents[2] / "golden" / "discord_message.svg"


def a_picture() -> str:
    candles = an_hour()
    finding = told_of(
        candles,
        phase=Phase.ESCALATION,
        score=22.4,
        nearness=1.87,
        conditions=(Condition("S over 5 min", 22.4, 12.0),),
    )
    sol = Market("bybit", "SOL/USDT:USDT", "SOL", "USDT")
    since = {"onset_ms": finding.onset_ms, "decided_ms": finding.decided_ms}
    body = finding_message(
        finding,
        now_ms=finding.decided_ms,
        others=[
            a_finding(market=ETH, episode="b77e01f4", **since),
            a_finding(market=sol, episode="09d3c2aa", price_to=61_617.0, **since),
        ],
        nth_today=3,
        picture="liq.png",
    )
    return message(body, drawn(candles, finding))


def test_the_message_looks_as_agreed() -> None:
    """Compare with the picture in the README, which people have looked at."""
    assert a_picture() == GOLDEN.read_text(encoding="utf-8")
