"""What people type, on venues that name things differently."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from liqmon.errors import UnknownSymbol
from liqmon.exchange.symbols import Symbols, perpetuals, spot_pairs


def swap(
    base: str, quote: str = "USDT", settle: str = "", market_id: str = "", **more: Any
) -> dict[str, Any]:
    settle = settle or quote
    return {
        "symbol": f"{base}/{quote}:{settle}",
        "id": market_id or f"{base}{quote}",
        "base": base,
        "quote": quote,
        "settle": settle,
        "swap": True,
        "spot": False,
        "active": True,
        "inverse": settle == base,
        "contractSize": 1.0,
        **more,
    }


def spot(base: str, quote: str = "USDT") -> dict[str, Any]:
    name = f"{base}/{quote}"
    return {"symbol": name, "id": base + quote, "base": base, "quote": quote} | {
        "spot": True,
        "swap": False,
    }


def listed(*markets: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {market["symbol"]: market for market in markets}


def symbols(exchange: str, *markets: dict[str, Any]) -> Symbols:
    known = listed(*markets)
    return Symbols(exchange, perpetuals(exchange, known), spot=spot_pairs(known))


def dashed(base: str, quote: str = "USDT") -> str:
    return f"{base}-{quote}-SWAP"


VENUES = {
    "bybit": symbols(
        "bybit",
        swap("BTC"),
        swap("ETH"),
        swap("BTC", "USDC", market_id="BTCPERP"),
        swap("BTC", "USD", "BTC"),
        swap("1000PEPE"),
        swap("1000000MOG"),
        swap("10000SATS"),
        swap("SHIB1000"),
        spot("PEPE", "USDC"),
    ),
    "binanceusdm": symbols(
        "binanceusdm",
        swap("BTC"),
        swap("ETH"),
        swap("BTC", "USDC"),
        swap("1000PEPE"),
        swap("1MBABYDOGE"),
        swap("KAVA"),
    ),
    "okx": symbols(
        "okx",
        swap("BTC", market_id=dashed("BTC")),
        swap("ETH", market_id=dashed("ETH")),
        swap("PEPE", market_id=dashed("PEPE")),
        swap("BTC", "USD", "BTC", market_id=dashed("BTC", "USD")),
    ),
    "gate": symbols(
        "gate", swap("BTC", market_id="BTC_USDT"), swap("ETH", market_id="ETH_USDT")
    ),
    "bingx": symbols(
        "bingx", swap("BTC", market_id="BTC-USDT"), swap("ETH", market_id="ETH-USDT")
    ),
    "kucoinfutures": symbols(
        "kucoinfutures",
        swap("BTC", market_id="XBTUSDTM"),
        swap("ETH", market_id="ETHUSDTM"),
    ),
}
HYPERLIQUID = symbols(
    "hyperliquid",
    swap("BTC", "USDC", market_id="0"),
    swap("ETH", "USDC", market_id="1"),
    swap("KPEPE", "USDC", market_id="42"),
    swap("KAVA", "USDC", market_id="43"),
)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    "text",
    [
        "BTCUSDT",
        "btcusdt",
        "BTC/USDT",
        "btc/usdt",
        "BTC/USDT:USDT",
        "btc/usdt:usdt",
        "BTC-USDT-SWAP",
        "BTC-USDT",
        "BTC_USDT",
        "BTCUSDT.P",
        "BTCUSDTPERP",
        "BTC-PERP",
        "XBTUSDT",
        "xbt/usdt:usdt",
        "BTC",
        "  BTCUSDT ",
    ],
)
def test_every_spelling_means_the_same_perpetual_everywhere(
    venue: str, text: str
) -> None:
    match = VENUES[venue].find(text)

    # BTCPERP is bybit's own name of another market
    assert match.market.symbol == "BTC/USDT:USDT"
    assert match.market.exchange == venue
    assert match.note == ""


@pytest.mark.parametrize(
    ("venue", "text", "symbol"),
    [
        ("bybit", "BTCPERP", "BTC/USDC:USDC"),
        ("bybit", "BTCUSDC", "BTC/USDC:USDC"),
        ("bybit", "BTCUSD", "BTC/USD:BTC"),
        ("bybit", "BTC/USD:BTC", "BTC/USD:BTC"),
        ("okx", "BTC-USD-SWAP", "BTC/USD:BTC"),
        ("kucoinfutures", "XBTUSDTM", "BTC/USDT:USDT"),
        ("kucoinfutures", "ETHUSDTM", "ETH/USDT:USDT"),
        ("gate", "ETH_USDT", "ETH/USDT:USDT"),
    ],
)
def test_the_quote_and_the_exchanges_own_name_decide(
    venue: str, text: str, symbol: str
) -> None:
    assert VENUES[venue].find(text).market.symbol == symbol


def test_hyperliquid_is_quoted_in_usdc() -> None:
    for text in ("BTC", "BTCUSDC", "btc/usdc", "BTC/USDC:USDC", "BTC-PERP"):
        assert HYPERLIQUID.find(text).market.symbol == "BTC/USDC:USDC"


def test_another_quote_is_suggested_and_never_taken() -> None:
    for text in ("BTCUSDT", "BTC/USDT:USDT", "BTC/USD"):
        with pytest.raises(UnknownSymbol) as caught:
            HYPERLIQUID.find(text)

        assert caught.value.suggestions[0] == "BTCUSDC"
        assert str(caught.value) == f"{text!r} is no perpetual on hyperliquid"
        assert "did you mean BTCUSDC" in caught.value.hint


@pytest.mark.parametrize("text", ["0", "1", "42", "", "  ", "/", "?!", ":USDT"])
def test_an_index_or_nothing_is_no_name(text: str) -> None:
    with pytest.raises(UnknownSymbol):
        HYPERLIQUID.find(text)


@pytest.mark.parametrize(
    ("venue", "text", "symbol", "times"),
    [
        ("bybit", "PEPEUSDT", "1000PEPE/USDT:USDT", "1000 PEPE"),
        ("bybit", "pepe/usdt:usdt", "1000PEPE/USDT:USDT", "1000 PEPE"),
        ("bybit", "PEPE", "1000PEPE/USDT:USDT", "1000 PEPE"),
        ("bybit", "MOGUSDT", "1000000MOG/USDT:USDT", "1000000 MOG"),
        ("bybit", "SATSUSDT", "10000SATS/USDT:USDT", "10000 SATS"),
        ("binanceusdm", "BABYDOGEUSDT", "1MBABYDOGE/USDT:USDT", "1000000 BABYDOGE"),
    ],
)
def test_a_coin_listed_by_the_thousand_is_found_and_its_scale_told(
    venue: str, text: str, symbol: str, times: str
) -> None:
    match = VENUES[venue].find(text)

    assert match.market.symbol == symbol
    assert match.note.endswith(f"prices are those of {times}")


def test_a_k_stands_for_a_thousand_of_a_few_coins_only() -> None:
    assert HYPERLIQUID.find("PEPE").market.symbol == "KPEPE/USDC:USDC"
    assert "1000 PEPE" in HYPERLIQUID.find("PEPEUSDC").note
    for venue, text in ((HYPERLIQUID, "AVA"), (VENUES["binanceusdm"], "AVAUSDT")):
        with pytest.raises(UnknownSymbol):
            venue.find(text)


def test_where_the_coin_itself_is_listed_it_is_taken() -> None:
    match = VENUES["okx"].find("PEPEUSDT")

    assert (match.market.symbol, match.note) == ("PEPE/USDT:USDT", "")


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("BTCUSTD", "BTCUSDT"),
        ("BTUSDT", "BTCUSDT"),
        ("ETHUSDC", "ETHUSDT"),
        ("1000PEPEUSD", "1000PEPEUSDT"),
    ],
)
def test_a_slip_of_the_finger_gets_a_suggestion(text: str, suggestion: str) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        VENUES["bybit"].find(text)

    assert suggestion in caught.value.suggestions
    assert len(caught.value.suggestions) <= 3


def test_what_resembles_nothing_gets_no_suggestion() -> None:
    with pytest.raises(UnknownSymbol) as caught:
        VENUES["bybit"].find("@everyone [x](http://evil)")

    assert caught.value.suggestions == ()
    assert caught.value.hint


def test_a_quote_that_all_have_makes_nothing_similar() -> None:
    venue = symbols("x", swap("BTC"), swap("ETH"), swap("ETH", "USDC"))
    with pytest.raises(UnknownSymbol) as caught:
        venue.find("DOGEUSDT")
    with pytest.raises(UnknownSymbol) as nearly:
        venue.find("ETTHUSDC")

    assert caught.value.suggestions == ()
    assert "delisted" in caught.value.hint
    assert nearly.value.suggestions == ("ETHUSDC",)


def test_markets_with_a_comma_between_them_are_told_apart_by_a_space() -> None:
    with pytest.raises(UnknownSymbol) as caught:
        VENUES["bybit"].find("BTCUSDT,ETHUSDT")

    assert caught.value.hint.startswith("put a space between markets, not a comma")


def test_a_spot_market_without_a_perpetual_is_named_as_such() -> None:
    venue = symbols("x", swap("BTC"), spot("OBSCURE"))
    with pytest.raises(UnknownSymbol) as caught:
        venue.find("obscure/usdt")

    assert "OBSCUREUSDT is a spot market there" in caught.value.hint


def test_a_spot_market_of_the_same_name_is_never_taken() -> None:
    venue = symbols("x", spot("BTC"), swap("BTC"))

    assert venue.find("BTC/USDT").market.symbol == "BTC/USDT:USDT"
    assert venue.find("BTCUSDT").market.symbol == "BTC/USDT:USDT"


def test_a_dated_future_is_no_perpetual() -> None:
    future = swap("BTC") | {"symbol": "BTC/USDT:USDT-270625", "swap": False}
    venue = symbols("x", swap("BTC"), future)

    with pytest.raises(UnknownSymbol):
        venue.find("BTC/USDT:USDT-270625")


def test_of_markets_with_one_name_the_active_and_linear_comes_first() -> None:
    venue = symbols(
        "x",
        swap("BTC", "USD", "BTC", market_id="BTC"),
        swap("BTC", "USDC", market_id="BTC", active=False),
        swap("BTC", "USDT", market_id="BTC"),
    )

    assert venue.find("BTC").market.symbol == "BTC/USDT:USDT"


def test_an_inactive_market_is_found_by_its_exact_name_only() -> None:
    venue = symbols("x", swap("LUNA", active=False), swap("BTC"))

    assert venue.find("LUNA/USDT:USDT").market.base == "LUNA"
    with pytest.raises(UnknownSymbol):
        venue.find("LUNA-USDT")


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        (0.01, 0.01),
        (10, 10.0),
        *((nonsense, 1.0) for nonsense in (None, 0, -1, "x", float("nan"), 1e400)),
    ],
)
def test_a_contract_size_that_makes_no_sense_counts_as_one(
    size: object, kept: float
) -> None:
    (listing,) = perpetuals("x", listed(swap("BTC", contractSize=size)))

    assert listing.market.contract_size == kept


@pytest.mark.parametrize("missing", ["symbol", "base", "quote", "swap"])
def test_a_market_that_lacks_something_is_passed_over(missing: str) -> None:
    broken = swap("ETH") | {missing: None}

    assert len(perpetuals("x", {"a": swap("BTC"), "b": broken})) == 1


@given(st.text(max_size=30))
def test_any_text_is_a_perpetual_or_an_unknown_symbol(text: str) -> None:
    for venue in (*VENUES.values(), HYPERLIQUID):
        try:
            match = venue.find(text)
        except UnknownSymbol:
            continue
        assert match.market.symbol.count(":") == 1


@pytest.mark.parametrize("base", ["BTC\u202e", "B\ud800TC", "BTC\n", "B\u200bTC"])
def test_e22_a_name_that_nobody_can_type_is_passed_over(base: str) -> None:
    known = listed(swap(base), swap("ETH"))

    assert [one.market.base for one in perpetuals("bybit", known)] == ["ETH"]
