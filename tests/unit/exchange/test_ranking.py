"""How few calls it takes to rank the markets of a venue."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from fakes import FakeClock
from liqmon.core.model import Market
from liqmon.errors import FeedError, FeedUnavailable, UserError
from liqmon.exchange.calls import Calls
from liqmon.exchange.ranking import ranking
from liqmon.exchange.retry import RetryPolicy
from liqmon.exchange.selection import Wanted
from liqmon.exchange.verdict import Action, Verdict


@dataclass
class FakeTeller:
    """Tells volumes that fall and open interests that rise."""

    offered: tuple[str, ...]
    count: int = 6
    failing: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def offers(self, what: str) -> bool:
        return what in self.offered

    async def tickers(self, symbols: Sequence[str]) -> object:
        self.asked.append("tickers")
        return {
            symbol: {"last": 1.0, "quoteVolume": 100.0 - at}
            for at, symbol in enumerate(symbols)
        }

    async def open_interests(self, symbols: Sequence[str]) -> object:
        self.asked.append("all")
        return {symbol: self._told(symbol) for symbol in symbols}

    async def open_interest(self, symbol: str) -> object:
        self.asked.append(symbol)
        if symbol in self.failing:
            raise FeedUnavailable("no")
        return self._told(symbol)

    def _told(self, symbol: str) -> dict[str, Any]:
        return {"openInterestAmount": float(symbol[1])}


@dataclass
class Healer:
    def verdict(self, error: BaseException) -> Verdict:
        return Verdict(Action.FATAL, str(error))

    async def heal(self) -> bool:
        return False


def markets(exchange: str, count: int = 6) -> list[Market]:
    return [
        Market(exchange, f"C{at}/USDT:USDT", f"C{at}", "USDT") for at in range(count)
    ]


def calls(exchange: str) -> Calls:
    return Calls(
        exchange,
        healer=Healer,
        clock=FakeClock(),
        retry=RetryPolicy(enabled=False),
        emit=lambda _: None,
        interval_s=5.0,
    )


async def ranked(exchange: str, teller: FakeTeller, wanted: Wanted) -> dict[str, Any]:
    listed = markets(exchange)
    return dict(await ranking(teller, calls(exchange), wanted, listed))


async def test_by_volume_one_call_is_enough() -> None:
    teller = FakeTeller(("fetchTickers", "fetchOpenInterest"))

    found = await ranked("binanceusdm", teller, Wanted(top=2))

    assert teller.asked == ["tickers"]
    assert found["C0/USDT:USDT"].volume == 100.0


async def test_open_interest_that_comes_with_the_tickers_costs_nothing_more() -> None:
    teller = FakeTeller(("fetchTickers", "fetchOpenInterest"))

    await ranked("bybit", teller, Wanted(top=2, by="oi"))

    assert teller.asked == ["tickers"]


async def test_open_interest_of_all_at_once_is_one_call_more() -> None:
    teller = FakeTeller(("fetchTickers", "fetchOpenInterests", "fetchOpenInterest"))

    found = await ranked("okx", teller, Wanted(top=2, by="oi"))

    assert teller.asked == ["tickers", "all"]
    assert found["C5/USDT:USDT"].open_interest == 5.0


async def test_told_one_by_one_only_the_most_traded_are_asked_about() -> None:
    teller = FakeTeller(("fetchTickers", "fetchOpenInterest"))

    found = await ranked("binanceusdm", teller, Wanted(top=2, by="oi"))

    assert sorted(teller.asked[1:]) == [f"C{at}/USDT:USDT" for at in range(3)]
    assert found["C2/USDT:USDT"].open_interest == 2.0
    assert found["C5/USDT:USDT"].open_interest is None


async def test_one_market_that_does_not_answer_is_unknown() -> None:
    teller = FakeTeller(
        ("fetchTickers", "fetchOpenInterest"), failing=("C1/USDT:USDT",)
    )

    found = await ranked("binanceusdm", teller, Wanted(top=2, by="oi"))

    assert found["C1/USDT:USDT"].open_interest is None
    assert found["C2/USDT:USDT"].open_interest == 2.0


async def test_if_none_answers_the_ranking_fails() -> None:
    failing = tuple(market.symbol for market in markets("binanceusdm"))
    teller = FakeTeller(("fetchTickers", "fetchOpenInterest"), failing=failing)

    with pytest.raises(FeedError):
        await ranked("binanceusdm", teller, Wanted(top=2, by="oi"))


@pytest.mark.parametrize(
    ("offered", "wanted", "hint"),
    [
        ((), Wanted(top=2), "name the markets"),
        (("fetchTickers",), Wanted(top=2, by="oi"), "--by volume"),
    ],
)
async def test_a_venue_that_does_not_tell_is_an_error_that_says_what_to_use(
    offered: tuple[str, ...], wanted: Wanted, hint: str
) -> None:
    with pytest.raises(UserError) as caught:
        await ranked("mexc", FakeTeller(offered), wanted)

    assert hint in caught.value.hint


async def test_a_venue_without_linear_perpetuals_cannot_be_ranked() -> None:
    with pytest.raises(UserError, match="linear"):
        await ranking(FakeTeller(()), calls("x"), Wanted(top=1), [])
