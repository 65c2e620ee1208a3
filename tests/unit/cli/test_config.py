"""``liqmon config`` as it is typed."""

import json
from pathlib import Path

import pytest

from shells import Typed, a_shell, go_home
from webhooks import TOKEN, URL


@pytest.fixture
def typed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Return a shell in an empty home: arguments in, code and both streams out."""
    go_home(tmp_path, monkeypatch)
    return a_shell(capsys)


def test_path_prints_the_file_in_use(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "liqmon.toml").touch()
    other = tmp_path / "other.toml"
    other.touch()

    assert typed("config", "path") == (0, f"{tmp_path}/liqmon.toml\n", "")
    assert typed("config", "path", "--config", "other.toml") == (0, f"{other}\n", "")


def test_path_says_where_it_looked(typed: Typed, tmp_path: Path) -> None:
    assert typed("config", "path") == (
        2,
        "",
        (
            "error: there is no settings file\n"
            f"  hint: liqmon init makes one; looked for {tmp_path}/liqmon.toml or "
            f"{tmp_path}/.config/liqmon/config.toml\n"
        ),
    )


def test_show_tells_every_value_and_its_source(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text("[watch]\nsymbols = ['BTCUSDT']\n[overrides.BTCUSDT]\nthreshold=9")
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", URL)
    code, out, err = typed("config", "show")
    *lines, general, own = out.splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines)

    assert (code, err) == (0, "")
    assert rows["file:"] == str(file)
    assert rows["watch.symbols"].split() == ['["BTCUSDT"]', "file"]
    assert rows["discord.webhook_url"].split() == ['"***"', "environment"]
    assert rows["overrides.BTCUSDT.threshold"].split() == ["9.0", "file"]
    assert rows["breaker.open_s"].split() == ["300", "default"]
    assert rows["log.file"].split() == ["-", "default"]
    assert general == "threshold: 15, from detector.sensitivity"
    assert own == "threshold of BTCUSDT: 9, from overrides.BTCUSDT.threshold"
    assert TOKEN not in out


def test_show_is_json_when_asked(typed: Typed, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(URL)
    hook.chmod(0o600)
    (tmp_path / "liqmon.toml").write_text("discord.webhook_url_file = 'hook'")
    code, out, err = typed("config", "show", "--json")
    shown = json.loads(out)

    assert (code, err) == (0, "")
    assert (shown["schema"], shown["file"]) == (1, f"{tmp_path}/liqmon.toml")
    assert shown["settings"]["discord.webhook_url"] == {
        "value": "***",
        "source": "webhook_url_file",
    }
    assert shown["settings"]["discord.webhook_url_file"] == {
        "value": str(hook),
        "source": "file",
    }
    assert shown["settings"]["retry.waits_s"]["value"] == [1.0, 2.0]
    assert shown["thresholds"] == {
        "*": {"threshold": 15.0, "decided_by": "detector.sensitivity"}
    }
    assert TOKEN not in out


def test_show_without_a_file_says_so(typed: Typed) -> None:
    code, out, _ = typed("config", "show")

    assert code == 0
    assert out.startswith("file: none\nwatch.symbols ")


def test_a_warning_goes_to_standard_error(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "liqmon.toml").touch()
    code, out, err = typed("config", "validate")

    assert (code, out) == (0, f"{tmp_path}/liqmon.toml: ok\n")
    assert err == "warning: liqmon.toml sets nothing\n"


def test_validate_takes_a_file_or_what_would_be_used(
    typed: Typed, tmp_path: Path
) -> None:
    assert typed("config", "validate")[:2] == (
        0,
        "no settings file; the defaults: ok\n",
    )
    (tmp_path / "bad.toml").write_text("detector.treshold = 1")

    told = (
        "error: bad.toml: 1 problem\n"
        "  --> bad.toml:1 detector.treshold: unknown key\n"
        "     1 | detector.treshold = 1\n"
        "       hint: did you mean `threshold`?\n"
    )
    assert typed("config", "validate", "bad.toml") == (2, "", told)
    assert typed("config", "validate", "--config", "bad.toml") == (2, "", told)
    assert typed("config", "show", "--config", "bad.toml") == (2, "", told)


def test_f03_a_bad_webhook_ends_with_2_and_no_echo(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", f"{URL}/slack")
    code, out, err = typed("config", "validate")

    assert (code, out) == (2, "")
    assert "ends in /slack" in err
    assert TOKEN not in err


def test_f04_a_file_that_others_can_read_ends_with_2(
    typed: Typed, tmp_path: Path
) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text(f"discord.webhook_url = '{URL}'")
    file.chmod(0o644)
    code, _, err = typed("config", "validate")

    assert code == 2
    assert "(mode 0644)" in err
    assert f"hint: chmod 600 {file}\n" in err
    assert TOKEN not in err


def test_f05_no_command_has_an_option_for_the_webhook(typed: Typed) -> None:
    code, _, err = typed("config", "show", "--webhook-url", "x")

    assert code == 2
    assert "there is no option --webhook-url" in err


def test_schema_is_json_schema(typed: Typed) -> None:
    code, out, _ = typed("config", "schema")

    assert code == 0
    assert "discord" in json.loads(out)["properties"]


def test_a_mistyped_command_is_guessed(typed: Typed) -> None:
    code, out, err = typed("confg")

    assert (code, out) == (2, "")
    assert "did you mean config?" in err


def test_show_and_validate_know_the_routes_and_keep_their_secrets(
    typed: Typed, tmp_path: Path
) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text(
        '[[discord.routes]]\nname = "phone"\nseverity = ["high"]\n'
        f'webhook_url = "{URL}"\n'
    )
    file.chmod(0o600)
    code, shown, _ = typed("config", "show", "--json")

    assert code == 0
    assert json.loads(shown)["settings"]["discord.routes"] == {
        "value": [{"name": "phone", "severity": ["high"], "webhook_url": "***"}],
        "source": "file",
    }
    assert TOKEN not in shown + typed("config", "show")[1]
    assert typed("config", "validate")[0] == 0


def test_the_schema_describes_a_route(typed: Typed) -> None:
    _, out, _ = typed("config", "schema")

    route = json.loads(out)["$defs"]["RouteTable"]
    assert route["required"] == ["name"]
    assert all("description" in value for value in route["properties"].values())


def test_show_hides_the_heartbeats_address(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_HEALTH__HEARTBEAT_URL", "https://hc-ping.com/secret")
    _, table, _ = typed("config", "show")
    _, whole, _ = typed("config", "show", "--json")

    assert '"***"' in table
    assert json.loads(whole)["settings"]["health.heartbeat_url"] == {
        "value": "***",
        "source": "environment",
    }
    assert "hc-ping" not in table + whole
