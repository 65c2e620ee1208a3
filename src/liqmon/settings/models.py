"""The settings as a whole, and what they come to for one market.

Values are strict (a number in quotes is a mistake, not a number) and finite; an unknown
key is refused. No message repeats what was given: it may be a webhook.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from liqmon.core.sensitivity import Sensitivity, threshold_at, threshold_of
from liqmon.settings.discord import DiscordTable, RouteTable
from liqmon.settings.fields import Table
from liqmon.settings.receivers import NotifyTable
from liqmon.settings.routes import check_names
from liqmon.settings.tables import (
    BreakerTable,
    DetectorTable,
    ExchangeTable,
    HealthTable,
    HistoryTable,
    LogTable,
    MetricsTable,
    OverrideTable,
    RetryTable,
    WatchTable,
)

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
