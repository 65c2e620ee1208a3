"""The settings, one frozen model per table of the TOML file.

A default and its bounds stand here and nowhere else. Values are strict (a number in
quotes is a mistake, not a number) and finite; an unknown key is refused. No message
repeats what was given: it may be a webhook.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from liqmon.core.sensitivity import (
    BUILDS_FROM,
    Sensitivity,
    threshold_at,
    threshold_of,
)
from liqmon.settings.discord import DiscordTable, RouteTable
from liqmon.settings.fields import (
    DAY_S,
    ExchangeId,
    FalseAlerts,
    Hidden,
    Listen,
    Loopback,
    OpenFor,
    PromFile,
    Symbol,
    Table,
    Threshold,
    TimeOfDay,
    Timeout,
    Wait,
)
from liqmon.settings.receivers import NotifyTable
from liqmon.settings.routes import check_names

__all__ = [
    "BreakerTable",
    "Decided",
    "DetectorTable",
    "DiscordTable",
    "ExchangeTable",
    "HealthTable",
    "HistoryTable",
    "LogTable",
    "MetricsTable",
    "NotifyTable",
    "OverrideTable",
    "RetryTable",
    "RouteTable",
    "Settings",
    "WatchTable",
    "schema",
    "symbol_key",
]


def symbol_key(name: str) -> str:
    """Return what all spellings of one market have in common.

    ``btc/usdt``, ``BTC/USDT:USDT``, ``BTC-USDT-SWAP`` and ``BTCUSDT`` are one; a
    market settled in something else than its quote (``BTC/USD:BTC``) is another.
    """
    pair, _, settle = name.upper().removesuffix("-SWAP").partition(":")
    joined = re.sub(r"[\W_]", "", pair)
    if settle and not joined.endswith(settle):
        return f"{joined}:{settle}"
    return joined


_Sensitivity = Literal["calm", "normal", "alert"]


class WatchTable(Table):
    """``[watch]``: which markets, and how often."""

    symbols: tuple[Symbol, ...] = Field(
        default=(),
        strict=False,
        description="Markets to watch when the command names none.",
    )
    top: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Also the so many most active markets; the list is renewed daily.",
    )
    by: Literal["volume", "oi"] = Field(
        default="volume",
        description="What is most active: volume of 24 hours, or oi, open interest.",
    )
    all: bool = Field(
        default=False, description="Every linear perpetual of the exchange."
    )
    exclude: tuple[Symbol, ...] = Field(
        default=(), strict=False, description="Markets that are never watched."
    )
    timeframe: Literal["1m", "5m"] = Field(
        default="1m", description="Candles that are judged: 1m or 5m."
    )
    poll_interval_s: float = Field(
        default=5, ge=1, le=3600, description="Seconds from one poll to the next."
    )


class ExchangeTable(Table):
    """``[exchange]``: where the candles come from."""

    ids: tuple[ExchangeId, ...] = Field(
        default=("bybit",),
        min_length=1,
        strict=False,
        description="Exchanges, by the name ccxt gives them.",
    )
    base_url: Loopback | None = Field(
        default=None, description="A server on this machine in the exchange's place."
    )
    timeout_s: Timeout = Field(default=10, description="Seconds one request may take.")


class DetectorTable(Table):
    """``[detector]``: what counts as a cascade."""

    sensitivity: _Sensitivity = Field(
        default="normal", description="How readily to tell: calm, normal or alert."
    )
    false_alerts_per_week: FalseAlerts | None = Field(
        default=None,
        description="How many a market may cost, 0.1 to 20, instead of a sensitivity.",
    )
    threshold: Threshold | None = Field(
        default=None,
        description="Score from which a bar is told, instead of a sensitivity.",
    )
    cooldown_s: float = Field(
        default=1800,
        ge=0,
        le=7 * DAY_S,
        description="Seconds of silence on a market after an episode.",
    )
    building: Literal["off", "silent", "on"] = Field(
        default="off",
        description="Tell at 0.7 of the threshold what is building: off, silent or on.",
    )
    forming: bool = Field(
        default=False, description="Judge the bar that still forms at every poll."
    )

    @property
    def builds_from(self) -> float:
        """The share of a threshold from which something is building; 1 is never."""
        return 1.0 if self.building == "off" else BUILDS_FROM


class RetryTable(Table):
    """``[retry]``: a request to an exchange that failed."""

    enabled: bool = Field(default=True, description="Ask again after a passing fault.")
    attempts: int = Field(
        default=3, ge=1, le=10, description="Calls in all, the first one included."
    )
    waits_s: tuple[Wait, ...] = Field(
        default=(1.0, 2.0),
        min_length=1,
        max_length=9,
        strict=False,
        description="Seconds between attempts; the last one repeats.",
    )


class BreakerTable(Table):
    """``[breaker]``: when to leave Discord alone."""

    enabled: bool = Field(
        default=True, description="Stop posting after repeated failures."
    )
    failure_threshold: int = Field(
        default=3, ge=1, le=100, description="Failures in a row that open it."
    )
    open_s: OpenFor = Field(
        default=300, description="Seconds in which nothing is sent, until one probe."
    )
    open_schedule_s: tuple[OpenFor, ...] = Field(
        default=(),
        max_length=20,
        strict=False,
        description="Seconds for the first, second, ... opening instead of open_s.",
    )


class HealthTable(Table):
    """``[health]``: when to doubt what is shown."""

    stale_after_s: float = Field(
        default=60,
        gt=0,
        le=DAY_S,
        description="Seconds without data until a feed is stale.",
    )
    status_interval_s: float = Field(
        default=60,
        ge=1,
        le=DAY_S,
        description="Seconds between status lines when there is no terminal.",
    )
    heartbeat_url: Hidden | None = Field(
        default=None,
        description="A secret address that is asked after a scan that gave data.",
    )
    heartbeat_interval_s: float = Field(
        default=60,
        ge=1,
        le=DAY_S,
        description="Least seconds between two such pings.",
    )
    daily_digest: TimeOfDay = Field(
        default="",
        description='When to say "alive" once a day, silently, such as "08:00".',
    )


class MetricsTable(Table):
    """``[metrics]``: figures for Prometheus; needs the extra ``metrics``."""

    listen: Listen = Field(
        default="",
        description='Where watch serves /metrics, such as "127.0.0.1:9464".',
    )
    textfile: PromFile | None = Field(
        default=None,
        strict=False,
        description="A .prom file that check writes for the node exporter.",
    )


class HistoryTable(Table):
    """``[history]``: what is kept to be looked up."""

    keep_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days for which episodes, deliveries and statistics are kept.",
    )


class LogTable(Table):
    """``[log]``: diagnostics, on standard error or in a file."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="Least level that is written."
    )
    file: Path | None = Field(
        default=None,
        strict=False,
        description="A file to append to; rotation is noticed.",
    )
    format: Literal["text", "json"] = Field(
        default="text", description="Lines or JSON lines."
    )


