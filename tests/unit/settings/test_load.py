"""Every source, its precedence, and each mistake by its exact text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from liqmon.errors import ConfigError
from liqmon.settings.load import Loaded, load
from liqmon.settings.models import Settings, schema, symbol_key

SOURCES = ("default", "file", "environment", "flag")


def read(
    folder: Path,
    text: str | bytes | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    if text is not None:
        file = folder / "liqmon.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(0o600)
    home = {"HOME": str(folder / "home"), **(environ or {})}
    return load(config=None, environ=home, cwd=folder, flags=flags or {})


def refusal(folder: Path, text: str | bytes | None = None, **sources: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **sources)
    return str(caught.value)


def outcome(folder: Path, text: str | bytes | None = None, **sources: Any) -> str:
    """Return why the settings were refused; empty if they were taken."""
    try:
        read(folder, text, **sources)
    except ConfigError as error:
        return str(error)
    return ""


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    found = read(tmp_path)

    assert found.settings == Settings()
    assert found.path is None
    assert set(found.sources.values()) == {"default"}
    assert found.warnings == ()


def test_the_defaults_are_those_of_the_plan() -> None:
    defaults = Settings()

    assert defaults.watch.timeframe == "1m"
    assert defaults.watch.poll_interval_s == 5
    assert defaults.exchange.ids == ("bybit",)
    assert defaults.detector.threshold is None
    assert defaults.detector.sensitivity == "normal"
    assert (defaults.retry.enabled, defaults.retry.attempts) == (True, 3)
    assert defaults.discord.timeout_s == 10
    assert defaults.discord.when_open == "hold"
    assert defaults.breaker.enabled
    assert (defaults.breaker.failure_threshold, defaults.breaker.open_s) == (3, 300)


@pytest.mark.parametrize("given_by", range(1, 8))
def test_flags_beat_the_environment_beats_the_file(
    tmp_path: Path, given_by: int
) -> None:
    """Every combination of the three sources: the highest one present counts."""
    found = read(
        tmp_path,
        "[detector]\nthreshold = 1\n" if given_by & 1 else None,
        environ={"LIQMON_DETECTOR__THRESHOLD": "2"} if given_by & 2 else {},
        flags={"detector.threshold": 3.0 if given_by & 4 else None},
    )

    highest = given_by.bit_length()
    assert found.settings.detector.threshold == highest
    assert found.sources["detector.threshold"] == SOURCES[highest]
    assert found.sources["detector.cooldown_s"] == "default"


def test_a_flag_of_none_says_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, flags={"watch.symbols": None, "log.level": None})

    assert found.settings == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("WATCH__SYMBOLS", "BTCUSDT, ETH/USDT:USDT", "symbols", None),
        ("WATCH__SYMBOLS", '["BTCUSDT", "ETH/USDT:USDT"]', "symbols", None),
        ("RETRY__WAITS_S", "0.5,2", "waits_s", (0.5, 2.0)),
        ("RETRY__WAITS_S", "[0.5, 2]", "waits_s", (0.5, 2.0)),
        ("RETRY__ENABLED", "false", "enabled", False),
        ("RETRY__ATTEMPTS", "5", "attempts", 5),
        ("BREAKER__OPEN_S", "1e3", "open_s", 1000.0),
        ("DISCORD__WHEN_OPEN", "skip", "when_open", "skip"),
        ("EXCHANGE__IDS", "Bybit,okx", "ids", ("bybit", "okx")),
        ("WATCH__SYMBOLS", "", "symbols", ()),
    ],
)
def test_the_environment_gives_every_kind_of_value(
    tmp_path: Path, variable: str, text: str, key: str, value: object
) -> None:
    found = read(tmp_path, environ={f"LIQMON_{variable}": text})

    table = getattr(found.settings, variable.partition("__")[0].lower())
    assert getattr(table, key) == (
        ("BTCUSDT", "ETH/USDT:USDT") if value is None else value
    )


def test_an_override_may_come_from_the_environment(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "[overrides.BTCUSDT]\nthreshold = 15\n",
        environ={"LIQMON_OVERRIDES__ETHUSDT__THRESHOLD": "9"},
    )

    assert found.settings.threshold_for("BTC/USDT:USDT") == 15
    assert found.settings.threshold_for("ethusdt") == 9
    assert found.settings.threshold_for("SOLUSDT") == 15
    assert found.sources["overrides.BTCUSDT.threshold"] == "file"
    assert found.sources["overrides.ETHUSDT.threshold"] == "environment"


@pytest.mark.parametrize(
    ("text", "threshold", "by"),
    [
        ("", 15, "detector.sensitivity"),
        ("detector.sensitivity = 'calm'", 20, "detector.sensitivity"),
        ("detector.false_alerts_per_week = 1", 9.55, "detector.false_alerts_per_week"),
        (
            "detector = { false_alerts_per_week = 1, threshold = 7 }",
            7,
            "detector.threshold",
        ),
        (
            "detector = { false_alerts_per_week = 1, sensitivity = 'calm' }",
            9.55,
            "detector.false_alerts_per_week",
        ),
        (
            "detector.threshold = 7\n[overrides.BTCUSDT]\nsensitivity = 'calm'",
            20,
            "overrides.BTCUSDT.sensitivity",
        ),
        (
            "[overrides.btc-usdt]\nsensitivity = 'calm'\nfalse_alerts_per_week = 20",
            3.53,
            "overrides.btc-usdt.false_alerts_per_week",
        ),
        (
            "[overrides.BTCUSDT]\nthreshold = 8\nfalse_alerts_per_week = 20",
            8,
            "overrides.BTCUSDT.threshold",
        ),
        ("[overrides.ETHUSDT]\nthreshold = 8", 15, "detector.sensitivity"),
        ("[overrides.BTCUSDT]", 15, "detector.sensitivity"),
    ],
)
def test_a_number_wins_over_a_rate_and_a_markets_own_table_over_the_general_one(
    tmp_path: Path, text: str, threshold: float, by: str
) -> None:
    decided = read(tmp_path, text).settings.decided_for("BTCUSDT")

    assert (decided.threshold, decided.by) == (threshold, by)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("0.05", "greater than or equal to 0.1"),
        ("21", "less than or equal to 20"),
        ("true", "a valid number"),
    ],
)
def test_a_rate_that_was_never_measured_is_refused(
    tmp_path: Path, rate: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, f"[overrides.BTCUSDT]\nfalse_alerts_per_week = {rate}\n")


@pytest.mark.parametrize(
    ("building", "share"), [("off", 1.0), ("silent", 0.7), ("on", 0.7)]
)
def test_only_where_it_is_asked_for_anything_is_building(
    tmp_path: Path, building: str, share: float
) -> None:
    found = read(tmp_path, f"detector.building = '{building}'")

    assert found.settings.detector.builds_from == share


def test_an_override_is_found_by_any_of_a_markets_names(tmp_path: Path) -> None:
    found = read(tmp_path, '[overrides."BTC/USD:BTC"]\nthreshold = 7\n')

    assert found.settings.threshold_for("BTCUSD") == 15
    assert found.settings.threshold_for("BTCUSD", "BTC/USD:BTC") == 7


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (("BTCUSDT", "btc/usdt", "BTC/USDT:USDT", "BTC-USDT-SWAP"), True),
        (("BTC/USD:BTC", "BTC/USD:USD"), False),
        (("币安人生/USDT", "龙/USDT"), False),
    ],
)
def test_a_markets_spellings_have_one_key(names: tuple[str, ...], same: bool) -> None:
    assert len({symbol_key(name) for name in names}) == (1 if same else len(names))


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    names = ("LIQMON_ARCHIVE", "LIQMON_DATA", "LIQMON_STATE_DIR", "PATH")
    other = dict.fromkeys(names, "x")

    assert read(tmp_path, environ=other).warnings == ()


def test_a_variable_without_a_section_is_a_warning(tmp_path: Path) -> None:
    found = read(tmp_path, environ={"LIQMON_LOG_LEVEL": "debug"})

    assert found.settings.log.level == "warning"
    assert found.warnings == (
        "LIQMON_LOG_LEVEL is no setting; did you mean `LIQMON_LOG__LEVEL`?",
    )


def test_paths_start_where_they_were_written(tmp_path: Path) -> None:
    found = read(tmp_path, '[log]\nfile = "logs/liqmon.log"\n')
    assert found.settings.log.file == tmp_path / "logs/liqmon.log"

    found = read(tmp_path, '[log]\nfile = "~/liqmon.log"\n')
    assert found.settings.log.file == tmp_path / "home/liqmon.log"


def test_the_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(tmp_path).settings.detector.threshold = 1


# F01


def test_f01_every_mistake_is_told_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = """\
[watch]
symbols = "BTCUSDT"
poll_interval_s = 0.5
[detector]
threshold = nan
cooldown_s = "30"
[breaker]
enabled = 1
open_s = inf
[log]
level = "loud"
"""

    assert (
        refusal(tmp_path, text)
        == """\
