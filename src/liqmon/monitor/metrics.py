"""The figures of a run for Prometheus: the only importer of prometheus_client.

Names after https://prometheus.io/docs/practices/naming/: base units, ``_total`` for
what only grows. A label never holds text from outside but the name of a watched market,
so it is known at the start how many series there can be.
"""

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

import liqmon
from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot
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
from liqmon.monitor.scanner import Scan

__all__ = ["Metrics"]

_SCAN_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)
_DELIVERY_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_MARKET: Final = ("exchange", "symbol")


class Metrics:
    """``note`` and ``scanned`` count, ``page`` shows it beside what is known now."""

    def __init__(
        self, bulletin: Bulletin, clock: Clock, *, exchanges: Sequence[str]
    ) -> None:
        registry = self._registry = CollectorRegistry()
        self._bulletin = bulletin
        self._clock = clock
        self._retrying: set[tuple[str, str]] = set()
        # a second series for each one, which nobody asks for
        disable_created_metrics()  # type: ignore[no-untyped-call]

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"liqmon_{name}", told, labels, registry=registry)

        self._scans = counter(
            "scans",
            "Finished scans: complete, partial, or empty (no market gave data).",
            *("exchange", "outcome"),
        )
        self._scan_s = Histogram(
            "liqmon_scan_duration_seconds",
            "From the begin of a scan to the end of its last poll.",
            ("exchange",),
            buckets=_SCAN_S,
            registry=registry,
        )
        self._last_data = Gauge(
            "liqmon_last_data_timestamp_seconds",
            "When a scan last gave data.",
            ("exchange",),
            registry=registry,
        )
        self._retries = counter(
            "retries", "Calls to an exchange that were made again.", "exchange"
        )
        self._retried_calls = counter(
            "retried_calls",
            "Calls that failed at first, by how they ended: recovered or gave_up.",
            *("exchange", "outcome"),
        )
        self._heals = counter(
            "session_heals",
            "Dead sessions of an exchange that were rebuilt.",
            "exchange",
        )
        self._findings = counter(
            "findings",
            "Findings; an episode begins with an onset.",
            *("phase", "severity", "liquidated"),
        )
        self._deliveries = counter(
            "deliveries",
            "Messages by what became of them; held ones are counted again when sent.",
            "status",
        )
        self._delivery_s = Histogram(
            "liqmon_delivery_latency_seconds",
            "How long a receiver took to answer a message that it took.",
            buckets=_DELIVERY_S,
            registry=registry,
        )
        self._breaker_opened = counter(
            "breaker_opened", "Openings of the circuit breakers of all receivers."
        )
        self._begin(exchanges)
        registry.register(_Board(bulletin, clock))

    def note(self, event: Event) -> None:
        """Count what happened."""
        match event:
            case FindingRaised(finding=finding):
                self._findings.labels(
                    finding.phase.value,
                    finding.severity.name.lower(),
                    finding.liquidated.value,
                ).inc()
            case Retrying():
                self._retries.labels(event.exchange).inc()
                self._retrying.add((event.exchange, event.symbol))
            case Healed():
                self._heals.labels(event.exchange).inc()
            case GaveUp():
                self._end_retry(event.exchange, event.symbol, "gave_up")
            case Delivery(status=status, latency_s=latency_s):
                self._deliveries.labels(status.value).inc()
                if latency_s is not None:
                    self._delivery_s.observe(latency_s)
            case BreakerChanged(new=BreakerState.OPEN):
                self._breaker_opened.inc()
            case _:
                pass

    def scanned(self, scan: Scan) -> None:
        """Count a finished scan."""
        outcome = "partial" if scan.answered else "empty"
        if scan.answered == scan.asked:
            outcome = "complete"
        self._scans.labels(scan.exchange, outcome).inc()
        self._scan_s.labels(scan.exchange).observe(scan.took_s)
        if scan.answered:
            self._last_data.labels(scan.exchange).set(self._clock.now_ms() / 1000)
        rows = self._bulletin.snapshot.rows
        for exchange, symbol in list(self._retrying):
            row = rows.get(f"{exchange}:{symbol}")
            # a call without a symbol asks the exchange's time, before all others
            works = row.feed.state is FeedState.OK if row else bool(scan.answered)
            if exchange == scan.exchange and works:
                self._end_retry(exchange, symbol, "recovered")

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return everything in the format that is asked for, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def write(self, path: Path) -> None:
        """Put everything into a file that another user's collector may read.

        Raises:
            OSError: it cannot be written; an older one is still whole.
        """
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(generate_latest(self._registry))
        part.chmod(0o644)
        part.replace(path)

    def _begin(self, exchanges: Sequence[str]) -> None:
        """Show from the start what will be counted: a rate needs a zero first."""
        build = Info("liqmon_build", "What runs.", registry=self._registry)
        build.info(
            {
                "version": liqmon.__version__,
                "python": platform.python_version(),
                "ccxt": version("ccxt"),
            }
        )
        ProcessCollector(registry=self._registry)
        for phase, severity, side in product(Phase, Severity, PositionSide):
            self._findings.labels(phase.value, severity.name.lower(), side.value)
        for status in DeliveryStatus:
            self._deliveries.labels(status.value)
        for exchange in exchanges:
            self._retries.labels(exchange)
            self._heals.labels(exchange)
            for outcome in ("complete", "partial", "empty"):
                self._scans.labels(exchange, outcome)
            for outcome in ("recovered", "gave_up"):
                self._retried_calls.labels(exchange, outcome)

    def _end_retry(self, exchange: str, symbol: str, outcome: str) -> None:
        if (exchange, symbol) in self._retrying:
            self._retrying.remove((exchange, symbol))
            self._retried_calls.labels(exchange, outcome).inc()


