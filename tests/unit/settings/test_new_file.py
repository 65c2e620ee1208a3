"""A settings file that is made: private, whole, never over another."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from liqmon.errors import ConfigError
from liqmon.settings.load import load
from liqmon.settings.models import Settings
from liqmon.settings.new_file import SEVERITIES, Answers, drafted, text_of

URL = f"https://discord.com/api/webhooks/{'1' * 18}/{'t' * 68}"

ANSWERS = st.builds(
    Answers,
    symbols=st.lists(
        st.from_regex(r"[A-Za-z0-9_/:.-]{1,20}", fullmatch=True),
        min_size=1,
        max_size=3,
        unique_by=str.upper,
    ).map(tuple),
    top=st.none() | st.integers(1, 1000),
    exchanges=st.sampled_from([(), ("okx",), ("bybit", "gate")]),
    webhook_url=st.sampled_from(["", URL]),
    role=st.sampled_from(["", "123456789012345678"]),
    severity=st.sampled_from(SEVERITIES),
)


def read(answers: Answers, home: Path) -> Settings:
    with drafted(home / "liqmon.toml", text_of(answers)) as draft:
        return load(config=draft.path, environ={}, cwd=home, flags={}).settings


@given(ANSWERS)
def test_what_is_written_is_what_was_answered(
    tmp_path_factory: pytest.TempPathFactory, answers: Answers
) -> None:
    settings = read(answers, tmp_path_factory.getbasetemp())

    assert settings.watch.top == answers.top
    assert len(settings.watch.symbols) <= len(answers.symbols)
    assert settings.exchange.ids == (answers.exchanges or ("bybit",))
    assert (settings.discord.webhook is None) is (not answers.webhook_url)
    on = [route for route in settings.discord.routes if route.mode == "on"]
    if answers.webhook_url and answers.role:
        assert [route.mention_role for route in on] == [answers.role]
    if not answers.webhook_url:
        assert settings.discord.routes == ()


@pytest.mark.parametrize(
    ("severity", "sent", "kept"),
    [
        ("low", [], []),
        ("medium", ["medium", "high", "critical"], ["low"]),
        ("high", ["high", "critical"], ["low", "medium"]),
    ],
)
def test_what_is_less_severe_is_not_sent(
    tmp_path: Path, severity: str, sent: list[str], kept: list[str]
) -> None:
    answers = Answers(symbols=("BTCUSDT",), webhook_url=URL, severity=severity)

    routes = read(answers, tmp_path).discord.routes

    by_mode = {route.mode: list(route.severity) for route in routes}
    assert by_mode.get("on", []) == sent
    assert by_mode.get("off", []) == kept


def test_a_webhook_in_a_file_of_its_own_stays_there(tmp_path: Path) -> None:
    hook = tmp_path / 'it\'s a "hook"'
    hook.write_text(URL)
    hook.chmod(0o600)
    answers = Answers(symbols=("BTCUSDT",), webhook_file=hook)

    assert URL not in text_of(answers)
    assert read(answers, tmp_path).discord.webhook is not None


def test_the_answers_do_not_show_the_webhook() -> None:
    assert "tttt" not in repr(Answers(symbols=("BTCUSDT",), webhook_url=URL))


def test_the_file_is_private_and_the_draft_is_gone(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "config.toml"
    os.umask(os.umask(0))
    with drafted(target, "x = 1\n") as draft:
        assert stat.S_IMODE(draft.path.stat().st_mode) == 0o600
        assert not target.exists()
        draft.keep(replace=False)

    assert target.read_text() == "x = 1\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert list(target.parent.iterdir()) == [target]


def test_a_draft_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with drafted(tmp_path / "config.toml", "x = 1\n"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "config.toml"
    with drafted(target, "new") as draft:
        target.write_text("old")
        with pytest.raises(ConfigError, match="meanwhile") as caught:
            draft.keep(replace=False)
        assert "--force" in caught.value.hint
        assert target.read_text() == "old"

        draft.keep(replace=True)

    assert target.read_text() == "new"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(ConfigError, match="cannot be written") as caught,
        drafted(tmp_path / "file" / "config.toml", ""),
    ):
        pass
    assert "--config" in caught.value.hint


def test_a_directory_in_the_file_s_place_is_told(tmp_path: Path) -> None:
    target = tmp_path / "config.toml"
    with drafted(target, "") as draft:
        target.mkdir()
        with pytest.raises(ConfigError, match="cannot be written"):
            draft.keep(replace=True)
