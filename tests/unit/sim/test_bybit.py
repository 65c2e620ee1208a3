import json
from collections.abc import Mapping
from typing import Any

import pytest

from liqmon.sim import bybit
from liqmon.sim.exchange_faults import SPOILS, unspoilt
from liqmon.sim.wire import Ask, Spoil
from recorded import DATA
from tapes import MIDNIGHT_MS, MINUTE_MS, bars, markets

BTC = bars([100.0 + place for place in range(1_200)])
ETH = bars([10.5], symbol="ETHUSDT", at=[1_199])
LAST_MS = MIDNIGHT_MS + 1_199 * MINUTE_MS
KLINE = {"category": "linear", "symbol": "BTCUSDT", "interval": "1"}
INTEREST = {"category": "linear", "symbol": "BTCUSDT", "intervalTime": "5min"}


def ask(
    path: str,
    query: Mapping[str, str],
    *,
    now_ms: int = LAST_MS + 30_000,
    spoil: Spoil = unspoilt,
) -> dict[str, Any]:
    answer = bybit.answer(
        f"/v5/market/{path}", Ask(markets(BTC, ETH), query, now_ms, now_ms, spoil)
    )
    assert answer.status == 200
    body = answer.body
    assert isinstance(body, dict)
    assert body["time"] == now_ms
    return body


def result(path: str, query: Mapping[str, str], **more: Any) -> dict[str, Any]:
    body = ask(path, query, **more)
    assert (body["retCode"], body["retMsg"]) == (0, "OK")
    return dict(body["result"])


def refused(path: str, query: Mapping[str, str]) -> int:
    body = ask(path, query)
    assert body["retMsg"]
    return int(body["retCode"])


def recorded(name: str) -> dict[str, Any]:
    path = DATA / "wire" / "bybit" / name
    if not path.exists():
        pytest.skip(f"recorded message {name} is not here; set LIQMON_DATA")
    return dict(json.loads(path.read_text()))


# documented at https://bybit-exchange.github.io/docs/v5/market/kline, .../open-interest
# and .../instrument: most and default
DOCUMENTED = {
    "kline": (1000, 200, KLINE),
    "open-interest": (200, 50, INTEREST),
    "instruments-info": (1000, 500, {"category": "linear"}),
}


def test_every_limit_is_documented() -> None:
    rows = {
        path.rpartition("/")[2]: (limit.most, limit.default)
        for path, limit in bybit.LIMITS.items()
    }

    assert rows == {path: row[:2] for path, row in DOCUMENTED.items()}
    assert all(limit.source.startswith("https://") for limit in bybit.LIMITS.values())


@pytest.mark.parametrize("path", DOCUMENTED)
def test_the_limit_is_served_and_one_more_is_not(path: str) -> None:
    most, default, query = DOCUMENTED[path]
    there = 2 if path == "instruments-info" else 10_000

    assert len(result(path, query)["list"]) == min(default, there)
    assert len(result(path, query | {"limit": f"{most}"})["list"]) == min(most, there)
    assert refused(path, query | {"limit": f"{most + 1}"}) == 10001
    assert refused(path, query | {"limit": "0"}) == 10001
    assert refused(path, query | {"limit": "ten"}) == 10001


def test_the_time_is_given_in_three_units() -> None:
    assert result("time", {}, now_ms=1_700_000_000_123) == {
        "timeSecond": "1700000000",
        "timeNano": "1700000000123000000",
    }


def test_candles_come_newest_first_and_the_newest_is_forming() -> None:
    found = result("kline", KLINE | {"limit": "2"})

    assert found["list"] == [
        # half of the way: 5 points in all, down one and up
        [str(LAST_MS), "1299", "1300", "1298", "1300", "6", "7797.0000"],
        [str(LAST_MS - MINUTE_MS), "1298", "1300", "1297", "1299", "12", "15582.0000"],
    ]


def test_a_start_reads_forward_and_an_end_reads_back() -> None:
    start = {"start": str(MIDNIGHT_MS + 5 * MINUTE_MS), "limit": "2"}
    end = {"end": str(MIDNIGHT_MS + 9 * MINUTE_MS)}

    def opened(query: dict[str, str]) -> list[int]:
        rows = result("kline", KLINE | query)["list"]
        return [(int(row[0]) - MIDNIGHT_MS) // MINUTE_MS for row in rows]

    assert opened(start) == [6, 5]
    assert opened(start | end) == [9, 8]
    assert opened(end | {"limit": "1"}) == [9]


@pytest.mark.parametrize(
    ("interval", "minutes"),
    [("3", 3), ("5", 5), ("15", 15), ("60", 60), ("240", 240), ("D", 1440)],
)
def test_every_interval_is_served(interval: str, minutes: int) -> None:
    row = result("kline", KLINE | {"interval": interval, "limit": "1"})["list"][0]

    assert int(row[0]) == LAST_MS // (minutes * MINUTE_MS) * minutes * MINUTE_MS


@pytest.mark.parametrize("interval", ["W", "M"])
def test_weeks_and_months_are_served(interval: str) -> None:
    row = result("kline", KLINE | {"interval": interval})["list"][0]

    # the first of January 2024 was a Monday
    assert int(row[0]) == MIDNIGHT_MS


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("kline", {"interval": "7"}),
        ("kline", {"interval": ""}),
        ("kline", {"symbol": "NOSUCHUSDT"}),
        ("kline", {"symbol": ""}),
        ("kline", {"category": "nonsense"}),
        # only linear contracts are listed here
        ("kline", {"category": "inverse"}),
        ("kline", {"start": "yesterday"}),
        ("open-interest", {"intervalTime": "7min"}),
        ("open-interest", {"symbol": "NOSUCHUSDT"}),
        ("open-interest", {"category": ""}),
        ("tickers", {"category": ""}),
        ("tickers", {"symbol": "NOSUCHUSDT"}),
        ("instruments-info", {"category": ""}),
        ("instruments-info", {"cursor": "x"}),
    ],
)
def test_a_wrong_parameter_is_10001(path: str, change: dict[str, str]) -> None:
    query = {"kline": KLINE, "open-interest": INTEREST}.get(
        path, {"category": "linear"}
    )

    assert refused(path, query | change) == 10001