liqmon.toml: 7 problems
  --> liqmon.toml:2 watch.symbols: Input should be a list
     2 | symbols = "BTCUSDT"
       hint: write it in brackets: symbols = ["..."]
  --> liqmon.toml:3 watch.poll_interval_s: Input should be greater than or equal to 1
     3 | poll_interval_s = 0.5
       hint: Seconds from one poll to the next. Default: 5.
  --> liqmon.toml:5 detector.threshold: Input should be a finite number
     5 | threshold = nan
       hint: Score from which a bar is told, instead of a sensitivity.
  --> liqmon.toml:6 detector.cooldown_s: Input should be a valid number
     6 | cooldown_s = "30"
       hint: Seconds of silence on a market after an episode. Default: 1800.
  --> liqmon.toml:8 breaker.enabled: Input should be true or false
     8 | enabled = 1
       hint: Stop posting after repeated failures. Default: true.
  --> liqmon.toml:9 breaker.open_s: Input should be a finite number
     9 | open_s = inf
       hint: Seconds in which nothing is sent, until one probe. Default: 300.
  --> liqmon.toml:11 log.level: Input should be 'debug', 'info', 'warning' or 'error'
    11 | level = "loud"
       hint: Least level that is written. Default: "warning\"."""
    )


def test_f01_mistakes_of_several_sources_come_together(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        "[breaker]\nopen_s = 0\n",
        environ={"LIQMON_RETRY__ATTEMPTS": "many"},
        flags={"watch.poll_interval_s": -1.0},
    )

    assert (
        said
        == """\
settings: 3 problems
  --> liqmon.toml:2 breaker.open_s: Input should be greater than 0
     2 | open_s = 0
       hint: Seconds in which nothing is sent, until one probe. Default: 300.
  --> LIQMON_RETRY__ATTEMPTS retry.attempts: Input should be a whole number
       hint: Calls in all, the first one included. Default: 3.
  --> command line watch.poll_interval_s: Input should be greater than or equal to 1
       hint: Seconds from one poll to the next. Default: 5."""
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[watch\n", "liqmon.toml:1: not TOML: expected ']' at the end of a table"),
        ("\n\nsymbols =\n", "liqmon.toml:3: not TOML: invalid value (line 3, column"),
        ("a = 1\na = 2\n", "liqmon.toml:2: not TOML: cannot overwrite a value (line"),
        ('a = "', "liqmon.toml:1: not TOML: unterminated string (line 1)"),
        ("a = " + "[" * 5000, "liqmon.toml:1: not TOML: nested too deeply (line 1)"),
        ("a = " + "1" * 5000, "liqmon.toml:1: not TOML: exceeds the limit"),
    ],
)
def test_f01_what_is_not_toml_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    told = refusal(tmp_path, text)

    assert told.startswith(f"liqmon.toml: 1 problem\n  --> {said}")
    assert told.endswith("hint: check quotes and brackets near that line")


