"""``backtest``, ``explain`` and ``tune`` as a user types them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from candles import calm, with_move
from liqmon.backtest.moves import KNOWN_AFTER_MS
from liqmon.cli.app import app
from liqmon.core.baseline import ENOUGH_MS
from liqmon.errors import UserError
from liqmon.ui.figures import day_and_time
from recordings import to_archive, to_file

STEP_MS = 300_000
WARM = ENOUGH_MS // STEP_MS
KNOWN = KNOWN_AFTER_MS // STEP_MS
FALL = with_move(calm(60.0), WARM + 60, bars=4, change=-0.06, times=12.0)
CALM = calm(60.0, seed=8)
LONG = with_move(calm(24.0 * 16), KNOWN + 900, bars=8, change=-0.06, times=12.0)
MOMENT = day_and_time(int(FALL.open_ms[WARM + 64])).replace(" ", "T")
AFTERWARDS = day_and_time(int(FALL.open_ms[WARM + 120])).replace(" ", "T")


@pytest.fixture(autouse=True)
def _no_settings_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "archive"
    to_archive(root, FALL, "BTC")
    to_archive(root, CALM, "ETH")
    monkeypatch.setenv("LIQMON_ARCHIVE", str(root))
    monkeypatch.setenv("LIQMON_WATCH__TIMEFRAME", "5m")
    return root


def typed(*words: object) -> str:
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def ndjson(*words: object) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in typed(*words).splitlines()]


# backtest


def test_a_backtest_lists_findings_and_sums_them_up(archive: Path) -> None:
    text = typed("backtest", "--jobs", 1)

    (finding,) = [line for line in text.splitlines() if " long " in line]
    assert "BTCUSDT" in finding
    assert "%" in finding
    summary = text.partition("days judged")[2].splitlines()
    assert [line.split()[0] for line in summary[1:3]] == ["BTCUSDT", "ETHUSDT"]
    assert "rule surge, threshold" in text
    assert "inferred from price and volume" in text


def test_json_has_the_lines_of_a_watch_and_what_a_scorer_reads(archive: Path) -> None:
    lines = ndjson("backtest", "BTCUSDT", "--json", "--key", "--jobs", 1)

    assert lines[0]["phase"] == "onset"
    assert lines[-1]["phase"] == "end"
    for line in lines:
        assert line["event"] == "finding"
        assert line["symbol"] == "BTC/USDT:USDT"
        assert (line["ts_ms"], line["side"]) == (line["decided_ms"], "long")
        assert 0.0 < line["confidence"] <= 1.0
        assert line["key"] == "BTCUSDT"


def test_raw_is_every_bar_from_a_threshold_on(archive: Path) -> None:
    raw = ndjson("backtest", "--json", "--raw", "--threshold", 3, "--jobs", 1)

    assert len(raw) > 3
    assert {line["phase"] for line in raw} == {"onset"}
    assert all(line["score"] >= 3 for line in raw)
    assert "key" not in raw[0]
    assert len(typed("backtest", "--raw", "--threshold", 3, "--jobs", 1)) > 500


def test_files_are_judged_without_an_archive(tmp_path: Path) -> None:
    one, two = to_file(tmp_path, FALL, "BTC"), to_file(tmp_path, CALM, "ETH")

    lines = ndjson("backtest", "--json", "--jobs", 1, "--key", "--data", one, two)
    named = ndjson("backtest", "ETHUSDT", "--json", "--jobs", 1, "--data", one, two)

    assert {line["key"] for line in lines} == {"BTCUSDT_5m"}
    assert {line["exchange"] for line in lines} == {"file"}
    assert named == []


def test_since_counts_back_from_the_newest_candle(archive: Path) -> None:
    assert ndjson("backtest", "--json", "--since", "2h", "--jobs", 1) == []
    assert ndjson("backtest", "--json", "--since", "59h", "--jobs", 1)
    assert ndjson("backtest", "--json", "--since", AFTERWARDS, "--jobs", 1) == []


@pytest.mark.parametrize("rule", ["volume-return", "zscore", "atr"])
def test_other_rules_are_judged_at_their_usual_thresholds(
    archive: Path, rule: str
) -> None:
    assert f"rule {rule}, threshold" in typed("backtest", "--rule", rule, "--jobs", 1)


def test_a_market_that_warms_up_says_so(tmp_path: Path) -> None:
    path = to_file(tmp_path, FALL.rows(slice(0, 200)), "BTC")

    assert "warming up" in typed("backtest", "--data", path)


def test_a_chart_is_of_one_market(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    typed("backtest", "BTCUSDT", "--chart", path)

    with Image.open(path) as image:
        assert image.size == (1600, 800)
    with pytest.raises(UserError, match="a picture is of one market"):
        typed("backtest", "--chart", path)


def test_a_market_that_is_not_there_is_told(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no 5m candles of SOLUSDT"):
        typed("backtest", "SOLUSDT")
    with pytest.raises(UserError, match="no file is of SOLUSDT") as raised:
        typed("backtest", "SOLUSDT", "--data", to_file(tmp_path, CALM, "ETH"))
    assert raised.value.hint == "they are of ETHUSDT"


# explain


def test_a_moment_is_explained_with_its_windows_and_its_verdict(archive: Path) -> None:
    text = typed("explain", "BTCUSDT", "--at", MOMENT, "--with", "ETHUSDT")

    for word in (
        "5 min",
        "15 min",
        "30 min",
        "baseline",
        "strength",
        "of 1 other market\n",
    ):
        assert word in text
    assert "for longs" in text
    assert ": fires (" in text
    assert "such were cascades" in text
    assert " onset" in text


def test_a_calm_moment_does_not_fire(archive: Path) -> None:
    text = typed("explain", "ETHUSDT", "--at", MOMENT, "--threshold", 30)

    assert "threshold 30: does not fire (" in text
    assert "none, which counts as" in text


def test_what_is_unknown_is_said_to_be(tmp_path: Path) -> None:
    young = to_file(tmp_path, FALL.rows(slice(WARM, None)), "BTC")

    text = typed("explain", "BTCUSDT", "--at", MOMENT, "--data", young)

    assert "verdict     none: warming up" in text


def test_a_moment_has_its_picture(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    typed("explain", "BTCUSDT", "--at", MOMENT, "--chart", path)

    assert path.stat().st_size > 5_000


# tune


def test_a_market_is_tuned_and_the_override_written(
    archive: Path, tmp_path: Path
) -> None:
    to_archive(archive, LONG, "SOL")
    settings = tmp_path / "liqmon.toml"
    settings.write_text("# mine\n")

    text = typed("tune", "SOLUSDT", "--write")

    assert "weeks judged, 1 large move\n" in text
    assert "that is little" in text
    assert "suggested" in text
    threshold = float(text.rpartition("threshold = ")[2])
    assert settings.read_text() == (
        f"# mine\n\n[overrides.SOLUSDT]\nthreshold = {threshold:g}\n"
    )
    again = typed("tune", "SOLUSDT")
    assert "now, suggested" in again


def test_tuning_as_json_has_every_threshold(archive: Path) -> None:
    to_archive(archive, LONG, "SOL")

    (line,) = ndjson("tune", "SOLUSDT", "--json", "--false-alerts-per-week", 0.5)

    assert (line["event"], line["symbol"]) == ("tuning", "SOL/USDT:USDT")
    assert line["moves"] == 1
    chosen = [
        one for one in line["thresholds"] if one["threshold"] == line["threshold"]
    ]
    assert chosen[0]["false_per_week"] <= 0.5


def test_tuning_needs_enough_candles_and_a_file_to_write(archive: Path) -> None:
    with pytest.raises(UserError, match="too few candles to tune by"):
        typed("tune", "BTCUSDT")
    with pytest.raises(UserError, match="there is no settings file"):
        typed("tune", "BTCUSDT", "--write")


def test_where_nothing_is_quiet_enough_nothing_is_written(
    archive: Path, tmp_path: Path
) -> None:
    candles = calm(24.0 * 12, seed=8)
    for at in range(KNOWN + 60, KNOWN + 1_100, 300):
        # too small for a move, and far too busy
        candles = with_move(candles, at, bars=1, change=-0.0185, times=500.0)
        candles = with_move(candles, at + 40, bars=150, change=0.0188, times=1.0)
    to_archive(archive, candles, "SOL")
    settings = tmp_path / "liqmon.toml"
    settings.write_text("")

    text = typed("tune", "SOLUSDT", "--false-alerts-per-week", 0.1)
    assert "no threshold up to 30 keeps that here" in text
    with pytest.raises(UserError, match="nothing was written"):
        typed("tune", "SOLUSDT", "--false-alerts-per-week", 0.1, "--write")
    assert settings.read_text() == ""


def test_a_calm_market_has_no_list_of_moves(archive: Path) -> None:
    to_archive(archive, calm(24.0 * 45, seed=8), "SOL")

    text = typed("tune", "SOLUSDT", "--since", "2000-01-01")

    assert "0 large moves" in text
    assert "that is little" not in text
    assert "move, over at" not in text


def test_a_missed_move_is_listed_as_missed(archive: Path) -> None:
    slow = with_move(calm(24.0 * 16), KNOWN + 900, bars=46, change=-0.06, times=1.0)
    to_archive(archive, slow, "SOL")

    assert " missed " in typed("tune", "SOLUSDT", "--false-alerts-per-week", 0.01)


def test_two_histories_of_one_market_cannot_be_tuned(tmp_path: Path) -> None:
    one = to_file(tmp_path, LONG, "BTC")
    two = one.rename(tmp_path / "other_BTCUSDT_5m.csv")
    one = to_file(tmp_path, LONG, "BTC")

    with pytest.raises(UserError, match="2 histories of BTCUSDT"):
        typed("tune", "BTCUSDT", "--data", one, two)
    with pytest.raises(UserError, match="0 histories of ETHUSDT") as raised:
        typed("tune", "ETHUSDT", "--data", one, two)
    assert raised.value.hint == "the files are of BTCUSDT"