class OverrideTable(Table):
    """``[overrides.BTCUSDT]``: what differs for one market."""

    sensitivity: _Sensitivity | None = Field(
        default=None, description="Replaces what [detector] says for this market."
    )
    false_alerts_per_week: FalseAlerts | None = Field(
        default=None, description="Replaces any sensitivity for this market."
    )
    threshold: Threshold | None = Field(
        default=None, description="Replaces all else for this market."
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """A market's threshold, and the dotted key of the setting that decides it."""

    threshold: float
    by: str


def _one_table_each(
    overrides: Mapping[str, OverrideTable],
) -> Mapping[str, OverrideTable]:
    if len({symbol_key(symbol) for symbol in overrides}) < len(overrides):
        hint = "they are one market: keep one of its tables"
        raise PydanticCustomError("twice", "two tables for one market", {"hint": hint})
    return overrides


def _names_once(receivers: tuple[NotifyTable, ...]) -> tuple[NotifyTable, ...]:
    check_names([receiver.name for receiver in receivers], "two receivers of one name")
    return receivers


class Settings(Table):
    """Everything that can be set."""

    watch: WatchTable = WatchTable()
    exchange: ExchangeTable = ExchangeTable()
    detector: DetectorTable = DetectorTable()
    retry: RetryTable = RetryTable()
    discord: DiscordTable = DiscordTable()
    breaker: BreakerTable = BreakerTable()
    health: HealthTable = HealthTable()
    history: HistoryTable = HistoryTable()
    metrics: MetricsTable = MetricsTable()
    log: LogTable = LogTable()
    overrides: Annotated[
        Mapping[str, OverrideTable], AfterValidator(_one_table_each)
    ] = Field(default_factory=dict, description="One table per market.")
    notify: Annotated[tuple[NotifyTable, ...], AfterValidator(_names_once)] = Field(
        default=(),
        max_length=20,
        strict=False,
        description="Receivers other than Discord, a table [[notify]] each.",
    )

    @property
    def has_receiver(self) -> bool:
        """Whether there is anywhere to send a finding to."""
        discord = self.discord
        routed = any(one.webhook and one.mode != "off" for one in discord.routes)
        notified = any(one.mode != "off" for one in self.notify)
        return discord.webhook is not None or routed or notified

    def threshold_for(self, *names: str) -> float:
        """Return the threshold of the market that goes by any of these names."""
        return self.decided_for(*names).threshold

    def decided_for(self, *names: str) -> Decided:
        """Return the threshold of a market, and the key that decides it.

        In a table a threshold wins over false alerts, and they over a sensitivity; the
        market's own table wins over the general one.
        """
        wanted = {symbol_key(name) for name in names}
        tables: list[tuple[str, DetectorTable | OverrideTable]] = [
            (f"overrides.{symbol}", override)
            for symbol, override in self.overrides.items()
            if symbol_key(symbol) in wanted
        ]
        tables.append(("detector", self.detector))
        return next(
            decided
            for name, table in tables
            for decided in _decided(name, table, self.watch.timeframe)
        )


def _decided(
    name: str, table: DetectorTable | OverrideTable, timeframe: str
) -> Iterator[Decided]:
    """Yield what a table says of the threshold, what counts most first."""
    if table.threshold is not None:
        yield Decided(table.threshold, f"{name}.threshold")
    if table.false_alerts_per_week is not None:
        threshold = threshold_at(table.false_alerts_per_week, timeframe)
        yield Decided(threshold, f"{name}.false_alerts_per_week")
    if table.sensitivity is not None:
        threshold = threshold_of(Sensitivity(table.sensitivity), timeframe)
        yield Decided(threshold, f"{name}.sensitivity")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    return Settings.model_json_schema()
