import json
from collections.abc import Mapping
from typing import Any

import pytest

from liqmon.sim import binance
from liqmon.sim.exchange_faults import unspoilt
from liqmon.sim.wire import Ask
from recorded import DATA
from tapes import MIDNIGHT_MS, MINUTE_MS, bars, markets

BTC = bars([100.0 + place for place in range(1_600)])
ETH = bars([10.5], symbol="ETHUSDT", at=[1_599])
LAST_MS = MIDNIGHT_MS + 1_599 * MINUTE_MS
KLINES = {"symbol": "BTCUSDT", "interval": "1m"}


def ask(
    path: str, query: Mapping[str, str], *, now_ms: int = LAST_MS + 30_000
) -> tuple[int, Any]:
    answer = binance.answer(
        f"/fapi/v1/{path}", Ask(markets(BTC, ETH), query, now_ms, now_ms, unspoilt)
    )
    return answer.status, answer.body


def body(path: str, query: Mapping[str, str] | None = None, **more: Any) -> Any:
    status, found = ask(path, query or {}, **more)
    assert status == 200
    return found


def refused(path: str, query: Mapping[str, str]) -> int:
    status, found = ask(path, query)
    assert status == 400
    assert found["msg"]
    return int(found["code"])


def recorded(name: str) -> dict[str, Any]:
    path = DATA / "wire" / "binanceusdm" / name
    if not path.exists():
        pytest.skip(f"recorded message {name} is not here; set LIQMON_DATA")
    return dict(json.loads(path.read_text()))


def test_every_limit_is_documented() -> None:
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Kline-Candlestick-Data
    rows = {path: (row.most, row.default) for path, row in binance.LIMITS.items()}

    assert rows == {"/fapi/v1/klines": (1500, 500)}


def test_the_limit_is_served_and_one_more_is_not() -> None:
    assert len(body("klines", KLINES)) == 500
    assert len(body("klines", KLINES | {"limit": "1500"})) == 1500
    assert refused("klines", KLINES | {"limit": "1501"}) == -1130
    assert refused("klines", KLINES | {"limit": "0"}) == -1130


def test_candles_come_oldest_first_and_the_last_is_forming() -> None:
    rows = body("klines", KLINES | {"limit": "2"})

    assert rows[0] == [
        LAST_MS - MINUTE_MS,
        *("1698", "1700", "1697", "1699", "12"),
        LAST_MS - 1,
        *("20382.00000", 0, "6", "10191.00000", "0"),
    ]
    assert rows[1][:6] == [LAST_MS, "1699", "1700", "1698", "1700", "6"]


def test_a_start_reads_forward_and_an_end_reads_back() -> None:
    start = {"startTime": str(MIDNIGHT_MS + 5 * MINUTE_MS)}
    end = {"endTime": str(MIDNIGHT_MS + 9 * MINUTE_MS)}

    def opened(query: dict[str, str]) -> list[int]:
        rows = body("klines", KLINES | query)
        return [(row[0] - MIDNIGHT_MS) // MINUTE_MS for row in rows]

    assert opened(start | {"limit": "2"}) == [5, 6]
    assert opened(start | end | {"limit": "2"}) == [5, 6]
    assert opened(end | {"limit": "2"}) == [8, 9]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("klines", KLINES | {"symbol": "NOSUCHUSDT"}, -1121),
        ("klines", KLINES | {"symbol": ""}, -1102),
        ("klines", {"symbol": "BTCUSDT"}, -1102),
        ("klines", KLINES | {"interval": "7m"}, -1120),
        ("klines", KLINES | {"limit": "ten"}, -1100),
        ("klines", KLINES | {"startTime": "-1"}, -1100),
        ("openInterest", {}, -1102),
        ("openInterest", {"symbol": "NOSUCHUSDT"}, -1121),
        ("ticker/24hr", {"symbol": "NOSUCHUSDT"}, -1121),
        ("premiumIndex", {"symbol": "NOSUCHUSDT"}, -1121),
    ],
)
def test_a_wrong_parameter_has_its_own_code(
    path: str, query: dict[str, str], code: int
) -> None:
    assert refused(path, query) == code


