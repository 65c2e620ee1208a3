"""The figures, read by Prometheus' own parser."""

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from factories import ETH, MARKET, a_finding
from fakes import FakeClock
from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FeedState,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
)
from liqmon.core.model import Phase, PositionSide, Severity
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.metrics import Metrics
from liqmon.monitor.scanner import Scan

Series = tuple[str, frozenset[tuple[str, str]]]


def series(name: str, **labels: str) -> Series:
    return name, frozenset(labels.items())


class Rig:
    """Metrics of a run with two markets, and what may happen to it."""

    def __init__(self) -> None:
        self.clock = FakeClock(seconds=1_000.0)
        self.bulletin = Bulletin(self.clock, BoardSnapshot("1", "1m", 900.0))
        self.bulletin.show_markets("bybit", (MARKET, ETH))
        self.metrics = Metrics(self.bulletin, self.clock, exchanges=["bybit"])

    def happens(self, *events: Event) -> None:
        with self.bulletin.listening(self.metrics.note):
            for event in events:
                self.bulletin.publish(event)

    def shows(self, row: MarketRow) -> None:
        self.bulletin.show_row(row, exchange_ms=0)

    def scan(self, answered: int) -> None:
        self.metrics.scanned(
            Scan("bybit", asked=2, answered=answered, took_s=0.3, interval_s=5.0)
        )

    def read(self) -> Mapping[Series, float]:
        page, kind = self.metrics.page("text/plain")
        assert kind.startswith("text/plain")
        return values(page.decode())