def test_f01_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(config=Path("no.toml"), environ={}, cwd=tmp_path, flags={})

    assert str(caught.value) == f"no such file: {tmp_path}/no.toml"
    assert caught.value.hint == "it was named by the command line: check the path"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.mkdir(), "liqmon.toml cannot be read: Is a directory"),
        (
            lambda file: file.write_bytes(b"#" * (1 << 20) + b"#"),
            "liqmon.toml cannot be read: larger than 1 MiB",
        ),
    ],
)
def test_f01_what_is_no_file_is_refused(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "liqmon.toml")

    assert refusal(tmp_path) == said


def test_f01_an_empty_file_means_the_defaults_and_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, "")

    assert found.settings == Settings()
    assert found.warnings == ("liqmon.toml sets nothing",)


def test_f01_a_table_that_is_a_value_is_refused(tmp_path: Path) -> None:
    text = "watch = 5\noverrides = 1\ndetector = { threshold = 0 }\n"
    said = refusal(tmp_path, text, environ={"LIQMON_WATCH__TIMEFRAME": "5m"})

    assert (
        said
        == """\
liqmon.toml: 3 problems
  --> liqmon.toml:1 watch: Input should be a table
     1 | watch = 5
       hint: begin it with [watch] on a line of its own
  --> liqmon.toml:2 overrides: Input should be a table
     2 | overrides = 1
       hint: begin it with [overrides] on a line of its own
  --> liqmon.toml:3 detector.threshold: Input should be greater than 0
     3 | detector = { threshold = 0 }
       hint: Score from which a bar is told, instead of a sensitivity."""
    )


