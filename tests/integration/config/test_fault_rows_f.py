"""Rows F01 to F14 of the fault matrix, typed as a user types them.

F08 (a reload) and F12 (a wrong clock) are tested where they are built, and F13 is
documentation. Each row in every detail: ``tests/unit/settings``.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes import FakeClock
from liqmon.cli.app import app
from liqmon.cli.errors import guarded
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.events import BreakerState
from liqmon.discord.answers import Answer, judge
from liqmon.monitor.gate import Gate
from liqmon.store.database import Store
from liqmon.webhook import WebhookUrl
from loopback_discord import loopback_discord
from outboxes import an_entry
from processes import Shell
from webhooks import HOSTILE, ID, TOKEN, URL


@dataclass(frozen=True)
class Told:
    """How a command ended."""

    code: int
    out: str
    err: str

    def is_refusal(self) -> bool:
        """Tell whether it ended as a mistake of the user's, in words."""
        whole = self.out + self.err
        return (
            (self.code, self.out) == (2, "")
            and self.err.startswith("error: ")
            and "Traceback" not in whole
            and TOKEN not in whole
        )


Liqmon = Callable[..., Told]


@pytest.fixture
def liqmon(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Liqmon:
    """Return the command, run in an empty home with a bare environment."""

    def run(*arguments: str, environ: Mapping[str, str] | None = None) -> Told:
        with monkeypatch.context() as bare:
            bare.chdir(tmp_path)
            for name in os.environ:
                bare.delenv(name)
            for name, text in {"HOME": str(tmp_path), **(environ or {})}.items():
                bare.setenv(name, text)
            code = guarded(lambda: app(list(arguments), prog_name="liqmon"))
        return Told(code, *capsys.readouterr())

    return run


@pytest.fixture
def validated(liqmon: Liqmon, tmp_path: Path) -> Callable[[str | bytes], Told]:
    """Return what ``config validate`` says to a settings file with this text."""

    def validate(text: str | bytes) -> Told:
        content = text if isinstance(text, bytes) else text.encode()
        file = tmp_path / "liqmon.toml"
        file.touch(0o600)
        file.write_bytes(content)
        return liqmon("config", "validate")

    return validate


Validated = Callable[[str | bytes], Told]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[watch\n", "liqmon.toml:1: not TOML"),
        ("[watch]\nsymbols = 5\n", "liqmon.toml:2 watch.symbols: Input should be"),
        (
            "[detector]\nthreshold = nan\n",
            "liqmon.toml:2 detector.threshold: Input should be a finite number",
        ),
        (
            '[retry]\nenabled = "yes"\n',
            "liqmon.toml:2 retry.enabled: Input should be true or false",
        ),
        ("breaker = 3\n", "liqmon.toml:1 breaker: "),
    ],
)
def test_f01_a_malformed_file_is_refused_by_line_and_key(
    validated: Validated, text: str, said: str
) -> None:
    told = validated(text)

    assert told.is_refusal(), told
    assert f"  --> {said}" in told.err


async def test_f01_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """In a process of its own, for all the others."""
    file = tmp_path / "liqmon.toml"
    file.write_text("[retry]\nattempts = 0\n[breaker]\nopen_s = 'x'\n")
    ended = await Shell(tmp_path).finished("config", "validate")
    told = Told(ended.code, ended.out, ended.err)

    assert told.is_refusal(), told
    assert told.err.startswith("error: liqmon.toml: 2 problems\n")


def test_f01_a_file_that_is_named_and_missing_is_refused(liqmon: Liqmon) -> None:
    told = liqmon("config", "validate", "--config", "no.toml")

    assert told.is_refusal(), told
    assert "no such file" in told.err


def test_f01_an_empty_file_means_the_defaults(validated: Validated) -> None:
    told = validated("")

    assert told.code == 0
    assert told.err == "warning: liqmon.toml sets nothing\n"


def test_f01_no_file_means_the_defaults(liqmon: Liqmon) -> None:
    assert liqmon("config", "validate") == Told(
        0, "no settings file; the defaults: ok\n", ""
    )


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("[detector]\ntreshold = 9\n", "detector.treshold", "threshold"),
        ("[brekaer]\nopen_s = 9\n", "brekaer", "breaker"),
        ("[discord]\nweb_hook_url = 'x'\n", "discord.web_hook_url", "webhook_url"),
    ],
)
def test_f02_an_unknown_key_is_refused_with_a_suggestion(
    validated: Validated, text: str, key: str, meant: str
) -> None:
    told = validated(text)

    assert told.is_refusal(), told
    assert f" {key}: unknown key" in told.err
    assert f"did you mean `{meant}`?" in told.err


