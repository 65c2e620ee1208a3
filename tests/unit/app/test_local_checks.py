"""What doctor finds without asking anybody."""

import os
import sqlite3
from pathlib import Path

import pytest

from liqmon.app.checks import Area, Check, Grade
from liqmon.app.local_checks import (
    Terminal,
    disk_check,
    settings_checks,
    state_checks,
    terminal_check,
    versions,
)
from liqmon.settings.load import load
from liqmon.store.database import Store
from liqmon.store.lock import RunLock, running_pid

URL = f"https://discord.com/api/webhooks/{'1' * 18}/{'t' * 68}"
GIB = 1024**3


def graded(checks: list[Check]) -> list[tuple[str, Grade]]:
    return [(check.topic, check.grade) for check in checks]


def settings_found(tmp_path: Path, text: str | None, **environ: str) -> list[Check]:
    file = tmp_path / "liqmon.toml"
    if text is not None:
        file.write_text(text)
        file.chmod(0o600)
    environ = {"HOME": str(tmp_path), **environ}
    found = load(config=None, environ=environ, cwd=tmp_path, flags={})
    return list(settings_checks(found, found.settings.watch.symbols))


def test_a_settings_file_that_is_valid_is_named(tmp_path: Path) -> None:
    (check,) = settings_found(tmp_path, '[watch]\nsymbols = ["BTCUSDT"]\n')

    assert check.grade is Grade.OK
    assert str(tmp_path / "liqmon.toml") in check.text


def test_no_settings_file_and_no_market_are_worth_a_look(tmp_path: Path) -> None:
    file, market = settings_found(tmp_path, None)

    assert (file.grade, market.grade) == (Grade.WARN, Grade.WARN)
    assert "liqmon init" in file.hint
    assert "[watch] symbols" in market.hint


@pytest.mark.parametrize("watch", ["top = 3", "all = true"])
def test_markets_by_rank_are_markets(tmp_path: Path, watch: str) -> None:
    checks = settings_found(tmp_path, f"[watch]\n{watch}\n")

    assert graded(checks) == [("settings", Grade.OK)]


def test_a_warning_of_the_settings_is_repeated(tmp_path: Path) -> None:
    checks = settings_found(tmp_path, '[watch]\nsymbols = ["BTCUSDT", "btc/usdt"]\n')

    assert [c.grade for c in checks] == [Grade.OK, Grade.WARN]
    assert "twice" in checks[1].text


@pytest.mark.parametrize(
    ("text", "environ", "where"),
    [
        (f'[discord]\nwebhook_url = "{URL}"\n', {}, "in the settings file"),
        ("", {"LIQMON_DISCORD__WEBHOOK_URL": URL}, "in the environment"),
        ("[discord]\nwebhook_url_file = 'hook'\n", {}, "in a file of its own"),
    ],
)
def test_where_the_webhook_is_kept_is_told_and_never_shown(
    tmp_path: Path, text: str, environ: dict[str, str], where: str
) -> None:
    (tmp_path / "hook").write_text(URL)
    (tmp_path / "hook").chmod(0o600)

    checks = settings_found(tmp_path, text or "[watch]\ntop = 1\n", **environ)

    assert where in checks[-1].text
    assert "tttt" not in str(checks)


def test_a_state_directory_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
    checks = list(state_checks(tmp_path / "a" / "b"))

    assert graded(checks) == [("state", Grade.OK), ("disk", Grade.OK)]
    assert "will be made" in checks[0].text
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_in_the_place_of_the_state_directory_fails(
    tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").touch()

    (check, _) = state_checks(tmp_path / "file" / below)

    assert check.grade is Grade.FAIL
    assert check.area is Area.SETUP
    assert "--state-dir" in check.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_directory_that_is_read_only_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert next(state_checks(tmp_path)).grade is Grade.FAIL
    tmp_path.chmod(0o700)


def test_a_state_directory_that_others_may_write_in_is_worth_a_look(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o777)

    check = next(state_checks(tmp_path))

    assert check.grade is Grade.WARN
    assert check.hint == f"chmod 700 {tmp_path}"


async def test_the_database_and_who_runs_on_it_are_told(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    checks = list(state_checks(tmp_path))
    await store.close()

    assert graded(checks)[2:] == [("database", Grade.OK), ("running", Grade.OK)]
    assert "of this version" in checks[2].text
    assert f"process {os.getpid()} " in checks[3].text
    assert [c.topic for c in state_checks(tmp_path)] == ["state", "disk", "database"]


@pytest.mark.parametrize(
    ("version", "grade", "words"),
    [(1, Grade.OK, "older"), (999, Grade.FAIL, "newer")],
)
def test_a_database_of_another_version_is_told(
    tmp_path: Path, version: int, grade: Grade, words: str
) -> None:
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()

    check = list(state_checks(tmp_path))[2]

    assert check.grade is grade
    assert words in check.text


def test_a_database_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database at all" * 100)

    check = list(state_checks(tmp_path))[2]

    assert check.grade is Grade.WARN
    assert "not readable" in check.text


@pytest.mark.parametrize("what", ["no file", "free lock", "another's id", "nonsense"])
def test_without_a_run_no_process_is_named(tmp_path: Path, what: str) -> None:
    lock = tmp_path / "lock"
    match what:
        case "free lock":
            with RunLock(tmp_path):
                assert running_pid(tmp_path) == os.getpid()
        case "another's id":
            lock.write_text(f"{os.getppid()}\n")
        case "nonsense":
            lock.write_text("-1\n")
        case _:
            pass

    assert running_pid(tmp_path) is None


def test_a_process_that_is_gone_runs_nothing(tmp_path: Path) -> None:
    # the largest id that Linux gives is 2 ** 22
    (tmp_path / "lock").write_text("4194305\n")

    assert running_pid(tmp_path) is None


@pytest.mark.parametrize(
    ("free", "grade"),
    [(80 * GIB, Grade.OK), (GIB // 20, Grade.WARN), (1000, Grade.FAIL)],
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    free: int, grade: Grade
) -> None:
    assert disk_check(free).grade is grade


@pytest.mark.parametrize(
    ("columns", "encoding", "grade", "words"),
    [
        (0, "ascii", Grade.OK, "no terminal"),
        (160, "utf-8", Grade.OK, "160 columns"),
        (60, "UTF-8", Grade.WARN, "only 60 columns"),
        (160, "iso8859-1", Grade.WARN, "not utf-8"),
    ],
)
def test_what_the_terminal_can_show_is_told(
    columns: int, encoding: str, grade: Grade, words: str
) -> None:
    (check,) = terminal_check(Terminal(columns, encoding, {}))

    assert check.grade is grade
    assert words in check.text


@pytest.mark.parametrize(
    ("bell", "grade", "words"),
    [
        ("on", Grade.OK, "marks its window"),
        ("off", Grade.WARN, "does not mark"),
        (None, Grade.WARN, "does not answer"),
    ],
)
def test_tmux_is_asked_whether_a_bell_is_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bell: str | None,
    grade: Grade,
    words: str,
) -> None:
    script = f'#!/bin/sh\n[ "$1" = -V ] && echo "tmux 3.4" || echo {bell}\n'
    if bell is not None:
        (tmp_path / "tmux").write_text(script)
        (tmp_path / "tmux").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    check = list(terminal_check(Terminal(160, "utf-8", {"TMUX": "1"})))[1]

    assert check.grade is grade
    assert words in check.text


def test_the_versions_are_those_a_bug_report_needs() -> None:
    version, extras = versions()

    assert "liqmon 0." in version.text
    assert "ccxt 4." in version.text
    assert "chart" in extras.text