# F02


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[watch]\nsymbol = []", "2 watch.symbol", "did you mean `symbols`?"),
        ("[discrod]\n", "1 discrod", "did you mean `discord`?"),
        ("detector.treshold = 1", "1 detector.treshold", "did you mean `threshold`?"),
        (
            "[overrides.BTCUSDT]\ncooldown = 5",
            "2 overrides.BTCUSDT.cooldown",
            "known here: `sensitivity`, `false_alerts_per_week`, `threshold`",
        ),
        ("[watch]\nopen_s = 3", "2 watch.open_s", "`open_s` belongs under [breaker]"),
        ("threshold = 3", "1 threshold", "`threshold` belongs under [detector]"),
        ("zzz = 3", "1 zzz", "the nearest are "),
        ("[discord]\ntrust_env = true", "2 discord.trust_env", "known here: "),
    ],
)
def test_f02_an_unknown_key_is_refused_with_a_suggestion(
    tmp_path: Path, text: str, said: str, hint: str
) -> None:
    told = refusal(tmp_path, text)

    assert f"  --> liqmon.toml:{said}: unknown key\n" in told
    assert f"       hint: {hint}" in told


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LIQMON_DETECTOR__TRESHOLD", "LIQMON_DETECTOR__THRESHOLD"),
        ("LIQMON_DISCORD__WEBHOOK", "LIQMON_DISCORD__WEBHOOK_URL"),
        ("LIQMON_WACTH__SYMBOLS", "LIQMON_WATCH__SYMBOLS"),
    ],
)
def test_f02_an_unknown_variable_is_refused_with_a_suggestion(
    tmp_path: Path, name: str, meant: str
) -> None:
    told = refusal(tmp_path, environ={name: "x-secret-x"})

    assert told.startswith(f"{name}: 1 problem\n  --> {name} ")
    assert told.endswith(f": unknown variable\n       hint: did you mean `{meant}`?")
    assert "secret" not in told


# F06

NUMBERS = [
    "detector.threshold",
    "breaker.open_s",
    "breaker.failure_threshold",
    "retry.attempts",
    "watch.poll_interval_s",
    "exchange.timeout_s",
    "discord.timeout_s",
    "health.stale_after_s",
    "health.status_interval_s",
    "overrides.BTCUSDT.threshold",
]


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("number", ["0", "-1", "1e300", "nan", "inf", "true", '"5"'])
def test_f06_a_senseless_number_is_refused(
    tmp_path: Path, key: str, number: str
) -> None:
    assert f"liqmon.toml:1 {key}: Input should be" in refusal(
        tmp_path, f"{key} = {number}\n"
    )


@pytest.mark.parametrize("key", ["retry.waits_s", "breaker.open_schedule_s"])
@pytest.mark.parametrize("number", ["0", "-1", "1e300", "nan", '"5"'])
def test_f06_a_senseless_number_in_a_list_is_told_with_its_index(
    tmp_path: Path, key: str, number: str
) -> None:
    told = refusal(tmp_path, f"{key} = [1, {number}]\n")

    assert f"1 problem\n  --> liqmon.toml:1 {key}[1]: Input should be" in told


def test_f06_silence_after_an_episode_may_be_nil(tmp_path: Path) -> None:
    found = read(tmp_path, "[detector]\ncooldown_s = 0\n")

    assert found.settings.detector.cooldown_s == 0
    assert "detector.cooldown_s: Input should be greater than or equal to 0" in refusal(
        tmp_path, "[detector]\ncooldown_s = -1\n"
    )


# F07


def test_f07_an_empty_list_of_exchanges_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", " , "):
        told = refusal(tmp_path, environ={"LIQMON_EXCHANGE__IDS": text})
        assert "exchange.ids: Input should have at least one item" in told


def test_f07_an_empty_list_of_symbols_is_left_to_the_command(tmp_path: Path) -> None:
    assert read(tmp_path, "[watch]\nsymbols = []\n").settings.watch.symbols == ()


