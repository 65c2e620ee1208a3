"""Options that set what the settings know say the same as the settings do."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, get_args

import pytest
from typer.testing import CliRunner

from liqmon.cli import options
from liqmon.cli.app import app
from liqmon.cli.asked import overrides, selecting
from liqmon.settings.models import Settings, schema

OF_SETTINGS: Final = {
    "AllMarketsOption": "watch.all",
    "ByOption": "watch.by",
    "ExchangeOption": "exchange.ids",
    "ExcludeOption": "watch.exclude",
    "LogFileOption": "log.file",
    "MetricsOption": "metrics.listen",
    "OneExchangeOption": "exchange.ids",
    "ThresholdOption": "detector.threshold",
    "TimeframeOption": "watch.timeframe",
    "TopOption": "watch.top",
}


def known(key: str) -> Mapping[str, Any]:
    """Return what the schema says of a setting."""
    table, _, name = key.partition(".")
    model = type(Settings.model_fields[table].default).__name__
    told: dict[str, Any] = schema()["$defs"][model]["properties"][name]
    return next((one for one in told.get("anyOf", ()) if one != {"type": "null"}), told)


def choices_of(annotation: object) -> list[str] | None:
    """Return the words that an enumeration allows, None for any other type."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, Enum):
            return [str(choice.value) for choice in one]
    return None


@pytest.mark.parametrize(("name", "key"), OF_SETTINGS.items())
def test_the_help_of_an_option_says_what_the_setting_allows(
    name: str, key: str
) -> None:
    annotation, option = get_args(getattr(options, name))
    setting = known(key)
    words = setting.get("enum", [])

    assert choices_of(annotation) in (None, words)
    assert all(word in option.help for word in words)
    for bound, limit in ((option.min, "minimum"), (option.max, "maximum")):
        assert bound is None or bound == setting[limit]


def test_every_option_that_sets_something_sets_what_there_is() -> None:
    flags = {
        *overrides(exchange=None, timeframe=None, threshold=None, log_file=None),
        *selecting(top=None, by=None, all_markets=False, exclude=None),
    }

    assert flags < set(OF_SETTINGS.values())


@pytest.mark.parametrize("words", [[], ["outbox"], ["config"]])
def test_in_80_columns_the_list_of_commands_cuts_no_sentence_short(
    words: list[str],
) -> None:
    told = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*words, "--help"]).output
    listed = told.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()

    assert len(listed) > 3
    assert [line for line in listed if not line.endswith(".") or "..." in line] == []
    assert all(len(line) <= 80 for line in told.splitlines())