def test_the_time_is_the_exchanges() -> None:
    assert body("time", now_ms=1_700_000_000_123) == {"serverTime": 1_700_000_000_123}
    assert body("ping") == {}


def test_the_exchange_has_the_keys_of_the_recorded_one() -> None:
    real = recorded("http_exchange_info_2021-07.json")
    mine = body("exchangeInfo")

    assert mine.keys() == real.keys()
    assert mine["assets"][0].keys() == real["assets"][0].keys()
    assert mine["rateLimits"][0] == real["rateLimits"][0]
    assert mine["symbols"][0].keys() == real["symbols"][0].keys()
    filters = {one["filterType"]: one.keys() for one in real["symbols"][0]["filters"]}
    assert filters == {
        one["filterType"]: one.keys() for one in mine["symbols"][0]["filters"]
    }
    for key, value in real["symbols"][0].items():
        assert type(mine["symbols"][0][key]) is type(value), key


def test_every_market_is_listed() -> None:
    found = body("exchangeInfo")["symbols"]

    assert [(one["symbol"], one["pricePrecision"]) for one in found] == [
        ("BTCUSDT", 0),
        ("ETHUSDT", 1),
    ]


def test_a_ticker_is_one_or_all() -> None:
    one = body("ticker/24hr", {"symbol": "BTCUSDT"})
    every = body("ticker/24hr")

    assert [row["symbol"] for row in every] == ["BTCUSDT", "ETHUSDT"]
    assert one == every[0]
    assert (one["lastPrice"], one["openPrice"]) == ("1700", "260")
    assert one["closeTime"] - one["openTime"] == 24 * 60 * MINUTE_MS


def test_a_day_without_trades_has_a_ticker() -> None:
    later = LAST_MS + 5 * 24 * 60 * MINUTE_MS

    ticker = body("ticker/24hr", {"symbol": "BTCUSDT"}, now_ms=later)
    assert (ticker["weightedAvgPrice"], ticker["volume"]) == ("1700", "0")


def test_a_market_without_candles_yet_has_no_ticker() -> None:
    assert body("ticker/24hr", {"symbol": "ETHUSDT"}, now_ms=MIDNIGHT_MS) == []


def test_funding_is_in_the_premium_index() -> None:
    found = body("premiumIndex", {"symbol": "ETHUSDT"})

    assert found["markPrice"] == "11.00000000"
    assert found["nextFundingTime"] % (8 * 60 * MINUTE_MS) == 0
    assert found["nextFundingTime"] > found["time"]


def test_open_interest_is_that_of_now() -> None:
    assert body("openInterest", {"symbol": "BTCUSDT"}) == {
        "symbol": "BTCUSDT",
        "openInterest": "1699",
        "time": LAST_MS + 30_000,
    }


@pytest.mark.parametrize(
    ("path", "query", "cost"),
    [
        ("klines", {"limit": "1"}, 1),
        ("klines", {"limit": "99"}, 1),
        ("klines", {"limit": "100"}, 2),
        ("klines", {"limit": "499"}, 2),
        ("klines", {"limit": "500"}, 5),
        ("klines", {"limit": "1000"}, 5),
        ("klines", {"limit": "1001"}, 10),
        ("klines", {}, 5),
        ("ticker/24hr", {}, 40),
        ("ticker/24hr", {"symbol": "BTCUSDT"}, 1),
        ("premiumIndex", {}, 10),
        ("premiumIndex", {"symbol": "BTCUSDT"}, 1),
        ("openInterest", {"symbol": "BTCUSDT"}, 1),
        ("exchangeInfo", {}, 1),
        ("time", {}, 1),
    ],
)
def test_a_request_costs_what_its_page_says(
    path: str, query: dict[str, str], cost: int
) -> None:
    assert binance.weight(f"/fapi/v1/{path}", query) == cost
