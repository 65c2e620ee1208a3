"""init, doctor, symbols and info as a new user meets them, against loopback."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded import at_home, embedded
from liqmon.app.market_lists import kept_names
from liqmon.cli.app import app
from liqmon.cli.errors import guarded
from liqmon.sim.generated import generated
from liqmon.sim.server import SimServer
from liqmon.store.lock import RunLock

GONE = f"https://discord.com/api/webhooks/{'9' * 18}/{'x' * 68}"
NOBODY = "http://127.0.0.1:9"
ROLE = "123456789012345678"


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


Run = Callable[..., Told]


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with embedded(generated(1)) as server:
        yield server


@pytest.fixture
def home(sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    given = {
        "LIQMON_EXCHANGE__BASE_URL": sim.base_url,
        "LIQMON_DISCORD__BASE_URL": sim.base_url,
    }
    at_home(tmp_path, monkeypatch, given)
    return tmp_path


@pytest.fixture
def liqmon(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Told:
        code = guarded(lambda: app(list(arguments), prog_name="liqmon"))
        return Told(code, *capsys.readouterr())

    return run


def config(home: Path) -> Path:
    return home / "config" / "liqmon" / "config.toml"


# init


def test_init_sends_a_real_message_and_saves_a_private_file(
    liqmon: Run, home: Path, sim: SimServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", sim.webhook_url)
    before = len(sim.discord.messages)

    told = liqmon("init", "btcusdt", "--role", ROLE, "--severity", "medium")

    assert told.code == 0, told.err
    assert "bybit has BTC/USDT:USDT" in told.out
    assert f"saved {config(home)} (mode 600)" in told.out
    assert "liqmon doctor   check" in told.out
    assert stat.S_IMODE(config(home).stat().st_mode) == 0o600
    (message,) = list(sim.discord.messages)[before:]
    assert "TEST" in str(message.payload)
    assert f"<@&{ROLE}>" in str(message.payload)
    assert sim.webhook_url not in told.out + told.err
    # the shell can complete names from here on
    assert "BTCUSDT" in kept_names(home / "cache" / "liqmon")

    # a second time it touches nothing
    saved = config(home).read_text()
    assert 'symbols = ["BTCUSDT"]' in saved
    again = liqmon("init", "ETHUSDT", "--no-webhook")
    assert again.code == 2
    assert "is there already" in again.err
    assert "--force" in again.err
    assert config(home).read_text() == saved

    assert liqmon("init", "ETHUSDT", "--no-webhook", "--force").code == 0
    assert "ETHUSDT" in config(home).read_text()


def test_init_saves_nothing_when_the_message_does_not_arrive(
    liqmon: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", GONE)

    told = liqmon("init", "BTCUSDT")

    assert told.code == 4
    assert "does not exist any more" in told.err
    assert "nothing was saved" in told.err
    assert not config(home).exists()
    assert list(config(home).parent.iterdir()) == []
    assert "xxxx" not in told.out + told.err

    told = liqmon("init", "BTCUSDT", "--no-test")
    assert told.code == 0
    assert config(home).exists()


def test_init_with_nobody_to_ask_names_all_that_is_missing(
    liqmon: Run, home: Path
) -> None:
    told = liqmon("init", "--no-input")

    assert told.code == 2
    assert "markets (name some, or --top N)" in told.err
    assert "--webhook-url-file" in told.err
    assert not config(home).exists()


def test_init_refuses_a_wrong_market_and_suggests_the_right_one(
    liqmon: Run, home: Path
) -> None:
    told = liqmon("init", "BTCUSTD", "--no-webhook")

    assert told.code == 2
    assert told.err == (
        "error: 'BTCUSTD' is no perpetual on bybit\n  hint: did you mean BTCUSDT?\n"
    )
    assert not config(home).exists()


def test_init_without_a_network_says_that_markets_are_unchecked(
    liqmon: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_EXCHANGE__BASE_URL", NOBODY)

    told = liqmon("init", "--top", "5", "--no-webhook", "--exchange", "okx")

    assert told.code == 0
    assert "markets not checked: okx does not answer: cannot connect" in told.out
    assert "top = 5" in config(home).read_text()
    assert 'ids = ["okx"]' in config(home).read_text()


def test_init_leaves_a_webhook_in_the_file_where_it_is(
    liqmon: Run, home: Path, sim: SimServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a variable that happens to be set does not win over what was named
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", GONE)
    hook = home / "hook"
    hook.write_text(sim.webhook_url)
    hook.chmod(0o644)
    arguments = ("init", "BTCUSDT", "--webhook-url-file", "hook", "--config", "my.toml")

    told = liqmon(*arguments)
    assert told.code == 2
    assert f"chmod 600 {hook}" in told.err

    hook.chmod(0o600)
    told = liqmon(*arguments)
    assert told.code == 0, told.err
    assert f"liqmon watch --config {home}/my.toml" in told.out
    assert f'webhook_url_file = "{hook}"' in (home / "my.toml").read_text()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://hooks.slack.com/services/T0/B0", "of another service than Discord"),
        (f"{GONE}/slack", "leave that out"),
    ],
)
def test_init_knows_the_webhook_of_another_service(
    liqmon: Run, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", url)

    told = liqmon("init", "BTCUSDT")

    assert told.code == 2
    assert words in told.err


def test_init_takes_a_role_only_as_its_id(liqmon: Run) -> None:
    told = liqmon("init", "BTCUSDT", "--no-webhook", "--role", "@everyone")

    assert told.code == 2
    assert "Copy ID" in told.err


def test_init_says_which_file_wins_in_this_directory(
    liqmon: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "liqmon.toml").write_text("[watch]\n")

    assert "liqmon.toml is used instead" in liqmon("init", "BTC", "--no-webhook").out

    monkeypatch.setenv("LIQMON_CONFIG", "named.toml")
    assert liqmon("init", "BTC", "--no-webhook").code == 0
    assert (home / "named.toml").exists()


# doctor


def test_doctor_is_content_with_what_init_made(
    liqmon: Run, sim: SimServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", sim.webhook_url)
    assert liqmon("init", "BTCUSDT").code == 0
    monkeypatch.delenv("LIQMON_DISCORD__WEBHOOK_URL")
    before = len(sim.discord.messages)

    told = liqmon("doctor", "--ascii")

    assert told.code == 0
    assert told.out.splitlines()[-1] == "all is in order"
    assert all(line.startswith("ok ") for line in told.out.splitlines()[:-1])
    assert len(sim.discord.messages) == before


@pytest.mark.parametrize(
    ("arguments", "given", "code", "words"),
    [
        (["BTCUSDT"], {}, 0, "liqmon can run; "),
        (["BTCUSTD"], {}, 2, "did you mean BTCUSDT?"),
        (["--config", "bad.toml"], {}, 2, "did you mean `symbols`?"),
        (["BTC"], {"LIQMON_EXCHANGE__BASE_URL": NOBODY}, 3, "cannot connect"),
        (["BTC"], {"LIQMON_DISCORD__WEBHOOK_URL": GONE}, 4, "does not exist any more"),
        (["BTC"], {"LIQMON_DISCORD__WEBHOOK_URL": "x"}, 2, "begin with https://"),
    ],
)
def test_doctor_ends_with_the_code_of_what_stands_in_the_way(
    *,
    liqmon: Run,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    given: dict[str, str],
    code: int,
    words: str,
) -> None:
    (home / "bad.toml").write_text("[watch]\nsymbls = []\n")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    told = liqmon("doctor", *arguments)

    assert told.code == code
    assert words in told.out
    assert told.err == ""
    assert "xxxx" not in told.out


def test_doctor_as_json_has_every_check_and_the_code(liqmon: Run, home: Path) -> None:
    told = liqmon("doctor", "--top", "2", "--json")

    whole = json.loads(told.out)
    assert (whole["schema"], whole["exit_code"]) == (1, told.code)
    assert {"area", "topic", "grade", "text", "hint"} == set(whole["checks"][0])
    assert "2 by rank: " in told.out
    # it only looked
    assert not (home / "state").exists()


# symbols


def markets(told: Told) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told.out)["markets"]
    return found


def test_symbols_says_what_would_be_watched_and_why(
    liqmon: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_OVERRIDES__XRPUSDT__SENSITIVITY", "alert")
    wanted = ("XRPUSDT", "--top", "1", "--exclude", "eth", "--exclude", "BTCUSTD")

    lines = liqmon("symbols", *wanted).out.splitlines()

    assert lines[0] == "bybit: 2 of 4 perpetuals would be watched"
    assert lines[1].split() == [
        *("market", "why", "rank", "24", "h", "volume"),
        *("open", "interest", "threshold"),
    ]
    assert lines[2].startswith("XRPUSDT  named, own sensitivity  ")
    assert lines[2].endswith(" 9.5")
    assert lines[3].startswith("ETHUSDT  excluded by eth ")
    assert lines[4].startswith("BTCUSDT  top 2 by volume ")
    assert lines[5] == "thresholds: detector.sensitivity normal, 1m candles"
    assert lines[6] == "note: to exclude BTCUSTD changes nothing here"

    xrp, eth, btc = markets(liqmon("symbols", *wanted, "--json"))
    assert xrp["threshold_from"] == "overrides.XRPUSDT.sensitivity"
    assert (eth["excluded_by"], btc["excluded_by"]) == ("eth", None)
    assert btc["volume_24h"] > 1e9
    assert btc["open_interest"] > 1e8


def test_symbols_follows_the_settings_until_markets_are_named(
    liqmon: Run, home: Path
) -> None:
    (home / "liqmon.toml").write_text('[watch]\ntop = 2\nexclude = ["ETHUSDT"]\n')

    def asked(*arguments: str) -> list[str]:
        rows = markets(liqmon("symbols", *arguments, "--json"))
        return [row["name"] for row in rows if row["excluded_by"] is None]

    assert asked() == ["BTCUSDT", "SOLUSDT"]
    assert asked("XRPUSDT") == ["XRPUSDT"]
    assert asked("XRPUSDT", "--top", "1") == ["XRPUSDT", "BTCUSDT"]
    assert asked("--all", "--by", "oi", "--exclude", "XRP") == [
        *("BTCUSDT", "ETHUSDT", "SOLUSDT"),
    ]


def test_symbols_offline_remembers_the_names_it_knew(
    liqmon: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert liqmon("symbols", "BTCUSDT").code == 0
    monkeypatch.setenv("LIQMON_EXCHANGE__BASE_URL", NOBODY)
    monkeypatch.setenv("LIQMON_RETRY__ENABLED", "false")

    told = liqmon("symbols", "BTCUSTD")

    assert told.code == 3
    assert told.err.startswith("error: bybit does not answer: cannot connect; by its")
    assert "did you mean BTCUSDT?" in told.err


def test_symbols_without_a_market_says_how_to_choose_some(liqmon: Run) -> None:
    told = liqmon("symbols")

    assert told.code == 2
    assert "--top 20" in told.err


# info


def test_info_says_where_everything_is(liqmon: Run, home: Path) -> None:
    state = home / "state" / "liqmon"
    (home / "liqmon.toml").write_text("[log]\nfile = 'a.log'\n")
    with RunLock(state):
        told = liqmon("info")
        facts = json.loads(liqmon("info", "--json").out)

    assert told.code == 0
    assert f"settings  {home}/liqmon.toml" in told.out
    assert f"running   process {os.getpid()}" in told.out
    assert f"log       {home}/a.log" in told.out
    assert f"archive   {home}/data/liqmon/candles (not there yet)" in told.out
    assert "database  none yet" in told.out
    assert facts["state"] == {"path": str(state), "exists": True}
    assert facts["running_pid"] == os.getpid()


def test_info_works_when_the_settings_do_not(liqmon: Run, home: Path) -> None:
    (home / "liqmon.toml").write_text("[wtch]\n")
    (home / "state" / "liqmon").mkdir(parents=True)
    (home / "state" / "liqmon" / "state.db").write_bytes(b"0" * 2**20)

    told = liqmon("info")

    assert told.code == 0
    assert "settings  not usable: liqmon.toml: 1 problem" in told.out
    assert "database  state.db, 1.0 MiB" in told.out
    assert "running   nothing" in told.out


# download


def test_download_selects_its_markets_as_a_watch_does(liqmon: Run, home: Path) -> None:
    """The most active market is excluded, so that the next one has its place."""
    most = json.loads(liqmon("symbols", "--top", "1", "--json").out)["markets"][0]
    told = liqmon(
        *("download", "--top", "1", "--exclude", most["name"], "--since", "1h"),
        *("--archive", str(home / "candles"), "--json"),
    )

    assert told.code == 0, told.err
    [line] = told.out.splitlines()
    assert json.loads(line)["symbol"] != most["symbol"]
    assert json.loads(line)["fetched"] > 60