def test_a_kline_without_category_is_linear() -> None:
    query = {name: value for name, value in KLINE.items() if name != "category"}

    assert result("kline", query)["category"] == "linear"


def test_spoilt_candles_are_spoilt_before_they_are_turned_round() -> None:
    rows = result("kline", KLINE | {"limit": "3"}, spoil=SPOILS["future"])["list"]

    assert int(rows[0][0]) == LAST_MS + 3_600_000


def test_a_kline_answer_has_the_keys_of_a_recorded_one() -> None:
    real = recorded("http_get_klines_linear.json")
    mine = ask("kline", KLINE)

    assert mine.keys() == real.keys()
    assert mine["result"].keys() == real["result"].keys()
    assert len(mine["result"]["list"][0]) == len(real["result"]["list"][0])
    assert {type(cell) for cell in mine["result"]["list"][0]} == {str}


def test_an_instrument_has_the_keys_of_a_recorded_one() -> None:
    real = recorded("http_get_instruments_linear.json")["result"]["list"][0]
    mine = result("instruments-info", {"category": "linear"})["list"][0]

    assert real.keys() <= mine.keys()
    for key in ("leverageFilter", "priceFilter", "lotSizeFilter"):
        assert real[key].keys() == mine[key].keys()
    assert {key: type(mine[key]) for key in real} == {
        key: type(value) for key, value in real.items()
    }


def test_a_ticker_has_the_keys_of_a_recorded_one() -> None:
    real = recorded("ws_ticker_linear.json")["data"]
    mine = result("tickers", {"category": "linear"})["list"][0]

    # the direction of the last tick is pushed, not asked for
    assert real.keys() - {"tickDirection"} <= mine.keys()


def test_instruments_are_listed_page_by_page() -> None:
    query = {"category": "linear", "limit": "1"}
    first = result("instruments-info", query)
    second = result("instruments-info", query | {"cursor": first["nextPageCursor"]})

    assert [page["list"][0]["symbol"] for page in (first, second)] == [
        "BTCUSDT",
        "ETHUSDT",
    ]
    assert second["nextPageCursor"] == ""


@pytest.mark.parametrize(
    "query",
    [
        {"category": "spot"},
        {"category": "inverse"},
        {"category": "option", "baseCoin": "BTC"},
        {"category": "linear", "status": "PreLaunch"},
    ],
)
def test_other_kinds_of_instruments_are_not_listed(query: dict[str, str]) -> None:
    assert result("instruments-info", query)["list"] == []


def test_steps_are_as_fine_as_the_prices() -> None:
    query = {"category": "linear", "symbol": "ETHUSDT"}
    (found,) = result("instruments-info", query)["list"]

    assert found["priceFilter"]["tickSize"] == "0.1"
    assert found["lotSizeFilter"]["qtyStep"] == "1"


def test_a_ticker_says_how_the_day_was() -> None:
    (found,) = result("tickers", {"category": "linear", "symbol": "BTCUSDT"})["list"]

    assert found["lastPrice"] == "1300"
    assert found["prevPrice24h"] == "100"
    assert found["price24hPcnt"] == "12.000000"
    assert found["openInterest"] == "1299"
    assert found["nextFundingTime"] == str(MIDNIGHT_MS + 24 * 60 * MINUTE_MS)


def test_a_market_without_candles_yet_has_no_ticker() -> None:
    rows = result("tickers", {"category": "linear"}, now_ms=MIDNIGHT_MS)["list"]

    assert [row["symbol"] for row in rows] == ["BTCUSDT"]


def test_open_interest_comes_newest_first_on_its_grid() -> None:
    rows = result("open-interest", INTEREST | {"limit": "2"})["list"]
    newest = MIDNIGHT_MS + 1_195 * MINUTE_MS

    assert rows == [
        {"openInterest": "1295", "timestamp": str(newest)},
        {"openInterest": "1290", "timestamp": str(newest - 5 * MINUTE_MS)},
    ]


def test_open_interest_can_be_asked_for_between_two_times() -> None:
    query = {
        "startTime": str(MIDNIGHT_MS + 10 * MINUTE_MS),
        "endTime": str(MIDNIGHT_MS + 21 * MINUTE_MS),
    }
    rows = result("open-interest", INTEREST | query)["list"]

    assert [row["openInterest"] for row in rows] == ["120", "115", "110"]