def test_f02_an_unknown_variable_is_refused_with_a_suggestion(liqmon: Liqmon) -> None:
    told = liqmon("config", "validate", environ={"LIQMON_DETECTOR__TRESHOLD": "9"})

    assert told.is_refusal(), told
    assert "LIQMON_DETECTOR__T" in told.err


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_f03_a_hostile_webhook_is_refused_and_never_echoed(
    liqmon: Liqmon, text: str
) -> None:
    assert len(HOSTILE) == 17
    told = liqmon("config", "validate", environ={"LIQMON_DISCORD__WEBHOOK_URL": text})

    assert told.is_refusal(), told
    assert "LIQMON_DISCORD__WEBHOOK_URL discord.webhook_url: " in told.err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_f04_a_webhook_that_others_can_read_is_refused(
    liqmon: Liqmon, tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text(f"[discord]\nwebhook_url = '{URL}'\n")
    file.chmod(mode)
    told = liqmon("config", "validate")

    assert told.is_refusal(), told
    assert f"(mode {mode:04o})" in told.err
    assert f"hint: chmod 600 {file}\n" in told.err

    file.chmod(0o600)
    assert liqmon("config", "validate").code == 0


def test_f04_a_webhook_file_that_others_can_read_is_refused(
    validated: Validated, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    hook.write_text(URL)
    hook.chmod(0o644)
    told = validated("[discord]\nwebhook_url_file = 'hook'\n")

    assert told.is_refusal(), told
    assert f"hint: chmod 600 {hook}\n" in told.err


@pytest.mark.parametrize(
    "command", [["config", "show"], ["config", "validate"], ["watch", "BTCUSDT"]]
)
def test_f05_no_option_takes_the_webhook(liqmon: Liqmon, command: list[str]) -> None:
    told = liqmon(*command, "--webhook-url", URL)

    assert (told.code, told.out) == (2, "")
    assert TOKEN not in told.err


@pytest.mark.parametrize("number", ["0", "-1", "1e300", "nan"])
def test_f06_a_senseless_number_is_refused(validated: Validated, number: str) -> None:
    told = validated(
        f"[detector]\nthreshold = {number}\n[breaker]\nopen_s = {number}\n"
    )

    assert told.is_refusal(), told
    assert "liqmon.toml:2 detector.threshold: Input should be" in told.err
    assert "liqmon.toml:4 breaker.open_s: Input should be" in told.err


def test_f07_an_empty_list_of_exchanges_is_refused(validated: Validated) -> None:
    told = validated("[exchange]\nids = []\n")

    assert told.is_refusal(), told
    assert "liqmon.toml:2 exchange.ids: Input should have at least one" in told.err


def test_f07_what_is_named_twice_counts_once_and_is_said(validated: Validated) -> None:
    told = validated(
        "[watch]\nsymbols = ['BTCUSDT', 'btc/usdt']\n[exchange]\nids = ['okx', 'OKX']\n"
    )

    assert told.code == 0
    assert told.err == (
        "warning: watch.symbols names something twice; the first counts\n"
        "warning: exchange.ids names something twice; the first counts\n"
    )


async def test_f09_another_webhook_begins_afresh_and_the_held_rows_flow(
    tmp_path: Path,
) -> None:
    old, new = WebhookUrl(URL), WebhookUrl(URL.replace(ID, "9" * len(ID)))
    store = await Store.open(tmp_path)
    try:
        await store.enqueue(an_entry(), now_ms=0)
        await die(store, old)

        assert await state_after_restart(store, old) is BreakerState.DEAD
        assert await state_after_restart(store, new) is BreakerState.CLOSED
        assert len(await store.due(0)) == 1, "what waited is sent to the new one"
    finally:
        await store.close()


async def die(store: Store, webhook: WebhookUrl) -> None:
    """Let a webhook answer that it is gone, and write that down."""
    gate = Gate(Breaker(BreakerPolicy()), webhook.fingerprint)
    permit = gate.enter(0.0)
    assert permit is not None
    gone = judge(Answer(status=404, body='{"code": 10015}'))
    gate.settle(permit, gone, 0.0, 0)
    await store.begin_attempt(receiver=gate.export(0.0, 0))


async def state_after_restart(store: Store, webhook: WebhookUrl) -> BreakerState:
    """Return the state in which a new run finds this webhook."""
    gate = Gate(Breaker(BreakerPolicy()), webhook.fingerprint)
    saved = await store.load_receiver(webhook.fingerprint)
    if saved is not None:
        gate.restore(saved, 0.0, 0)
    return gate.state


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf[watch]\r\nsymbols = ['BTCUSDT']\r\n",
        b"[watch]\n\tsymbols\t=\t['BTCUSDT']\n",
    ],
)
def test_f10_a_byte_order_mark_crlf_and_tabs_do_no_harm(
    validated: Validated, tmp_path: Path, text: bytes
) -> None:
    assert validated(text) == Told(0, f"{tmp_path}/liqmon.toml: ok\n", "")


def test_f10_what_is_not_utf_8_is_refused_by_line(validated: Validated) -> None:
    told = validated("# ok\n[log]\nfile = 'b\xe4r'\n".encode("latin-1"))

    assert told.is_refusal(), told
    assert "  --> liqmon.toml:3: not UTF-8" in told.err


async def test_f11_a_proxy_in_the_environment_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # port 9 is the discard service: nobody answers there
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with loopback_discord() as there, there.client(FakeClock()) as client:
        answer = await client.post({"content": "x"})

    assert (answer.status, answer.error) == (200, "")


@pytest.mark.parametrize(
    "text", ["[discord]\nping_role = 5\n", "[discord]\nping_role = ['x']\n"]
)
def test_f14_a_ping_role_is_refused_while_there_is_no_such_key(
    validated: Validated, text: str
) -> None:
    told = validated(text)

    assert told.is_refusal(), told
    assert "liqmon.toml:2 discord.ping_role: unknown key" in told.err


def test_f14_a_value_of_the_wrong_type_is_refused(validated: Validated) -> None:
    told = validated("[discord]\nwhen_open = 5\n")

    assert told.is_refusal(), told
    assert "liqmon.toml:2 discord.when_open: Input should be" in told.err
