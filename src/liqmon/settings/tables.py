"""The tables of the settings file, a frozen model each.

A default and its bounds stand here and nowhere else.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from liqmon.core.sensitivity import BUILDS_FROM
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

__all__ = [
    "BreakerTable",
    "DetectorTable",
    "ExchangeTable",
    "HealthTable",
    "HistoryTable",
    "LogTable",
    "MetricsTable",
    "OverrideTable",
    "RetryTable",
    "WatchTable",
]

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
