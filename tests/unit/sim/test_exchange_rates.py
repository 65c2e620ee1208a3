from liqmon.sim.exchange_rates import BinanceRates, BybitRates

PATH = "/fapi/v1/ticker/24hr"


def test_bybit_answers_600_requests_in_five_seconds_and_no_more() -> None:
    rates = BybitRates()
    first = [rates.refusal("", {}, 0.008 * n) for n in range(600)]
    refused = rates.refusal("", {}, 4.9)

    assert first == [None] * 600
    assert rates.headers(0)["X-Bapi-Limit-Status"] == "0"
    assert refused is not None
    assert (refused.status, refused.body) == (403, "403, access too frequent")


def test_bybit_lets_a_steady_client_go_on_for_ever() -> None:
    rates = BybitRates()

    assert not any(rates.refusal("", {}, n * 0.00834) for n in range(5_000))


def test_bybit_shuts_out_for_ten_minutes() -> None:
    rates = BybitRates()
    for _ in range(601):
        rates.refusal("", {}, 0.0)

    assert rates.refusal("", {}, 599.9) is not None
    assert rates.refusal("", {}, 600.0) is None


def test_binance_answers_a_weight_of_2400_a_minute_and_no_more() -> None:
    rates = BinanceRates()
    first = [rates.refusal(PATH, {}, 1.0) for _ in range(60)]
    used = rates.headers(0)
    refused = rates.refusal(PATH, {"symbol": "BTCUSDT"}, 1.5)

    assert first == [None] * 60
    assert used == {"X-MBX-USED-WEIGHT-1M": "2400"}
    assert refused is not None
    assert refused.status == 429
    assert refused.headers == {"Retry-After": "59"}
    assert isinstance(refused.body, dict)
    assert refused.body["code"] == -1003


def test_binance_forgets_with_the_minute() -> None:
    rates = BinanceRates()
    for _ in range(61):
        rates.refusal(PATH, {}, 59.0)

    assert rates.refusal(PATH, {}, 60.0) is None


def test_who_does_not_stop_at_429_is_banned() -> None:
    rates = BinanceRates()
    answers = [rates.refusal(PATH, {}, 1.0) for _ in range(71)]
    statuses = [answer.status for answer in answers[60:] if answer is not None]
    later = rates.refusal(PATH, {}, 100.0)

    assert statuses == [429] * 10 + [418]
    assert later is not None
    assert (later.status, later.headers) == (418, {"Retry-After": "21"})
    assert rates.refusal(PATH, {}, 121.0) is None