def values(text: str) -> Mapping[Series, float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_everything_that_is_counted_begins_at_zero(rig: Rig) -> None:
    read = rig.read()

    for name in ("retries", "session_heals"):
        assert read[series(f"liqmon_{name}_total", exchange="bybit")] == 0
    for outcome in ("complete", "partial", "empty"):
        labels = {"exchange": "bybit", "outcome": outcome}
        assert read[series("liqmon_scans_total", **labels)] == 0
    for status in DeliveryStatus:
        assert read[series("liqmon_deliveries_total", status=status.value)] == 0
    findings = [one for one in read if one[0] == "liqmon_findings_total"]
    assert len(findings) == len(Phase) * len(Severity) * len(PositionSide)


def test_scans_are_counted_by_what_they_gave(rig: Rig) -> None:
    for answered in (2, 2, 1, 0):
        rig.scan(answered)
    read = rig.read()

    counts = [
        read[series("liqmon_scans_total", exchange="bybit", outcome=outcome)]
        for outcome in ("complete", "partial", "empty")
    ]
    assert counts == [2, 1, 1]
    assert read[series("liqmon_scan_duration_seconds_count", exchange="bybit")] == 4
    assert read[
        series("liqmon_last_data_timestamp_seconds", exchange="bybit")
    ] == pytest.approx(rig.clock.now_ms() / 1000)


def test_a_retried_call_ends_in_one_of_two_ways(rig: Rig) -> None:
    btc, eth = MARKET.symbol, ETH.symbol
    rig.happens(
        Retrying(0, "bybit", btc, 2, 3, 1.0, "HTTP 503"),
        Retrying(0, "bybit", btc, 3, 3, 2.0, "HTTP 503"),
        Retrying(0, "bybit", eth, 2, 3, 1.0, "HTTP 503"),
        Retrying(0, "bybit", "", 2, 3, 1.0, "HTTP 503"),
        GaveUp(0, "bybit", eth, 3, "HTTP 503"),
        GaveUp(0, "bybit", "", 3, "HTTP 503"),
        GaveUp(0, "bybit", "", 3, "never asked again"),
    )
    rig.scan(0)
    rig.shows(MarketRow(MARKET, feed=Feed(FeedState.OK)))
    rig.scan(1)
    read = rig.read()

    assert read[series("liqmon_retries_total", exchange="bybit")] == 4
    ended = [
        read[series("liqmon_retried_calls_total", exchange="bybit", outcome=outcome)]
        for outcome in ("recovered", "gave_up")
    ]
    assert ended == [1, 2]


def test_a_call_of_the_whole_exchange_recovers_with_the_next_scan(rig: Rig) -> None:
    rig.happens(Retrying(0, "bybit", "", 2, 3, 1.0, "HTTP 503"))
    rig.scan(0)
    recovered = series(
        "liqmon_retried_calls_total", exchange="bybit", outcome="recovered"
    )
    assert rig.read()[recovered] == 0

    rig.scan(2)
    assert rig.read()[recovered] == 1


def test_what_happens_is_counted(rig: Rig) -> None:
    rig.happens(
        Healed(0, "bybit", "", "closed"),
        FindingRaised(0, a_finding(severity=Severity.HIGH)),
        Delivery(0, "a1", DeliveryStatus.HELD),
        Delivery(0, "a1", DeliveryStatus.SENT, latency_s=0.3),
        BreakerChanged(0, BreakerState.CLOSED, BreakerState.OPEN, "", 300.0),
        BreakerChanged(0, BreakerState.OPEN, BreakerState.HALF_OPEN, ""),
    )
    read = rig.read()

    assert read[series("liqmon_session_heals_total", exchange="bybit")] == 1
    raised = {"phase": "onset", "severity": "high", "liquidated": "long"}
    assert read[series("liqmon_findings_total", **raised)] == 1
    assert read[series("liqmon_deliveries_total", status="sent")] == 1
    assert read[series("liqmon_deliveries_total", status="held")] == 1
    assert read[series("liqmon_delivery_latency_seconds_bucket", le="0.25")] == 0
    assert read[series("liqmon_delivery_latency_seconds_bucket", le="0.5")] == 1
    assert read[series("liqmon_breaker_opened_total")] == 1
    states = {
        state.value: read[series("liqmon_breaker_state", state=state.value)]
        for state in BreakerState
    }
    assert states == {"closed": 0, "open": 0, "half-open": 1, "dead": 0}


def test_the_board_is_read_at_the_moment_of_the_scrape(rig: Rig) -> None:
    rig.shows(
        MarketRow(MARKET, feed=Feed(FeedState.OK), nearness=0.4, updated_mono=990.0)
    )
    rig.bulletin.show_cycle("bybit", interval_s=12.0)
    rig.bulletin.show_receiver(replace(rig.bulletin.snapshot.receiver, pending=3))
    rig.clock.push(5.0)
    read = rig.read()
    btc = {"exchange": "bybit", "symbol": MARKET.symbol}
    eth = {"exchange": "bybit", "symbol": ETH.symbol}

    assert read[series("liqmon_market_data_age_seconds", **btc)] == 15.0
    assert read[series("liqmon_market_data_age_seconds", **eth)] == 105.0
    assert read[series("liqmon_market_up", **btc)] == 1.0
    assert read[series("liqmon_market_up", **eth)] == 0.0
    assert read[series("liqmon_market_nearness_ratio", **btc)] == 0.4
    assert series("liqmon_market_nearness_ratio", **eth) not in read
    assert read[series("liqmon_markets", state="ok")] == 1
    assert read[series("liqmon_markets", state="connecting")] == 1
    assert read[series("liqmon_scan_interval_seconds", exchange="bybit")] == 12.0
    assert read[series("liqmon_outbox_pending")] == 3
    assert read[series("liqmon_uptime_seconds")] == 105.0
    build = next(one for one in read if one[0] == "liqmon_build_info")
    assert {name for name, _ in build[1]} == {"version", "python", "ccxt"}


def test_a_market_costs_three_series_and_no_more(rig: Rig) -> None:
    before = len(rig.read())
    row = MarketRow(replace(MARKET, symbol='A"\\\n/USDT:USDT'), nearness=0.1)
    rig.shows(row)

    assert len(rig.read()) == before + 3


def test_who_asks_for_openmetrics_gets_it(rig: Rig) -> None:
    page, kind = rig.metrics.page("application/openmetrics-text; version=1.0.0")

    assert kind.startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics_families(page.decode())}  # type: ignore[no-untyped-call]
    assert {"liqmon_scans", "liqmon_market_up"} <= names


def test_names_follow_the_conventions(rig: Rig) -> None:
    for family in text_string_to_metric_families(rig.metrics.page("")[0].decode()):
        assert family.name.startswith(("liqmon_", "process_"))
        assert family.documentation
        assert not family.name.endswith(("_ms", "_total", "_created", "_count"))


def test_the_file_is_whole_and_readable_for_another_user(
    rig: Rig, tmp_path: Path
) -> None:
    path = tmp_path / "liqmon.prom"
    path.write_text("old")
    rig.scan(2)
    mask = os.umask(0o077)
    rig.metrics.write(path)
    os.umask(mask)

    done = series("liqmon_scans_total", exchange="bybit", outcome="complete")
    assert values(path.read_text())[done] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["liqmon.prom"]
