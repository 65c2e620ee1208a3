"""Which markets are watched, and the reason that is given for each."""

import pytest
from hypothesis import given, strategies as st

from liqmon.core.model import Market
from liqmon.errors import UnknownSymbol
from liqmon.exchange.activity import Activity
from liqmon.exchange.selection import Pick, Wanted, candidates, picked, shortlist
from liqmon.exchange.symbols import Listing, Symbols


def listing(
    base: str, quote: str = "USDT", *, inverse: bool = False, active: bool = True
) -> Listing:
    settle = base if inverse else quote
    symbol = f"{base}/{quote}:{settle}"
    market = Market("bybit", symbol, base, quote, inverse=inverse)
    return Listing(market, f"{base}{quote}", settle, active)


COINS = [listing(base) for base in ("BTC", "ETH", "SOL", "XRP", "DOGE")]
VOLUMES = {"BTC": 90.0, "ETH": 80.0, "SOL": 70.0, "XRP": None, "DOGE": 60.0}
KNOWN = {
    f"{base}/USDT:USDT": Activity(volume, open_interest=None, price=1.0)
    for base, volume in VOLUMES.items()
}


def picks(wanted: Wanted, known: dict[str, Activity] | None = None) -> list[Pick]:
    symbols = Symbols("bybit", COINS)
    found = picked(
        wanted,
        candidates(COINS),
        KNOWN if known is None else known,
        lambda text: symbols.find(text).market,
    )
    return list(found)


def names(found: list[Pick]) -> list[str]:
    return [pick.market.base for pick in found if not pick.excluded_by]


def test_the_top_ones_are_the_most_traded_and_the_unknown_come_last() -> None:
    assert names(picks(Wanted(top=4))) == ["BTC", "ETH", "SOL", "DOGE"]
    assert names(picks(Wanted(top=9)))[-1] == "XRP"


def test_each_market_says_why_it_is_watched() -> None:
    found = picks(Wanted(named=("solusdt",), top=2))

    assert [(pick.market.base, pick.why, pick.rank) for pick in found] == [
        ("SOL", "named", 3),
        ("BTC", "top 1 by volume", 1),
        ("ETH", "top 2 by volume", 2),
    ]
    assert [pick.activity.volume for pick in found] == [70.0, 90.0, 80.0]


def test_an_excluded_market_does_not_use_up_a_place() -> None:
    found = picks(Wanted(top=2, exclude=("eth",)))

    assert names(found) == ["BTC", "SOL"]
    assert [pick.excluded_by for pick in found] == ["", "eth", ""]


def test_a_named_market_can_be_excluded_too() -> None:
    found = picks(Wanted(named=("BTCUSDT", "ETHUSDT"), exclude=("BTC/USDT",)))

    assert names(found) == ["ETH"]


def test_all_are_all_that_are_ranked() -> None:
    found = picks(Wanted(all=True, exclude=("DOGE",)))

    assert names(found) == ["BTC", "ETH", "SOL", "XRP"]
    assert {pick.why for pick in found} == {"all"}


def test_named_markets_alone_have_no_rank() -> None:
    (pick,) = picks(Wanted(named=("BTCUSDT",)), known={})

    assert (pick.why, pick.rank, pick.activity) == ("named", None, Activity())


def test_a_market_named_in_two_ways_is_watched_once() -> None:
    assert names(picks(Wanted(named=("BTCUSDT", "btc/usdt"), top=1))) == ["BTC"]


def test_a_named_market_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownSymbol):
        picks(Wanted(named=("NOPE",)))


def test_an_excluded_market_that_is_none_is_told_and_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert names(picks(Wanted(top=1, exclude=("BTCUSTD",)))) == ["BTC"]
    assert "nothing to exclude" in caplog.text
    assert "BTCUSDT" in caplog.text


def test_open_interest_ranks_by_open_interest() -> None:
    known = {
        symbol: Activity(volume=1.0, open_interest=float(at))
        for at, symbol in enumerate(KNOWN)
    }

    assert names(picks(Wanted(top=2, by="oi"), known)) == ["DOGE", "XRP"]


def test_candidates_are_active_linear_and_of_the_usual_currency() -> None:
    others = [
        listing("BTC", "USDC"),
        listing("BTC", "USD", inverse=True),
        listing("LUNA", active=False),
        listing("ETH", "EUR"),
    ]

    found = candidates([*others, *COINS])

    assert [market.symbol for market in found] == list(KNOWN)


def test_on_a_venue_of_usdc_the_usual_currency_is_usdc() -> None:
    found = candidates([listing("BTC", "USDC"), listing("ETH", "USDC"), listing("BTC")])

    assert {market.quote for market in found} == {"USDC"}


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(top=2, by="oi"), 3),
        (Wanted(top=2, by="oi", exclude=("BTC",)), 4),
        (Wanted(all=True, by="oi"), 5),
    ],
)
def test_the_shortlist_is_half_again_as_long_as_what_is_wanted(
    wanted: Wanted, count: int
) -> None:
    few = shortlist(wanted, candidates(COINS), KNOWN)

    assert [market.base for market in few] == ["BTC", "ETH", "SOL", "DOGE", "XRP"][
        :count
    ]


@given(
    st.lists(st.sampled_from([c.market.base for c in COINS]), max_size=3),
    st.integers(1, 7),
    st.lists(st.sampled_from([c.market.base for c in COINS]), max_size=3),
)
def test_no_market_is_picked_twice_and_none_that_is_excluded_is_watched(
    named: list[str], top: int, exclude: list[str]
) -> None:
    found = picks(Wanted(named=tuple(named), top=top, exclude=tuple(exclude)))

    watched = names(found)
    assert len({pick.market for pick in found}) == len(found)
    assert not set(watched) & set(exclude)
    assert set(named) - set(exclude) <= set(watched)
    assert len(watched) >= min(top, len(COINS) - len(set(exclude)))