class _Board(Collector):
    """What is known at the moment of a scrape."""

    def __init__(self, bulletin: Bulletin, clock: Clock) -> None:
        self._bulletin = bulletin
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        board = self._bulletin.snapshot
        yield from self._markets(board)
        yield _gauge(
            "liqmon_uptime_seconds",
            "Since this run began.",
            self._clock.monotonic() - board.started_mono,
        )
        yield _gauge(
            "liqmon_outbox_pending",
            "Messages that wait for their receivers.",
            board.receiver.pending,
        )
        breaker = GaugeMetricFamily(
            "liqmon_breaker_state",
            "1 for the state it is in; of several receivers the worst off.",
            labels=("state",),
        )
        for state in BreakerState:
            breaker.add_metric((state.value,), state is board.receiver.breaker)
        yield breaker

    def _markets(self, board: BoardSnapshot) -> Iterator[Metric]:
        now_mono = self._clock.monotonic()
        age = GaugeMetricFamily(
            "liqmon_market_data_age_seconds",
            "Age of a market's newest data; since the start if there are none.",
            labels=_MARKET,
        )
        is_up = GaugeMetricFamily(
            "liqmon_market_up", "1 if the feed is ok, else 0.", labels=_MARKET
        )
        nearness = GaugeMetricFamily(
            "liqmon_market_nearness_ratio",
            "How near a market is to a finding; 1 is the threshold.",
            labels=_MARKET,
        )
        markets = GaugeMetricFamily(
            "liqmon_markets", "Markets by the state of their feed.", labels=("state",)
        )
        interval = GaugeMetricFamily(
            "liqmon_scan_interval_seconds",
            "The interval that is kept between scans.",
            labels=("exchange",),
        )
        states = [row.feed.state for row in board.rows.values()]
        for row in board.rows.values():
            names = (row.market.exchange, row.market.symbol)
            since = row.updated_mono
            since = board.started_mono if since is None else since
            age.add_metric(names, now_mono - since)
            is_up.add_metric(names, row.feed.state is FeedState.OK)
            if row.nearness is not None:
                nearness.add_metric(names, row.nearness)
        for state in FeedState:
            markets.add_metric((state.value,), states.count(state))
        for exchange, seconds in board.interval_s.items():
            interval.add_metric((exchange,), seconds)
        return iter((age, is_up, nearness, markets, interval))


def _gauge(name: str, told: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, told)
    family.add_metric((), value)
    return family