def test_f07_what_is_named_twice_counts_once_and_is_said(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '[watch]\nsymbols = ["BTCUSDT", "ETHUSDT", "btc/usdt"]\n',
        flags={"exchange.ids": ["bybit", "okx", "Bybit"]},
    )

    assert found.settings.watch.symbols == ("BTCUSDT", "ETHUSDT")
    assert found.settings.exchange.ids == ("bybit", "okx")
    assert found.warnings == (
        "watch.symbols names something twice; the first counts",
        "exchange.ids names something twice; the first counts",
    )


@pytest.mark.parametrize("symbol", ['""', '"BTC USDT"', '"a\\u0000b"', "5", '"@x"'])
def test_f07_what_cannot_be_a_symbol_is_refused(tmp_path: Path, symbol: str) -> None:
    told = refusal(tmp_path, f"[watch]\nsymbols = [{symbol}]\n")

    assert "liqmon.toml:2 watch.symbols[0]: Input should be a" in told


def test_one_market_has_one_table(tmp_path: Path) -> None:
    text = '[overrides.BTCUSDT]\n[overrides."btc/usdt"]\n'

    assert "liqmon.toml:1 overrides: two tables for one market" in refusal(
        tmp_path, text
    )


# F10


def test_f10_a_byte_order_mark_crlf_and_tabs_do_no_harm(tmp_path: Path) -> None:
    text = "[detector]\r\n\tthreshold\t=\t15 # Schwelle für Bären\r\n"
    found = read(tmp_path, b"\xef\xbb\xbf" + text.encode())

    assert found.settings.detector.threshold == 15
    assert "liqmon.toml:2 detector.treshold: unknown key" in refusal(
        tmp_path, "[detector]\r\ntreshold = 1\r\n"
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[log]\nfile = 'ä'".encode("latin-1"), 2),
        ("[log]\n".encode("utf-16"), 1),
    ],
)
def test_f10_what_is_not_utf_8_is_refused(
    tmp_path: Path, content: bytes, line: int
) -> None:
    assert refusal(tmp_path, content) == (
        f"liqmon.toml: 1 problem\n  --> liqmon.toml:{line}: not UTF-8\n"
        "       hint: save the file as UTF-8"
    )


# F11: the settings have no key that would let a proxy in; see test_f02 (trust_env).


@pytest.mark.parametrize("key", ["exchange.base_url", "discord.base_url"])
def test_a_base_url_is_a_loopback_address(tmp_path: Path, key: str) -> None:
    table, _, name = key.partition(".")
    found = read(tmp_path, f'{key} = "http://127.0.0.1:80"\n')
    assert getattr(getattr(found.settings, table), name) == "http://127.0.0.1:80"

    assert f"{key}: only a loopback address" in refusal(
        tmp_path, f'{key} = "http://evil.io"\n'
    )


def test_the_schema_knows_every_table_and_hides_the_secret() -> None:
    tables = schema()["$defs"]

    assert set(schema()["properties"]) == set(Settings.model_fields)
    assert tables["DiscordTable"]["properties"]["webhook_url"]["anyOf"][0] == {
        "type": "string",
        "format": "uri",
        "writeOnly": True,
    }
    json.dumps(schema(), allow_nan=False)


def test_every_setting_is_described() -> None:
    for table in schema()["$defs"].values():
        for name, field in table["properties"].items():
            assert field["description"].endswith("."), name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary() | st.text().map(str.encode))
def test_any_file_gives_settings_or_a_named_error(
    tmp_path: Path, content: bytes
) -> None:
    told = outcome(tmp_path, content)

    assert told == "" or "liqmon.toml" in told


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.sampled_from(
        [
            f"{table}.{name}"
            for table, field in Settings.model_fields.items()
            if hasattr(type(field.default), "model_fields")
            for name in type(field.default).model_fields
            if name not in {"webhook_url", "heartbeat_url"}
        ]
    ),
    value=values,
)
def test_any_value_of_any_setting_is_taken_or_refused_by_name(
    tmp_path: Path, key: str, value: object
) -> None:
    name = f"LIQMON_{key.replace('.', '__').upper()}"
    text = json.dumps(value).replace("\\u0000", "")

    by_flag = outcome(tmp_path, flags={key: value})
    by_variable = outcome(tmp_path, environ={name: text})

    assert by_flag == "" or f"command line {key}" in by_flag
    assert by_variable == "" or f"{name} {key}" in by_variable
